"""Marking one notebook: run the student's cells, and judge each question where its check cell stands.

That is where nbgrader would run the check, so what a student redefines later changes nothing, here as there. A
question whose check cell was reached keeps its verdict, whatever the notebook does afterwards.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import nbformat
from nbformat.notebooknode import NotebookNode

from classroom.authoring import demonstration
from classroom.clean_room.confirming import CleanRoom
from classroom.panel import panel, points_text
from classroom.questions.drawn import DrawnQuestion
from classroom.questions.examiner import asked, is_not_defined, judge, without_evidence
from classroom.questions.results import QuestionResult
from classroom.questions.wording import EXACT, Wording
from classroom.student_code.student import Student, StudentLost
from classroom.submissions.official import is_check_cell
from classroom.submissions.syntax import syntax_error
from classroom.submissions.untrusted import Room, safe_outputs


@dataclass
class Marked:
    """What marking gave: outputs by cell position, a verdict for every question, and what ended it early."""

    outputs: dict[int, list[Mapping[str, Any]]] = field(default_factory=dict)
    results: dict[str, QuestionResult] = field(default_factory=dict)
    lost: StudentLost | None = None
    raised: dict[int, str] = field(default_factory=dict)  # the errors of the student's cells, by cell position
    room: Room = field(default_factory=Room)  # for what the student's cells show


def mark(
    notebook: NotebookNode,
    questions: Mapping[str, DrawnQuestion],
    student: Student,
    wording: Wording = EXACT,
    room: CleanRoom | None = None,
) -> Marked:
    """Runs every code cell but the check cells, in order; what a check cell shows is the examiner's verdict.

    With a clean `room`, what must not be attested by the notebook's own process is judged there.
    """
    marked = Marked()
    shown_only = demonstration.left_out(notebook.cells)
    cells: list[tuple[str, str]] = []  # that were run
    answers = {q: cell.source for cell in notebook.cells if (q := answered_question(cell))}
    for position, cell in enumerate(notebook.cells):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        if position in shown_only:
            marked.outputs[position] = [demonstration.output()]
            continue
        question = questions.get(cell.metadata.nbgrader.grade_id) if is_check_cell(cell) else None
        if marked.lost is None:
            try:
                if question is not None:
                    written = answers.get(question.id, "")
                    marked.results[question.id] = _verdict(question, written, student, wording, room, cells)
                elif not is_check_cell(cell):
                    cells.append((f"cell {position + 1}", cell.source))
                    _run_cell(marked, position, cell, student)
            except StudentLost as lost:
                marked.lost = lost
        if question is not None and question.id not in marked.results:
            marked.results[question.id] = without_evidence(question, marked.lost.reason)
        if question is not None:
            marked.outputs[position] = verdict_outputs(marked.results[question.id])
    return marked


def unmarked(notebook: NotebookNode, questions: Mapping[str, DrawnQuestion], reason: str) -> Marked:
    """Marks a notebook that cannot be run at all: 0 points everywhere, and the reason."""
    marked = Marked()
    for position, cell in enumerate(notebook.cells):
        if is_check_cell(cell) and cell.metadata.nbgrader.grade_id in questions:
            question = questions[cell.metadata.nbgrader.grade_id]
            marked.results[question.id] = without_evidence(question, reason)
            marked.outputs[position] = verdict_outputs(marked.results[question.id])
    return marked


def _verdict(
    question: DrawnQuestion,
    written: str,
    student: Student,
    wording: Wording,
    room: CleanRoom | None,
    cells: list[tuple[str, str]],
) -> QuestionResult:
    actual = asked(question, student)
    result = judge(question, actual, wording)
    broken = syntax_error(written)
    if broken and is_not_defined(result, question.target):
        return without_evidence(question, broken)
    return result if room is None else room.confirm(question, cells, actual, result, wording)


def _run_cell(marked: Marked, position: int, cell: NotebookNode, student: Student) -> None:
    outcome = student.run_cell(cell.source)
    marked.outputs[position] = safe_outputs(outcome.outputs, marked.room)
    if outcome.error is not None:
        marked.raised[position] = outcome.error


def answered_question(cell: NotebookNode) -> str | None:
    """The id of the question whose answer cell this is, or None."""
    grade_id = str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))
    return grade_id.removesuffix("-answer") if cell.cell_type == "code" and grade_id.endswith("-answer") else None


def verdict_outputs(result: QuestionResult) -> list[dict[str, Any]]:
    """A check cell's output. nbgrader reads the points from the text; people read the panel."""
    data = {"text/plain": points_text(result.score), "text/html": panel(result)}
    return [{"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": None}]


def with_outputs(notebook: NotebookNode, outputs: Mapping[int, Sequence[Mapping[str, Any]]]) -> NotebookNode:
    """A copy of the notebook with these outputs and no others, its executed cells numbered in order."""
    made = nbformat.v4.new_notebook(
        cells=[nbformat.from_dict(dict(cell)) for cell in notebook.cells], metadata=notebook.metadata, nbformat_minor=5
    )
    count = 0
    for position, cell in enumerate(made.cells):
        if cell.cell_type != "code":
            continue
        cell.outputs, cell.execution_count = [], None
        if position in outputs:
            count += 1
            cell.execution_count = count
            cell.outputs = [nbformat.from_dict(dict(output)) for output in outputs[position]]
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count
    return made
