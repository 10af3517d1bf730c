"""Naming the mistake: whose answers do the student's answers equal, a known misconception's?"""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from classroom.compare import tolerances
from classroom.student_code.student import Answer

RTOL, ATOL = 1e-3, 1e-5
EXCEPTION = re.compile(r"(\w+)(?=:| in [`y]|$)")  # as `mistakes.error_sentence` begins, or alone as it is stored

Answers = Sequence[Sequence[Answer]]  # by case, by call


def diagnose(expected: Answers, misconceptions: Mapping[str, Answers], actual: Answers) -> str | None:
    """The name of the one misconception that the evidence points to, or None.

    First, a misconception that gives the same answers everywhere; then one that explains at least half of the
    cases in which it shows itself, in cases that no other misconception explains: there is a second mistake too.
    """
    full = [name for name, answers in misconceptions.items() if explains_all(answers, actual)]
    if all(_raised(answers) for answers in actual):
        # An exception's kind alone is no evidence; a sentence of our own (wrong parameters, …) is.
        full = [name for name in full if not any(_is_exception(a) for answers in actual for a in answers)]
        return full[0] if len(full) == 1 else None
    if full:
        return full[0] if len(full) == 1 else None
    same = {
        name: [_same_case(a, b) and not _raised(b) for a, b in zip(answers, actual, strict=True)]
        for name, answers in misconceptions.items()
    }
    shares = {}
    for name, answers in misconceptions.items():
        shows = [not _same_case(a, b) for a, b in zip(answers, expected, strict=True)]
        hits = sum(
            shows[i] and same[name][i] and not any(same[other][i] for other in same if other != name)
            for i in range(len(actual))
        )
        if hits and 2 * hits >= sum(shows):
            shares[name] = hits / sum(shows)
    best = [name for name, share in shares.items() if share == max(shares.values())]
    return best[0] if len(best) == 1 else None


def explains_all(misconception: Answers, actual: Answers) -> bool:
    """Whether the misconception gives the student's answers in every case."""
    return all(_same_case(a, b) for a, b in zip(misconception, actual, strict=True))


def _same_case(one: Sequence[Answer], other: Sequence[Answer]) -> bool:
    return all(_same(a, b) for a, b in zip(one, other, strict=True)) and _grows(one) == _grows(other)


def _same(one: Answer, other: Answer) -> bool:
    if one.error or other.error:
        return bool(one.error and other.error) and error_kind(one) == error_kind(other)
    if [(o.dtype, o.values.shape) for o in one.outputs] != [(o.dtype, o.values.shape) for o in other.outputs]:
        return False
    if one.gradients.keys() != other.gradients.keys():
        return False
    rtol, atol = tolerances(one.outputs[0].dtype, RTOL, ATOL) if one.outputs else (RTOL, ATOL)
    return all(_close(a.values, b.values, rtol, atol) for a, b in zip(one.outputs, other.outputs, strict=True)) and all(
        _close_gradients(g, other.gradients[name], rtol, atol) for name, g in one.gradients.items()
    )


def _close_gradients(one: np.ndarray | None, other: np.ndarray | None, rtol: float, atol: float) -> bool:
    if one is None or other is None:
        return one is other
    return _close(one, other, rtol, atol)


def _close(one: np.ndarray, other: np.ndarray, rtol: float, atol: float) -> bool:
    wide, wide_other = one.astype(np.float64), other.astype(np.float64)
    return one.shape == other.shape and np.allclose(wide, wide_other, rtol, atol, equal_nan=True)


def error_kind(answer: Answer) -> str:
    """What two equal errors share: an exception's type, or the whole of a sentence of our own."""
    sentence = answer.error or ""
    found = EXCEPTION.match(sentence)
    return found[1] if found else sentence


def _is_exception(answer: Answer) -> bool:
    return bool(EXCEPTION.match(answer.error or ""))


def _raised(answers: Sequence[Answer]) -> bool:
    return any(answer.error for answer in answers)


def _grows(answers: Sequence[Answer]) -> bool:
    counts = [a.operations for a in answers if a.operations is not None]
    return len(counts) > 1 and max(counts) > min(counts) + 2
