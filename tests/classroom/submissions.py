"""Submissions made by code: a released notebook with some of its answers filled in, as a student would."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbformat.notebooknode import NotebookNode

from classroom.authoring.notebook import author_notebook
from classroom.authoring.release import notebook_bytes, release_notebook
from classroom.questions.assignment import Assignment

FIXTURES = Path(__file__).parent / "fixtures" / "solutions"
ROWS = Assignment(FIXTURES / "01-rows")
IN_WORDS = Assignment(FIXTURES.parent / "by_hand" / "03-in-words")  # with questions that a person grades
SELF_ATTENTION = Assignment(Path(__file__).resolve().parents[2] / "solutions" / "02-self-attention")


def run_course(*arguments: object, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    """The `course` program, as a person runs it. (In this process the library's shapes are enforced; there not.)"""
    command = [sys.executable, "-m", "course.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)


def released(assignment: Assignment, name: str) -> dict[str, Any]:
    """A notebook as students receive it, as JSON."""
    return json.loads(notebook_bytes(release_notebook(authored(assignment, name))))


def authored(assignment: Assignment, name: str) -> NotebookNode:
    """The instructor's notebook, with solutions."""
    return author_notebook(assignment.directory / f"{name}.py", assignment.asked)


def solutions(assignment: Assignment, name: str) -> dict[str, str]:
    """What the instructor's notebook has in each answer cell, by question."""
    notebook = authored(assignment, name)
    return {cell.id.removesuffix("-answer"): cell.source for cell in notebook.cells if cell.id.endswith("-answer")}


def answered(notebook: dict[str, Any], answers: Mapping[str, str]) -> dict[str, Any]:
    """A copy in which these questions' answer cells hold this code."""
    made = json.loads(json.dumps(notebook))
    cells = {cell["id"]: cell for cell in made["cells"]}
    for question, code in answers.items():
        cells[f"{question}-answer"]["source"] = code
    return made


def submit(course: Path, student: str, assignment: Assignment, name: str, notebook: dict[str, Any] | str) -> Path:
    """Puts a notebook, or any text, where nbgrader collects submissions."""
    directory = course / "submitted" / student / assignment.name
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}.ipynb"
    path.write_text(notebook if isinstance(notebook, str) else json.dumps(notebook), encoding="utf-8")
    return path
