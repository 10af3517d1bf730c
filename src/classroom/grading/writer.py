"""The one writer of a grading run: reports become nbgrader's grades, files and the course's own record.

A student is written in this order: the old record goes, the files, the gradebook in one transaction, the new record.
Wherever a run is killed, a student without a record is graded again by the next one, over what was half written.
"""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from nbgrader.api import InvalidEntry
from nbgrader.converters.base import NbGraderException
from sqlalchemy.exc import SAWarning, SQLAlchemyError

from classroom.grading import records
from classroom.grading.autograde import LOG, ExaminedAutograde, said_by_nbgrader
from classroom.grading.blocked import told, what_blocks
from classroom.grading.open_gradebook import OpenGradebook, given_to_nbgrader
from classroom.grading.outcome import NotebookReport
from classroom.grading.run import Run


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
        with told(run.course.root):
            self._gradebook = OpenGradebook(directory.db_url, directory.course_id)
        self._autograde = ExaminedAutograde(self._gradebook, coursedir=directory, config=run.course.config)

    def write(self, student: str, digest: str, reports: Sequence[NotebookReport]) -> list[dict[str, Any]]:
        """Writes one student's reports, then records that they are there; the reports as data.

        Where nbgrader cannot store them, the reports say so: their outcome becomes `failed`. Where the grader itself
        has failed, the gradebook keeps what it holds: the next run tries again.

        Raises:
            ClassroomError: nothing can be written: the gradebook is locked, the disk full or read-only.
        """
        course, assignment = self._run.course.root, self._run.assignment
        with told(course):
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
        if any(report.outcome == "failed" for report in reports):
            return reports
        given = {report.notebook_name: report for report in reports if report.outcome != "missing"}
        with said_by_nbgrader() as said:
            try:
                if given:
                    self._autograde.write(self._run.assignment, student, given)
                elif self._run.submitted(student).is_dir():
                    self._write_zeros(student)
            except (NbGraderException, InvalidEntry, OSError, SQLAlchemyError) as error:
                if what_blocks(error):
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
