"""Drawn questions: the cases with their inputs, the right answers, and every misconception's answers, as plain data.

Drawn at release with a fixed seed and stored beside the notebook a `DrawnQuestion` is the public question; drawn at
grading with the instructor's seed, in memory, it is the hidden one. `classroom.questions.drawing` draws them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from classroom.questions.question import Case, Criterion
from classroom.questions.slips import Slip
from classroom.student_code.student import Answer

Answers = tuple[tuple[Answer, ...], ...]  # by case, by call
ORDINARY = (
    "ordinary"  # the tag of cases that nobody gets right without understanding; given when drawn, never by authors
)


@dataclass(frozen=True)
class DrawnMisconception:
    """A misconception's name, its sentence, and its answers by case and call."""

    name: str
    sentence: str
    answers: Answers


@dataclass(frozen=True)
class DrawnQuestion:
    """All that the examiner needs to judge one question, without any implementation of it."""

    id: str
    title: str
    target: str
    points: float
    criteria: tuple[Criterion, ...]
    forbidden: tuple[str, ...]
    cases: tuple[Case, ...]
    expected: Answers
    misconceptions: tuple[DrawnMisconception, ...]
    slips: tuple[Slip, ...] = ()


@dataclass(frozen=True)
class Drawing:
    """A drawn question, and what our own implementations answer to it on this machine, as a student's code would."""

    question: DrawnQuestion
    reference: Answers
    misconceptions: tuple[Answers, ...]
    alternatives: Mapping[str, Answers]
    attempt: int = 0  # how many drawings from this seed were thrown away
