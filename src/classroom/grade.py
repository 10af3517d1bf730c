"""The grading run: every submission of an assignment, through students' processes and nbgrader, into the gradebook.

Students' code runs in parallel, each submission in a process of its own; one thread, this one, writes the
gradebook, one student at a time, so that a run that is stopped has lost nothing: what was written stays, and the
next run goes on with the rest. A submission is graded when it is new, or when it, the questions or the seed have
changed since it was graded; `force` grades everything again.
"""

import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import replace
from typing import Any

from nbgrader.converters.base import NbGraderException
from sqlalchemy.exc import SAWarning, SQLAlchemyError

from classroom import records
from classroom.autograde import ExaminedAutograde, said_by_nbgrader
from classroom.judge import judge_student
from classroom.outcome import NotebookReport
from classroom.run import Run


def grade(
    run: Run,
    students: Sequence[str],
    jobs: int = 1,
    force: bool = False,
    on_progress: Callable[[int], None] = lambda done: None,
) -> list[dict[str, Any]]:
    """Grades these students' notebooks; the reports as data, in order, those of earlier runs included."""
    # nbgrader creates a submission and its notebooks in an order that SQLAlchemy remarks on, harmlessly.
    warnings.filterwarnings("ignore", category=SAWarning)
    questions = run.digest
    work: dict[str, str] = {}  # the digest of what is to be graded, by student
    reports: dict[tuple[str, str], dict[str, Any]] = {}
    for student in students:
        digest = records.submission_digest(run.submitted(student), questions)
        kept = {} if force else records.reports(run.course.root, run.assignment, student, digest)
        if len(kept) == len(run.official):
            reports |= {(student, name): report for name, report in kept.items()}
            on_progress(len(kept))
        else:
            work[student] = digest
    with ThreadPoolExecutor(jobs) as pool:
        futures: dict[Future[list[NotebookReport]], str] = {pool.submit(judge_student, run, s): s for s in work}
        try:
            for future in as_completed(futures):
                student = futures.pop(future)
                for report in write(run, student, work[student], future.result()):
                    reports[student, report["notebook"]] = report
                    on_progress(1)
        except BaseException:  # Ctrl-C among them: stop what runs, keep what is written
            pool.shutdown(wait=False, cancel_futures=True)
            run.launcher.kill_all()
            raise
    return [reports[key] for key in sorted(reports)]


def write(run: Run, student: str, digest: str, reports: Sequence[NotebookReport]) -> list[dict[str, Any]]:
    """Writes one student's reports into the gradebook, then records that they are there.

    Where nbgrader cannot store them, the reports say so: their outcome becomes `failed`.
    """
    directory = run.submitted(student)
    with said_by_nbgrader() as said:
        try:
            if any((directory / f"{name}.ipynb").is_file() for name in run.official):
                selected = run.course.directory(assignment_id=run.assignment, student_id=student)
                by_name = {report.notebook_name: report for report in reports}
                ExaminedAutograde(selected, by_name, run.course.config).start()
            elif directory.is_dir():
                _write_zeros(run, student)
        except (NbGraderException, OSError, SQLAlchemyError) as error:
            reason = f"nbgrader could not store the grade, so the gradebook lacks it: {' '.join(said) or error}"
            reports = [replace(report, outcome="failed", reason=reason) for report in reports]
    data = [report.to_json() for report in reports]
    records.write_reports(run.course.root, run.assignment, student, digest, data)
    return data


def _write_zeros(run: Run, student: str) -> None:
    with run.course.gradebook() as gradebook:
        gradebook.update_or_create_student(student)
        submission = gradebook.update_or_create_submission(run.assignment, student)
        for notebook in submission.notebooks:
            for stored in notebook.grades:
                stored.auto_score, stored.needs_manual_grade = 0, False
        gradebook.db.commit()
