"""What a student's notebook uses: `check = Checker("topic.npz")` once, then `check("question-id")` in a cell."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from classroom import panel
from classroom.clean_room.in_notebook import held_to_the_list
from classroom.errors import ClassroomError
from classroom.questions.cases import load
from classroom.questions.drawn import DrawnQuestion
from classroom.questions.examiner import examine
from classroom.questions.results import QuestionResult
from classroom.student_code.inprocess import InProcess


class CheckError(ClassroomError):
    """A check that cannot be made. In a notebook it shows its sentence alone, without a traceback."""

    def _render_traceback_(self) -> list[str]:  # IPython asks for it by this name
        return [f"The check could not run: {self}"]


class Checked:
    """One question's result as a cell's output: the panel where HTML is shown, else only the score.

    nbgrader reads partial credit from the text, so the text is the number of points and nothing else.
    """

    def __init__(self, result: QuestionResult):
        self.result = result

    def __repr__(self) -> str:
        return panel.points_text(self.result.score)

    def __float__(self) -> float:
        return self.result.score

    def _repr_html_(self) -> str:
        return panel.panel(self.result)


class CheckedAll:
    """Every question's result: a summary where HTML is shown, else a table."""

    def __init__(self, results: Sequence[QuestionResult]):
        self.results = tuple(results)

    def __repr__(self) -> str:
        from classroom.report import table

        return table(self.results)

    def _repr_html_(self) -> str:
        return panel.summary(self.results)


class Checker:
    """Checks the functions that a notebook defines against the public cases in `file`, beside the notebook.

    Raises:
        CheckError: the file is missing, damaged, or of another version of the course.
    """

    def __init__(self, file: str | Path, namespace: dict[str, Any] | None = None):
        try:
            self.questions = load(Path(file))
        except ClassroomError as error:
            raise CheckError(str(error)) from None
        self.student = InProcess(_notebook_namespace() if namespace is None else namespace)

    def __call__(self, question_id: str | None = None) -> Checked | CheckedAll:
        """Checks one question; without an id, all of them.

        Raises:
            CheckError: there is no such question.
        """
        if question_id is None:
            return CheckedAll([self._examine(question) for question in self.questions.values()])
        if question_id not in self.questions:
            known = ", ".join(f'"{known}"' for known in self.questions)
            raise CheckError(f'there is no question "{question_id}" here; the questions are {known}.')
        return Checked(self._examine(self.questions[question_id]))

    def _examine(self, question: DrawnQuestion) -> QuestionResult:
        return held_to_the_list(question, examine(question, self.student))


def _notebook_namespace() -> dict[str, Any]:
    """IPython's namespace where there is one, else the globals of whoever makes the Checker."""
    if "IPython" in sys.modules:
        from IPython import get_ipython

        shell = get_ipython()
        if shell is not None:
            return shell.user_ns
    return sys._getframe(2).f_globals
