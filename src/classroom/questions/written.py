"""Questions that a person grades: free text, or a plot with its reading.

There is nothing to call, so no cases, misconceptions or alternatives are asked for. What is looked for stands in a
rubric, which students read with the question and graders see beside the answer in formgrader.
"""

from dataclasses import dataclass

from classroom.errors import ClassroomError
from classroom.questions.guide import Guide


@dataclass(frozen=True)
class Row:
    """One thing that is looked for, and its points."""

    points: float
    looked_for: str


@dataclass(frozen=True)
class WrittenQuestion:
    """A question with a rubric. Its answer cell carries the tag `answer:ID`, and is text, or code that draws.

    Raises:
        ClassroomError: the rubric is empty, or a row of it is worth nothing.
    """

    id: str  # the grade_id of its answer cell
    title: str
    rubric: tuple[Row, ...]
    guide: Guide

    def __post_init__(self) -> None:
        if not self.rubric or any(row.points <= 0 for row in self.rubric):
            raise ClassroomError(f"question {self.id!r}: a rubric has at least one row, each worth more than 0 points")

    @property
    def points(self) -> float:
        """What it is worth: the sum of its rubric."""
        return sum(row.points for row in self.rubric)
