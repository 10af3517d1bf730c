"""nbgrader's gradebook, opened once for a whole run and written in one transaction a student.

nbgrader's steps each open the gradebook, look cells up one by one, and commit after every score: about thirty
transactions a submission, each waiting for the disk. Here they get this gradebook instead, where opening and closing
cost nothing, a commit only flushes, and `keep` commits everything at once. A run that is killed has written a student
whole or not at all.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import nbgrader.api
import nbgrader.converters.autograde
import nbgrader.preprocessors.latesubmissions
import nbgrader.preprocessors.overwritecells
import nbgrader.preprocessors.overwritekernelspec
import nbgrader.preprocessors.saveautogrades
from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    Notebook,
    SubmittedAssignment,
    SubmittedNotebook,
)
from sqlalchemy.orm import Session, scoped_session, sessionmaker

OPENING = (
    nbgrader.converters.autograde,
    nbgrader.preprocessors.latesubmissions,
    nbgrader.preprocessors.overwritecells,
    nbgrader.preprocessors.overwritekernelspec,
    nbgrader.preprocessors.saveautogrades,
)
COPIED = ("id", "name", "cell_type", "source", "locked", "checksum", "max_score")  # what steps read of a cell


class _OneTransaction(Session):
    def commit(self) -> None:
        self.flush()

    def keep(self) -> None:
        super().commit()


class OpenGradebook(Gradebook):
    """A gradebook that stays open until `end`. Cells of assignments are read once: nobody changes them in a run."""

    def __init__(self, db_url: str, course_id: str):
        super().__init__(db_url, course_id)
        self.db = scoped_session(sessionmaker(class_=_OneTransaction, bind=self.engine, future=True))
        self._cells: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
        self._found: dict[tuple[type, str, str, str], dict[str, Any]] = {}

    def close(self) -> None:
        """Nothing: this is what nbgrader's steps call when they are done."""

    def begin(self) -> None:
        """Waits until nobody else writes, before anything is touched; what follows is one transaction.

        Raises:
            sqlalchemy.exc.OperationalError: somebody else has been writing for seconds.
        """
        if self.engine.dialect.name == "sqlite":
            self.db.connection().exec_driver_sql("BEGIN IMMEDIATE")

    def keep(self) -> None:
        """Commits what was done since `begin`."""
        self.db().keep()
        self._forget()

    def undo(self) -> None:
        """Forgets what was done since `begin`."""
        self.db.rollback()
        self._forget()

    def end(self) -> None:
        """Closes it. What was not kept is forgotten."""
        super().close()

    def find_source_cell(self, name: str, notebook: str, assignment: str) -> Any:
        """See `Gradebook.find_source_cell`."""
        found = self._cells_of(notebook, assignment)["source_cells"].get(name)
        return found or super().find_source_cell(name, notebook, assignment)

    def find_graded_cell(self, name: str, notebook: str, assignment: str) -> Any:
        """See `Gradebook.find_graded_cell`."""
        found = self._cells_of(notebook, assignment)["grade_cells"].get(name)
        return found or super().find_graded_cell(name, notebook, assignment)

    def find_grade(self, grade_cell: str, notebook: str, assignment: str, student: str) -> Grade:
        """See `Gradebook.find_grade`."""
        found = self._all(Grade, notebook, assignment, student).get(grade_cell)
        return found or super().find_grade(grade_cell, notebook, assignment, student)

    def find_comment(self, solution_cell: str, notebook: str, assignment: str, student: str) -> Comment:
        """See `Gradebook.find_comment`."""
        found = self._all(Comment, notebook, assignment, student).get(solution_cell)
        return found or super().find_comment(solution_cell, notebook, assignment, student)

    def find_submission_notebook(self, notebook: str, assignment: str, student: str) -> SubmittedNotebook:
        """See `Gradebook.find_submission_notebook`. Its score is the database's sum, so it is read anew."""
        self.db.expire_all()
        return super().find_submission_notebook(notebook, assignment, student)

    def _forget(self) -> None:
        self._found.clear()
        self.db.remove()

    def _cells_of(self, notebook: str, assignment: str) -> dict[str, dict[str, Any]]:
        key = (notebook, assignment)
        if key not in self._cells:
            stored = self.find_notebook(*key)
            self._cells[key] = {kind: _copies(getattr(stored, kind)) for kind in ("source_cells", "grade_cells")}
        return self._cells[key]

    def _all(self, kind: type, notebook: str, assignment: str, student: str) -> dict[str, Any]:
        """Every grade or comment of a submitted notebook, by its cell's name."""
        key = (kind, notebook, assignment, student)
        if key not in self._found:
            rows = (
                self.db.query(kind, BaseCell.name)
                .join(BaseCell, BaseCell.id == kind.cell_id)
                .join(SubmittedNotebook, SubmittedNotebook.id == kind.notebook_id)
                .join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
                .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
                .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
                .filter(
                    Notebook.name == notebook,
                    Assignment.name == assignment,
                    SubmittedAssignment.student_id == student,
                )
            )
            self._found[key] = {name: row for row, name in rows}
        return self._found[key]


def _copies(cells: list[Any]) -> dict[str, Any]:
    return {
        cell.name: SimpleNamespace(**{name: getattr(cell, name) for name in COPIED if hasattr(cell, name)})
        for cell in cells
    }


@contextmanager
def given_to_nbgrader(gradebook: OpenGradebook, log: logging.Logger) -> Iterator[None]:
    """Inside, nbgrader's converter and steps that open the gradebook get this one. For the process's one writer.

    What the gradebook has to say about errors goes to `log`; nbgrader would print it.
    """
    for module in OPENING:
        module.Gradebook = lambda *_: gradebook
    usual, nbgrader.api.app_log = nbgrader.api.app_log, log
    try:
        yield
    finally:
        nbgrader.api.app_log = usual
        for module in OPENING:
            module.Gradebook = Gradebook
