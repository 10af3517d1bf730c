"""Answers of our own implementations, the same on every machine.

Two processors round the same float32 computation differently, and a release must be the same to the byte wherever
it is made. So each call runs twice: as it is, which decides shape, dtype, NaN and errors, and in float64, which
gives the digits; these are rounded to float32 for storing, far above float64's own rounding. The expected answers
are then also closer to the truth than any student's.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from classroom.compare import tolerances
from classroom.questions.question import Case
from classroom.questions.sameness import error_kind
from classroom.student_code.inprocess import answer_with
from classroom.student_code.student import Answer, Array, Call

TINY = 1e-12  # below this a float64 result is rounding noise around zero
RTOL, ATOL = 1e-3, 1e-4  # how far float32 may stray from float64 and still be the same answer
SAME_RTOL, SAME_ATOL = 1e-5, 1e-6  # a misconception's answer that is the right one up to rounding

Answers = tuple[tuple[Answer, ...], ...]  # by case, by call


def answers_of(implementation: Callable[..., Any], cases: Sequence[Case]) -> Answers:
    """What an implementation of ours answers on this machine, by case and call."""
    return tuple(tuple(answer_with(implementation, call) for call in case.calls) for case in cases)


def answers_until_error(implementation: Callable[..., Any], cases: Sequence[Case]) -> Answers | None:
    """As `answers_of`, or None from the first call that has no value: for those of whom only values are wanted."""
    found = []
    for case in cases:
        answers = []
        for call in case.calls:
            answers.append(answer_with(implementation, call))
            if answers[-1].error:
                return None
        found.append(tuple(answers))
    return tuple(found)


def precise(implementation: Callable[..., Any], cases: Sequence[Case], native: Answers) -> Answers:
    """The answers of `answers_of`, with the digits that they have on every machine."""
    return tuple(
        tuple(_precise_answer(implementation, call, answer) for call, answer in zip(case.calls, answers, strict=True))
        for case, answers in zip(cases, native, strict=True)
    )


def settled_on(expected: Answers, answers: Answers) -> Answers:
    """The answers, with each array that equals the expected one up to rounding replaced by it.

    Errors keep only what two equal errors share, which is all that a diagnosis compares.
    """
    return tuple(
        tuple(_settle(right, given) for right, given in zip(rights, givens, strict=True))
        for rights, givens in zip(expected, answers, strict=True)
    )


def _precise_answer(implementation: Callable[..., Any], call: Call, native: Answer) -> Answer:
    if native.error:
        return native
    wide = answer_with(implementation, _widened(call))
    outputs = []
    for position, output in enumerate(native.outputs):
        precise = wide.outputs[position].values if position < len(wide.outputs) else None
        outputs.append(Array(_precise(output.values, precise, output.dtype), output.dtype))
    dtype = native.outputs[0].dtype
    gradients = {
        name: None if gradient is None else _precise(gradient, wide.gradients.get(name), dtype)
        for name, gradient in native.gradients.items()
    }
    return replace(native, outputs=tuple(outputs), gradients=gradients)


def _widened(call: Call) -> Call:
    return replace(
        call,
        arguments=tuple(_wide(a) if isinstance(a, np.ndarray) else a for a in call.arguments),
        parameters={name: _wide(array) for name, array in call.parameters.items()},
        cotangent=None if call.cotangent is None else _wide(call.cotangent),
        count_operations=False,
    )


def _wide(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def _precise(native: np.ndarray, wide: np.ndarray | None, dtype: str) -> np.ndarray:
    if native.dtype.kind != "f":
        return native
    values = native.astype(np.float64)
    if wide is not None and wide.shape == native.shape and wide.dtype.kind == "f":
        close = np.isclose(wide, values, *tolerances(dtype, RTOL, ATOL))
        values = np.where(close, wide, values)
    values = np.where(np.abs(values) < TINY, 0.0, values)
    with np.errstate(over="ignore"):
        rounded = values.astype(np.float32)
    return values if (np.isinf(rounded) & np.isfinite(values)).any() else rounded


def _settle(right: Answer, given: Answer) -> Answer:
    if given.error:
        return Answer(error=error_kind(given))
    outputs = given.outputs
    if len(outputs) == len(right.outputs):
        pairs = zip(right.outputs, outputs, strict=True)
        outputs = tuple(Array(_settle_array(r.values, g.values), g.dtype) for r, g in pairs)
    gradients = {name: _settle_array(right.gradients.get(name), g) for name, g in given.gradients.items()}
    return replace(given, outputs=outputs, gradients=gradients)


def _settle_array(right: np.ndarray | None, given: np.ndarray | None) -> np.ndarray | None:
    if right is None or given is None or right.dtype != given.dtype or right.shape != given.shape:
        return given
    same = np.allclose(given, right, rtol=SAME_RTOL, atol=SAME_ATOL, equal_nan=True)
    return right if same else given
