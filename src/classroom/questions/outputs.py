"""What every criterion asks of an answer first: is it there, is it of the right form, are its numbers right?"""

from collections.abc import Callable, Sequence

from classroom.compare import difference, sizes, tolerances
from classroom.questions.wording import Wording
from classroom.student_code.student import Answer


def absent(right: Answer, given: Answer, wording: Wording) -> str | None:
    """One sentence when the answer holds no evidence: an error, no output, another number of outputs."""
    if given.error:
        return wording.error(given.error)
    if not given.outputs:
        return "No output arrived."
    if len(given.outputs) != len(right.outputs):
        return f"Your code returned {wording.outputs(len(given.outputs), len(right.outputs))}."
    return None


def outputs_differ(right: Answer, given: Answer, rtol: float, atol: float, wording: Wording) -> str | None:
    """One sentence when an output is absent or its values are not the right ones, up to the tolerances.

    `atol` counts in units of the right output's own size (see `classroom.compare.sizes`).
    """
    problem = absent(right, given, wording)
    if problem:
        return problem
    for position, (a, b) in enumerate(zip(right.outputs, given.outputs, strict=True)):
        relative, absolute = tolerances(a.dtype, rtol, atol)
        differs = difference(a.values, b.values, relative, absolute * sizes(a.values))
        if differs:
            return f"{_subject(position, right)} {wording.difference(differs)}."
    return None


def forms_differ(right: Answer, given: Answer, wording: Wording) -> str | None:
    """One sentence when an output is absent, or its shape or dtype is not the right one."""
    if problem := absent(right, given, wording):
        return problem
    for position, (a, b) in enumerate(zip(right.outputs, given.outputs, strict=True)):
        subject = _subject(position, right)
        if a.values.shape != b.values.shape:
            return f"{subject} {wording.shape(b.values.shape, a.values.shape)}."
        if a.dtype != b.dtype:
            return f"{subject} is {b.dtype} instead of {a.dtype}."
    return None


def first_problem(
    expected: Sequence[Answer], actual: Sequence[Answer], differ: Callable[[Answer, Answer], str | None]
) -> str | None:
    """What `differ` says of the first call of which it says anything, with the call's number where there are more."""
    for call, (right, given) in enumerate(zip(expected, actual, strict=True), start=1):
        if problem := differ(right, given):
            return problem if len(expected) == 1 else f"In call {call} of {len(expected)}: {problem}"
    return None


def _subject(position: int, right: Answer) -> str:
    return "Your output" if len(right.outputs) == 1 else f"Your output number {position + 1}"
