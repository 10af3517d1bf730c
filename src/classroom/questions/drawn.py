"""Drawing a question's cases: inputs, the right answers, and every misconception's answers.

A `DrawnQuestion` holds plain data only. Drawn at release with a fixed seed and stored beside the notebook it is the
public question; drawn at grading with the instructor's seed, in memory, it is the hidden one.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

from classroom.errors import ClassroomError
from classroom.questions.question import Case, Criterion, Question
from classroom.student_code.student import Answer

Answers = tuple[tuple[Answer, ...], ...]  # by case, by call


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


def materialise(question: Question, seed: int) -> DrawnQuestion:
    """Draws the question's cases from `seed` and computes every answer, in this process.

    The same seed gives each question its own stream of random numbers, by its id.

    Raises:
        ClassroomError: the question is malformed: the reference fails, or a case and a criterion do not fit.
    """
    return draw(question, seed)[0]


def draw(question: Question, seed: int) -> tuple[DrawnQuestion, tuple[Answers, ...]]:
    """As `materialise`, and what the reference and each misconception answered here, as a student's code would.

    Raises:
        ClassroomError: as `materialise`.
    """
    # Here, so that reading drawn questions (`course check`) does not import torch.
    from classroom.questions.precise import answers_of, precise, settled_on

    stream = int.from_bytes(hashlib.sha256(question.id.encode()).digest()[:8], "big")
    cases = tuple(question.cases(np.random.default_rng([seed, stream])))
    implementations = (question.reference, *(m.implementation for m in question.misconceptions))
    native = tuple(answers_of(implementation, cases) for implementation in implementations)
    expected = precise(question.reference, cases, native[0])
    drawn = DrawnQuestion(
        id=question.id,
        title=question.title,
        target=question.target,
        points=question.points,
        criteria=question.criteria,
        forbidden=question.forbidden,
        cases=cases,
        expected=expected,
        misconceptions=tuple(
            DrawnMisconception(m.name, m.sentence, settled_on(expected, precise(m.implementation, cases, answers)))
            for m, answers in zip(question.misconceptions, native[1:], strict=True)
        ),
    )
    _check(drawn)
    return drawn, native


def _check(drawn: DrawnQuestion) -> None:
    """A question's own mistakes, found before a student could meet them."""
    from classroom.student_code.forbidden import resolve

    for name in drawn.forbidden:
        resolve(name)
    known = {criterion.tag for criterion in drawn.criteria}
    for case, answers in zip(drawn.cases, drawn.expected, strict=True):
        where = f"question {drawn.id}, case {case.name!r}"
        if not case.tags or not case.tags <= known:
            raise ClassroomError(f"{where}: its tags {sorted(case.tags)} must be among {sorted(known)}.")
        for answer in answers:
            if answer.error:
                raise ClassroomError(f"{where}: the reference fails: {answer.error}")
        for criterion in drawn.criteria:
            problem = criterion.judge(case, answers, answers) if criterion.tag in case.tags else None
            if problem:
                raise ClassroomError(f"{where}: the reference fails {criterion.name!r}: {problem}")
    for criterion in drawn.criteria:
        if not any(criterion.tag in case.tags for case in drawn.cases):
            raise ClassroomError(f"question {drawn.id}: no case is tagged {criterion.tag!r} for {criterion.name!r}.")
        if criterion.weight <= 0:
            raise ClassroomError(f"question {drawn.id}: the weight of {criterion.name!r} must be positive.")
