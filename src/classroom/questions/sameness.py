"""When two answers are the same: up to rounding, with the same exceptions, and as many torch operations or not."""

import re
from collections.abc import Sequence

import numpy as np

from classroom.compare import mismatches, size_among, sizes, tolerances
from classroom.student_code.student import Answer

RTOL, ATOL = 1e-3, 1e-5
EXCEPTION = re.compile(r"(\w+)(?=:| in [`y]|$)")  # as `mistakes.error_sentence` begins, or alone as it is stored

Answers = Sequence[Sequence[Answer]]  # by case, by call


def same_everywhere(one: Answers, other: Answers) -> bool:
    """Whether two implementations give the same answers in every case."""
    return all(same_case(a, b) for a, b in zip(one, other, strict=True))


def same_case(one: Sequence[Answer], other: Sequence[Answer]) -> bool:
    """Whether two implementations give the same answers to a case's calls."""
    return all(_same(a, b) for a, b in zip(one, other, strict=True)) and _grows(one) == _grows(other)


def same_outputs(one: Answer, other: Answer) -> bool:
    """Whether two answers have the same outputs, dtypes included, whatever their gradients are."""
    if [(o.dtype, o.values.shape) for o in one.outputs] != [(o.dtype, o.values.shape) for o in other.outputs]:
        return False
    return all(close(a.values, b.values, a.dtype) for a, b in zip(one.outputs, other.outputs, strict=True))


def same_gradients(one: Answer, other: Answer) -> bool:
    """Whether two answers have the same gradients."""
    if one.gradients.keys() != other.gradients.keys():
        return False
    rtol, atol = tolerances(one.outputs[0].dtype if one.outputs else "float32", RTOL, ATOL)
    known = [g for g in one.gradients.values() if g is not None]
    return all(
        _close_gradients(g, other.gradients[name], rtol, atol * size_among(g, known) if g is not None else atol)
        for name, g in one.gradients.items()
    )


def close(one: np.ndarray, other: np.ndarray, dtype: str = "float32", rtol: float = RTOL, atol: float = ATOL) -> bool:
    """Whether two arrays agree up to rounding; NaN agrees with NaN."""
    relative, absolute = tolerances(dtype, rtol, atol)
    return _within(one, other, relative, absolute * sizes(one))


def error_kind(answer: Answer) -> str:
    """What two equal errors share: an exception's type, or the whole of a sentence of our own."""
    sentence = answer.error or ""
    found = EXCEPTION.match(sentence)
    return found[1] if found else sentence


def is_exception(answer: Answer) -> bool:
    """Whether the answer's error is an exception, not a sentence of our own."""
    return bool(EXCEPTION.match(answer.error or ""))


def raised(answers: Sequence[Answer]) -> bool:
    """Whether one of a case's calls has no value."""
    return any(answer.error for answer in answers)


def _same(one: Answer, other: Answer) -> bool:
    if one.error or other.error:
        return bool(one.error and other.error) and error_kind(one) == error_kind(other)
    return same_outputs(one, other) and same_gradients(one, other)


def _close_gradients(one: np.ndarray | None, other: np.ndarray | None, rtol: float, atol: float) -> bool:
    if one is None or other is None:
        return one is other
    return _within(one, other, rtol, atol)


def _within(one: np.ndarray, other: np.ndarray, rtol: float, atol: float | np.ndarray) -> bool:
    if one.shape != other.shape:
        return False
    wrong = mismatches(one, other, rtol, atol)
    if wrong.any() and one.dtype.kind == "f" and other.dtype.kind == "f":
        wrong &= ~(np.isnan(one) & np.isnan(other))
    return not wrong.any()


def _grows(answers: Sequence[Answer]) -> bool:
    counts = [a.operations for a in answers if a.operations is not None]
    return len(counts) > 1 and max(counts) > min(counts) + 2
