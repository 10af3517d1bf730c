"""The grading run: every submission of an assignment is judged somewhere, and written by this process into the course.

Whoever judges (`executor.py`) gets bytes and gives reports; one thread, this one, writes the gradebook, one
student at a time, so that a run that is stopped has lost nothing: what was written stays, and the next run goes on
with the rest. A submission is graded when it is new, or when it, the questions or the seed have changed since it was
graded; `force` grades everything again.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

from classroom.grading import records
from classroom.grading.executor import Executor
from classroom.grading.outcome import NotebookReport
from classroom.grading.run import Run
from classroom.grading.writer import Writer
from classroom.submissions.submitted import Submitted, read_submitted

# Changes a student's reports, and the digest that they are recorded with, between judging and writing.
Revise = Callable[[Sequence[NotebookReport], str], tuple[Sequence[NotebookReport], str]]


def as_judged(reports: Sequence[NotebookReport], digest: str) -> tuple[Sequence[NotebookReport], str]:
    """Changes nothing."""
    return reports, digest


def grade(
    run: Run,
    students: Sequence[str],
    executor: Executor,
    force: bool = False,
    on_kept: Callable[[list[dict[str, Any]]], None] = lambda reports: None,
    on_graded: Callable[[list[dict[str, Any]]], None] = lambda reports: None,
    revise: Revise = as_judged,
) -> list[dict[str, Any]]:
    """Grades these students' notebooks; the reports as data, in order, those of earlier runs included.

    `on_kept` is told once what earlier runs have graded already, `on_graded` each student's reports once they are
    in the gradebook. `revise` has the last word on what is written.

    Raises:
        ClassroomError: nothing can be judged, or nothing written; what was graded until then is kept.
    """
    work, kept = planned(run, students, force)
    reports = {(report["student"], report["notebook"]): report for report in kept}
    on_kept(kept)
    if work:
        with Writer(run) as writer, closing(executor.judge(run.task, submissions(run, list(work)))) as judged:
            for made in judged:
                student = made[0].student
                revised, digest = revise(made, work[student])
                written = writer.write(student, digest, revised)
                reports |= {(student, report["notebook"]): report for report in written}
                on_graded(written)
    return [reports[key] for key in sorted(reports)]


def planned(run: Run, students: Sequence[str], force: bool) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """The digest of what a run would grade, by student, and the reports of earlier runs that still hold."""
    questions = run.digest
    work: dict[str, str] = {}
    kept: list[dict[str, Any]] = []
    for student in students:
        digest = records.submission_digest(run.submitted(student), questions)
        found = {} if force else records.reports(run.course.root, run.assignment, student, digest)
        if len(found) == len(run.task.official):
            kept += found.values()
        else:
            work[student] = digest
    return work, kept


def submissions(run: Run, students: Sequence[str]) -> Iterator[Submitted]:
    """What these students handed in, read one by one."""
    for student in students:
        yield read_submitted(run.course.root, run.assignment, student, sorted(run.task.official))
