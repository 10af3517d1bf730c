"""A student's own check of a whole notebook, outside Jupyter: the same verdicts as the notebook's check cells."""

import ast
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nbformat.notebooknode import NotebookNode

from classroom.authoring.notebook import RUBRIC, SETUP
from classroom.clean_room.confirming import CleanRoom
from classroom.panel import points_text
from classroom.processes.launcher import Launcher
from classroom.processes.limits import Limits
from classroom.processes.process_student import ProcessStudent
from classroom.questions.cases import load
from classroom.questions.drawn import DrawnQuestion
from classroom.questions.results import QuestionResult
from classroom.report import to_json
from classroom.submissions.mark import mark
from classroom.submissions.official import OfficialCell, check_cells, restore
from classroom.submissions.submission import read_notebook


@dataclass(frozen=True)
class NotebookCheck:
    """What checking one notebook gave. `outcome` and `reason` as in `classroom.grading.outcome`."""

    path: Path
    outcome: str
    reason: str | None
    seconds: float
    flags: tuple[str, ...]  # official cells that are not as they were released, one sentence each
    raised: tuple[str, ...]  # the errors of the student's cells, one sentence each
    questions: tuple[QuestionResult, ...]
    by_hand: Mapping[str, float]  # what a person grades: points by question

    @property
    def complete(self) -> bool:
        """Full marks, and nothing to look at."""
        full = all(question.score == question.max_score for question in self.questions)
        return full and self.outcome == "graded" and not self.flags

    def to_json(self) -> dict[str, Any]:
        """The check as `course check --json` writes it: the fields of `course grade`, without a student."""
        return {
            "notebook": str(self.path),
            "score": round(sum(q.score for q in self.questions), 2),
            "max_score": round(sum(q.max_score for q in self.questions), 2),
            "outcome": self.outcome,
            "reason": self.reason,
            "seconds": round(self.seconds, 3),
            "flags": list(self.flags),
            "questions": to_json(self.questions),
            "by_hand": dict(self.by_hand),
        }


def check_notebook(path: Path, launcher: Launcher, limits: Limits) -> NotebookCheck:
    """Runs a notebook's cells in a process of their own, and judges every question on its public cases.

    Raises:
        ClassroomError: the file is not a notebook, or its public cases are missing or damaged.
    """
    started = time.monotonic()
    notebook = read_notebook(path)
    questions = load(path.parent / public_cases(notebook, path))
    notebook, flags = restore(notebook, released_cells(notebook, questions))
    undrawn = replace(limits, figures=False)  # nobody sees them here
    beside = {file.name: file.read_bytes() for file in sorted(path.parent.glob("*.py"))}
    with (
        closing(CleanRoom(launcher, undrawn, beside)) as room,
        ProcessStudent(launcher, undrawn, directory=path.resolve().parent) as student,
    ):
        marked = mark(notebook, questions, student, room=room)
    outcome, reason = student.incidents[0] if student.incidents else ("graded", None)
    if marked.lost:
        outcome, reason = marked.lost.outcome, marked.lost.reason
    results = tuple(marked.results[question_id] for question_id in questions)
    raised = tuple(f"Cell {position + 1} raised {error}" for position, error in marked.raised.items())
    seconds = time.monotonic() - started
    by_hand = {cell.grade_id: cell.points or 0.0 for cell in written_cells(notebook) if cell.by_hand}
    return NotebookCheck(path, outcome, reason, seconds, tuple(flags), raised, results, by_hand)


def public_cases(notebook: NotebookNode, path: Path) -> str:
    """The file that the notebook's `Checker("…")` names, else the one named like the notebook."""
    for cell in notebook.cells:
        if cell.cell_type != "code" or "Checker(" not in cell.source:
            continue
        try:
            nodes = list(ast.walk(ast.parse(cell.source)))
        except (SyntaxError, ValueError):
            continue
        for node in nodes:
            match node:
                case ast.Call(ast.Name("Checker"), [ast.Constant(str() as name)]):
                    return name
    return f"{path.stem}.npz"


def released_cells(notebook: NotebookNode, questions: dict[str, DrawnQuestion]) -> list[OfficialCell]:
    """The official cells that follow from the public cases; the setup and what a person grades count as they are."""
    official = []
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == SETUP:
            official = [OfficialCell(SETUP, cell.source)]
    for check in check_cells(list(questions.values())):
        official += [OfficialCell(f"{check.grade_id}-answer", "", solution=True), check]
    return official + written_cells(notebook)


def written_cells(notebook: NotebookNode) -> list[OfficialCell]:
    """The rubrics and the answers that a person grades, as the notebook has them."""
    found = []
    for cell in notebook.cells:
        given = cell.metadata.get("nbgrader", {})
        grade_id, points = str(given.get("grade_id")), given.get("points")
        if given.get("grade") and given.get("solution") and isinstance(points, int | float):
            found.append(OfficialCell(grade_id, cell.source, cell.cell_type, float(points), solution=True))
        elif given.get("locked") and grade_id.endswith(RUBRIC):
            found.append(OfficialCell(grade_id, cell.source, cell.cell_type))
    return found


def text(check: NotebookCheck) -> str:
    """The check for a terminal: the table of questions, then what else there is to say."""
    from classroom.report import table

    lines = [table(check.questions)]
    if check.by_hand:
        waiting = ", ".join(f"{name} ({points_text(points)})" for name, points in check.by_hand.items())
        lines.append(f"\nGiven by a person, not counted here: {waiting}")
    if check.reason:
        lines.append(f"\nThe notebook did not run to its end. {check.reason}")
    elif check.raised:
        lines.append("\nErrors outside the questions:")
        lines += [f"  {sentence}" for sentence in check.raised]
    if check.flags:
        lines.append("\nCells that are not as they were released (checked as if they were):")
        lines += [f"  {flag}" for flag in check.flags]
        lines.append("  Copy these cells back from a fresh copy of the exercise before you submit.")
    return "\n".join(lines)
