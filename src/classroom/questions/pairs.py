"""Where a student's answers differ from those that they are compared with: the material of all detectors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from classroom.questions.question import Case
from classroom.questions.sameness import Answers, close, raised, same_case, same_gradients, same_outputs
from classroom.student_code.student import Answer, Array, Call


@dataclass(frozen=True)
class Pair:
    """One call of a case that is not answered as it should be."""

    case: Case
    call: Call
    right: Answer
    given: Answer


Detector = Callable[[Sequence[Pair]], str | None]


def failed(cases: Sequence[Case], expected: Answers, actual: Answers) -> list[Pair] | None:
    """The calls of those cases that are answered otherwise; None where one of them has no value at all."""
    found = []
    for case, rights, givens in zip(cases, expected, actual, strict=True):
        if same_case(rights, givens):
            continue
        if raised(rights) or raised(givens):
            return None
        for call, right, given in zip(case.calls, rights, givens, strict=True):
            if not (same_outputs(right, given) and same_gradients(right, given)):
                found.append(Pair(case, call, right, given))
    return found


def single(p: Pair) -> bool:
    """Whether one output is asked for and given."""
    return len(p.right.outputs) == len(p.given.outputs) == 1


def equal_numbers(right: np.ndarray | None, given: Array) -> bool:
    """The same numbers, whatever the dtypes are."""
    if right is None:
        return False
    wide_right, wide = right.astype(np.float64), given.values.astype(np.float64)
    return close(wide_right, wide, given.dtype)


def same_gradient(right: np.ndarray | None, given: np.ndarray | None, rtol: float = 1e-3) -> bool:
    """Whether two gradients agree; none is as good as zeros."""
    if right is None or given is None:
        return (right is None or not right.any()) and (given is None or not given.any())
    return close(right, given, rtol=rtol, atol=max(1e-5, rtol / 10))
