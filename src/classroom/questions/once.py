"""Saying a mistake once: its consequences are folded under it.

One exception fails every criterion, one wrong shape leaves no gradient, and nothing counts before values are right. A
student should read the cause, and that the rest follows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from classroom.questions.criteria import NO_GRADIENT
from classroom.questions.drawn import DrawnQuestion
from classroom.questions.question import Case

NOT_YET = "Not counted yet: first the values have to be right in at least one ordinary case."
NOT_COUNTED = "Not counted yet, for the same reason."
ABOVE = "Your code raises the error named above"
# How the criteria's own sentences begin; an exception's name keeps its capital letter.
SENTENCE_STARTS = ("Your ", "The ", "No ", "Not ", "Only ", "In ", "Too ", "Reordering ")


@dataclass(frozen=True)
class Failure:
    """Where a criterion fails and how it is told; without a case it is the same everywhere."""

    case: Case | None
    problem: str
    raised: str | None = None  # the error behind it, as the student's process gave it


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong as a whole, and the exception in it, as it is told."""

    sentence: str
    raised: str | None = None
    everywhere: bool = False  # whether this exception is all there is


def told_once(question: DrawnQuestion, verdicts: Sequence[Sequence[Failure]], diagnosis: Diagnosis | None) -> list[str]:
    """By criterion, what is said of its failures; empty where there are none."""
    told: list[str] = []
    causes: dict[tuple[str | None, str], str] = {}  # by where and what: the criterion that has said it
    for criterion, failures in zip(question.criteria, verdicts, strict=True):
        told.append(_told(failures, diagnosis, causes, told) if failures else "")
        if failures:  # only the first is told
            causes.setdefault(_place(failures[0]), criterion.name)
    return told


def _told(
    failures: Sequence[Failure],
    diagnosis: Diagnosis | None,
    causes: dict[tuple[str | None, str], str],
    told: Sequence[str],
) -> str:
    if diagnosis and diagnosis.everywhere:
        return diagnosis.sentence  # one reason for everything, shown once
    if diagnosis and diagnosis.raised and all(failure.problem == diagnosis.raised for failure in failures):
        already = any(message.startswith(ABOVE) for message in told)
        return f"{ABOVE}." if already or failures[0].case is None else f"{ABOVE}, {_where(failures)}."
    first = failures[0]
    if first.problem == NOT_YET:
        return NOT_COUNTED if NOT_YET in told else NOT_YET
    if _place(first) in causes:
        return f"The same as under {causes[_place(first)]!r}."
    if causes and all(failure.problem == NO_GRADIENT for failure in failures):
        return f"Follows from what is said under {next(iter(causes.values()))!r}: no gradient can be computed."
    problem = (
        "your code raises the error named above." if diagnosis and first.problem == diagnosis.raised else first.problem
    )
    if first.case is None:
        return problem[0].upper() + problem[1:]
    if problem.startswith(SENTENCE_STARTS):
        problem = problem[0].lower() + problem[1:]
    others = len(failures) - 1
    more = f" It also fails in {others} other case{'s' if others > 1 else ''}." if others else ""
    return f"With {first.case.name}: {problem}{more}"


def _place(failure: Failure) -> tuple[str | None, str]:
    return failure.case and failure.case.name, failure.problem


def _where(failures: Sequence[Failure]) -> str:
    others = len(failures) - 1
    more = f" and in {others} other case{'s' if others > 1 else ''}" if others else ""
    return f"with {failures[0].case.name}{more}"
