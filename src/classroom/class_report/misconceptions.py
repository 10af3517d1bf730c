"""What to explain again: the mistakes that the examiner recognised, and the criteria that failed most."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from classroom.class_report.standing import Standing
from classroom.questions.examiner import SOMETHING_ELSE
from classroom.questions.results import NOT_WRITTEN
from classroom.submissions.discreet import UNKNOWN

MISCONCEPTION, ERROR, FORBIDDEN = "misconception", "error", "forbidden"
# As `mistakes.error_sentence` begins: the exception and its place, or an exception's usual name alone.
RAISED = re.compile(r"(An exception|\w+)(?: in (?:`\w+`|your code), line \d+|(?<=Error):|(?<=[Ee]xception):)")
CALLS = re.compile(r"your code calls (\S+), which is not allowed")
STOPPED = re.compile(r"`\w+` ran longer than ")


@dataclass(frozen=True)
class Finding:
    """One mistake in one question, and who made it."""

    question: str
    kind: str
    sentence: str
    students: tuple[str, ...]
    lost: float  # points, of all of them together


@dataclass(frozen=True)
class FailedCriterion:
    """A criterion of a question, and how many of those whose answer was judged fail it."""

    question: str
    name: str
    failed: int
    answered: int


def findings(standings: Sequence[Standing]) -> list[Finding]:
    """Every recognised mistake, error and forbidden call, the most frequent first, then by the points it cost."""
    students: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    lost: dict[tuple[str, str, str], float] = defaultdict(float)
    for standing, report, question in _questions(standings):
        known = diagnosed(question, report["reason"])
        if known:
            key = (question["id"], *known)
            students[key].append(standing.person.id)
            lost[key] += question["max_score"] - question["score"]
    found = [Finding(*key, tuple(who), round(lost[key], 2)) for key, who in students.items()]
    return sorted(found, key=lambda f: (-len(f.students), -f.lost, f.question, f.sentence))


def diagnosed(question: Mapping[str, Any], reason: str | None) -> tuple[str, str] | None:
    """The kind of a question's diagnosis and its sentence; None for what is no mistake of understanding.

    That is a stub nobody has touched, and a process that was stopped or lost: the outcome says so already.
    """
    sentence = question["diagnosis"]
    if not sentence or sentence in (NOT_WRITTEN, reason) or STOPPED.match(sentence):
        return None
    if calls := CALLS.search(sentence):
        return FORBIDDEN, f"Calls `{calls[1]}`, which the question asks to write."
    if raised := RAISED.match(sentence):
        return ERROR, raised[1]
    if sentence == UNKNOWN:
        return ERROR, "An exception"
    return MISCONCEPTION, sentence.removesuffix(SOMETHING_ELSE).strip()


def failed_criteria(standings: Sequence[Standing]) -> dict[str, list[FailedCriterion]]:
    """By question: its criteria, the most failed first, in the question's order where equal."""
    answered: Counter[str] = Counter()
    failed: dict[str, Counter[str]] = defaultdict(Counter)
    for _, report, question in _questions(standings):
        if question["diagnosis"] in (NOT_WRITTEN, report["reason"]):  # nothing to judge, or lost before
            continue
        answered[question["id"]] += 1
        for criterion in question["criteria"]:
            failed[question["id"]][criterion["name"]] += not criterion["passed"]
    return {
        question: sorted(
            (FailedCriterion(question, name, count, answered[question]) for name, count in counts.items()),
            key=lambda c: -c.failed,
        )
        for question, counts in failed.items()
    }


def not_written(standings: Sequence[Standing]) -> Counter[str]:
    """How many left each question as it was released."""
    return Counter(q["id"] for _, _, q in _questions(standings) if q["diagnosis"] == NOT_WRITTEN)


def _questions(standings: Sequence[Standing]) -> Iterator[tuple[Standing, Mapping[str, Any], Mapping[str, Any]]]:
    for standing in standings:
        for report in standing.reports if standing.judged else ():
            for question in report["questions"]:
                yield standing, report, question
