"""General mistakes, found by comparing arrays: they help every question, and need no code of it.

A detector gets the calls that are answered otherwise than they should be. It names a mistake only where that explains
every one of them; where one is different for another reason it is silent. Beside the right answers it may be given a
misconception's, so that two mistakes at once are both named.
"""

from collections.abc import Callable, Sequence

from classroom.questions.mistakes_in_numbers import (
    another_scale,
    another_size,
    cut_off,
    large_numbers,
    nearly_right,
    not_a_number,
    poisoned_gradient,
)
from classroom.questions.mistakes_of_form import (
    another_dtype,
    another_shape,
    axes_in_another_order,
    outputs_in_another_order,
    reshaped_in_place_of_transposed,
    too_few_outputs,
    too_many_outputs,
)
from classroom.questions.pairs import Pair, failed
from classroom.questions.question import Case
from classroom.questions.sameness import Answers

Detector = Callable[[Sequence[Pair]], str | None]

# What may come on top of another mistake; the others would explain too much there.
ON_TOP: tuple[Detector, ...] = (
    too_many_outputs,
    too_few_outputs,
    outputs_in_another_order,
    cut_off,
    another_dtype,
    another_shape,
)
DETECTORS: tuple[Detector, ...] = (
    *ON_TOP,
    not_a_number,
    axes_in_another_order,
    another_scale,
    another_size,
    reshaped_in_place_of_transposed,
    poisoned_gradient,
)
# These say less; asked last, and the second only where other cases are right.
VAGUE: tuple[Detector, ...] = (nearly_right, large_numbers)


def detect(
    cases: Sequence[Case], expected: Answers, actual: Answers, detectors: Sequence[Detector] = DETECTORS
) -> str | None:
    """The sentence of the first detector that explains every answer that differs, or None."""
    pairs = failed(cases, expected, actual)
    if not pairs:
        return None
    some_right = len({pair.case.name for pair in pairs}) < len(cases)
    for detector in detectors:
        if (detector is not large_numbers or some_right) and (sentence := detector(pairs)):
            return sentence
    return None
