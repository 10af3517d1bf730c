"""The one writer of a grading run: reports become nbgrader's grades, files and the course's own record.

A student is written in this order: the old record goes, the files, the gradebook in one transaction, the new record.
Wherever a run is killed, a student without a record is graded again by the next one, over what was half written.
"""

import errno
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from nbgrader.api import InvalidEntry
from nbgrader.converters.base import NbGraderException
from sqlalchemy.exc import OperationalError, SAWarning, SQLAlchemyError

from classroom import records
from classroom.autograde import LOG, ExaminedAutograde, said_by_nbgrader
from classroom.errors import ClassroomError
from classroom.open_gradebook import OpenGradebook, given_to_nbgrader
from classroom.outcome import NotebookReport
from classroom.run import Run

AGAIN = "what was graded is kept; then run the same command again"
# What concerns the whole course, and not one submission: the run stops with a sentence.
BLOCKED = {
    errno.ENOSPC: "there is no space left on its disk",
    errno.EDQUOT: "there is no space left in your quota",
    errno.EROFS: "it is on a read-only file system",
    errno.EACCES: "you may not write there",
    errno.EPERM: "you may not write there",
}
DATABASE_BLOCKED = {
    "database or disk is full": "there is no space left on its disk",
    "readonly database": "its gradebook.db may not be written",
    "unable to open database": "its gradebook.db cannot be opened",
    "disk I/O error": "its gradebook.db cannot be written",
}


class Writer:
    """Writes students' reports; used by one thread, closed at the end of the run.

    Raises:
        ClassroomError: the gradebook is locked or cannot be opened.
    """

    def __init__(self, run: Run):
        # nbgrader creates a submission and its notebooks in an order that SQLAlchemy remarks on, harmlessly.
        warnings.filterwarnings("ignore", category=SAWarning)
        self._run = run
        directory = run.course.directory(assignment_id=run.assignment)
        with _sentences(run):
            self._gradebook = OpenGradebook(directory.db_url, directory.course_id)
        self._autograde = ExaminedAutograde(self._gradebook, coursedir=directory, config=run.course.config)

    def write(self, student: str, digest: str, reports: Sequence[NotebookReport]) -> list[dict[str, Any]]:
        """Writes one student's reports, then records that they are there; the reports as data.

        Where nbgrader cannot store them, the reports say so: their outcome becomes `failed`.

        Raises:
            ClassroomError: nothing can be written: the gradebook is locked, the disk full or read-only.
        """
        course, assignment = self._run.course.root, self._run.assignment
        with _sentences(self._run):
            self._gradebook.begin()
            try:
                records.forget(course, assignment, student)
                reports = self._store(student, reports)
            finally:
                self._gradebook.undo()
            data = [report.to_json() for report in reports]
            records.write_reports(course, assignment, student, digest, data)
        return data

    def close(self) -> None:
        """Closes the gradebook."""
        self._gradebook.end()

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _store(self, student: str, reports: Sequence[NotebookReport]) -> Sequence[NotebookReport]:
        given = {report.notebook_name: report for report in reports if report.outcome != "missing"}
        with said_by_nbgrader() as said:
            try:
                if given:
                    self._autograde.write(self._run.assignment, student, given)
                elif self._run.submitted(student).is_dir():
                    self._write_zeros(student)
            except (NbGraderException, InvalidEntry, OSError, SQLAlchemyError) as error:
                if _blocked(error):
                    raise
                reason = f"nbgrader could not store the grade, so the gradebook lacks it: {' '.join(said) or error}"
                reports = [replace(report, outcome="failed", reason=reason) for report in reports]
        return reports

    def _write_zeros(self, student: str) -> None:
        gradebook = self._gradebook
        with given_to_nbgrader(gradebook, LOG):
            gradebook.update_or_create_student(student)
            submission = gradebook.update_or_create_submission(self._run.assignment, student)
            for notebook in submission.notebooks:
                for stored in notebook.grades:
                    stored.auto_score, stored.needs_manual_grade = 0, False
            gradebook.keep()


@contextmanager
def _sentences(run: Run) -> Iterator[None]:
    try:
        yield
    except (InvalidEntry, OSError, SQLAlchemyError) as error:
        blocked = _blocked(error)
        if blocked is None:
            raise
        raise ClassroomError(f"{run.course.root} cannot be written: {blocked}; {AGAIN}") from error


def _blocked(error: BaseException | None) -> str | None:
    """What keeps the whole course from being written, or None if the error is about something else."""
    if error is None:
        return None
    if isinstance(error, OperationalError):
        if "is locked" in str(error):
            return "its gradebook.db is locked by another program (formgrader, nbgrader or a backup); close it"
        return next((says for sign, says in DATABASE_BLOCKED.items() if sign in str(error)), None)
    if isinstance(error, OSError):
        return BLOCKED.get(error.errno)
    return _blocked(error.__context__)  # nbgrader turns some of the database's errors into its own
