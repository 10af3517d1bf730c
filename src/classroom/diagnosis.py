"""Naming the mistake: whose answers do the student's answers equal, a known misconception's?"""

from collections.abc import Mapping, Sequence

import numpy as np

from classroom.compare import tolerances
from classroom.student import Answer

RTOL, ATOL = 1e-3, 1e-5

Answers = Sequence[Sequence[Answer]]  # by case, by call


def diagnose(expected: Answers, misconceptions: Mapping[str, Answers], actual: Answers) -> str | None:
    """The name of the one misconception that the evidence points to, or None.

    Where everything raised there is no evidence. Else, first, a misconception that gives the same answers
    everywhere; then one that explains at least half of the cases in which it shows itself, in cases that no other
    misconception explains: there is a second mistake too.
    """
    same = {name: [_same_case(a, b) for a, b in zip(answers, actual, strict=True)]
            for name, answers in misconceptions.items()}  # fmt: skip
    if all(_raised(answers) for answers in actual):
        return None  # the error itself says more than any guess
    full = [name for name, cases in same.items() if all(cases)]
    if full:
        return full[0] if len(full) == 1 else None
    shares = {}
    for name, answers in misconceptions.items():
        shows = [not _same_case(a, b) for a, b in zip(answers, expected, strict=True)]
        alone = [
            same[name][i] and not _raised(actual[i]) and not any(same[o][i] for o in same if o != name)
            for i in range(len(actual))
        ]
        hits = sum(a and s for a, s in zip(alone, shows, strict=True))
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
    """The error's type: the first word of its sentence."""
    return (answer.error or "").split(" ")[0].rstrip(":")


def _raised(answers: Sequence[Answer]) -> bool:
    return any(answer.error for answer in answers)


def _grows(answers: Sequence[Answer]) -> bool:
    counts = [a.operations for a in answers if a.operations is not None]
    return len(counts) > 1 and max(counts) > min(counts) + 2
