"""Grading again after a question was corrected: one question alone, and a look before anything is written."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import nbformat
from nbgrader.api import Assignment, BaseCell, Grade, Notebook, SubmittedAssignment, SubmittedNotebook

from classroom.errors import ClassroomError
from classroom.grading import records
from classroom.grading.changes import Change, changes
from classroom.grading.executor import Executor
from classroom.grading.grade import Revise, as_judged, planned, submissions
from classroom.grading.outcome import NotebookReport
from classroom.grading.run import Run
from classroom.questions.results import QuestionResult
from classroom.submissions.mark import verdict_outputs


class KeepOtherQuestions:
    """Takes one question's new verdict and leaves the others as the last run recorded them.

    A notebook that no run has graded before keeps its new verdicts, all of them.

    Raises:
        ClassroomError: the assignment has no such question.
    """

    def __init__(self, run: Run, question: str):
        if question not in run.task.questions:
            known = ", ".join(run.task.questions)
            raise ClassroomError(f"{run.assignment} has no question {question!r}; there are: {known}")
        self._question = question
        self._recorded: dict[tuple[str, str], Mapping[str, Any]] = {
            (student, report["notebook"]): report
            for student, record in records.last_records(run.course.root, run.assignment).items()
            for report in record.reports
        }

    def __call__(self, reports: Sequence[NotebookReport], digest: str) -> tuple[list[NotebookReport], str]:
        """See `Revise`. Where a kept score is not the present one, a whole run will grade the student again."""
        revised = [self._revised(report) for report in reports]
        current = all(was.score == now.score for was, now in zip(revised, reports, strict=True))
        return revised, digest if current else f"{digest} {self._question} alone"

    def _revised(self, report: NotebookReport) -> NotebookReport:
        recorded = self._recorded.get((report.student, report.notebook_name))
        if recorded is None:
            return report
        old = {q["id"]: QuestionResult.from_json(q) for q in recorded["questions"] if q["id"] != self._question}
        questions = tuple(old.get(q.id, q) for q in report.questions)
        notebook = nbformat.from_dict(report.notebook)
        for cell in notebook.cells:
            kept = old.get(cell.metadata.get("nbgrader", {}).get("grade_id"))
            if kept is not None and cell.cell_type == "code":
                made = [nbformat.from_dict(output) for output in verdict_outputs(kept)]
                for output in made:
                    output.execution_count = cell.execution_count
                cell.outputs = made
        return replace(report, questions=questions, notebook=notebook)


def preview(
    run: Run,
    students: Sequence[str],
    executor: Executor,
    force: bool = False,
    on_kept: Callable[[list[dict[str, Any]]], None] = lambda reports: None,
    on_judged: Callable[[list[dict[str, Any]]], None] = lambda reports: None,
    revise: Revise = as_judged,
) -> list[dict[str, Any]]:
    """Judges what `grade` would judge, and writes nothing; the reports that it would give.

    Raises:
        ClassroomError: nothing can be judged.
    """
    work, kept = planned(run, students, force)
    on_kept(kept)
    reports = list(kept)
    if work:
        with closing(executor.judge(run.task, submissions(run, list(work)))) as judged:
            for made in judged:
                revised, _ = revise(made, "")
                data = [report.to_json() for report in revised]
                reports += data
                on_judged(data)
    return sorted(reports, key=lambda report: (report["student"], report["notebook"]))


def changes_from_last_run(run: Run, reports: Sequence[Mapping[str, Any]]) -> tuple[Change, ...]:
    """What these reports would change in what the last runs recorded."""
    recorded = records.last_records(run.course.root, run.assignment).values()
    old = [report for record in recorded for report in record.reports]
    return changes(old, reports, scores_by_hand(run))


def scores_by_hand(run: Run) -> dict[tuple[str, str, str], float]:
    """The scores that somebody gave in formgrader, by student, notebook and question."""
    with run.course.gradebook() as gradebook:
        rows = (
            gradebook.db.query(SubmittedAssignment.student_id, Notebook.name, BaseCell.name, Grade.manual_score)
            .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            .join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
            .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
            .join(BaseCell, BaseCell.id == Grade.cell_id)
            .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
            .filter(Assignment.name == run.assignment, Grade.manual_score.isnot(None))
        )
        return {(student, notebook, cell): score for student, notebook, cell, score in rows}
