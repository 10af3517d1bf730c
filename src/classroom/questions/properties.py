"""Criteria that compare calls: what must stay when an input changes, and what must follow.

A property is satisfied by anything that ignores its inputs, and by anything that is small enough. So every property
has a call whose output must change, by as much as it should; and its tolerance is in proportion to the size of the
student's own output.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from classroom.compare import argument_text, difference, mismatches, sizes, tolerances
from classroom.questions.outputs import absent
from classroom.questions.question import Case, Criterion
from classroom.questions.wording import EXACT, Wording
from classroom.student_code.student import Answer, Call

NOTICEABLE = 1e-2  # of the largest change: entries that change less are not asked to


@dataclass(frozen=True)
class Unchanged(Criterion):
    """A property: the second call's inputs are the first's, perturbed; marked outputs must stay the same.

    `case.extras["unchanged"]` is a boolean array, broadcastable to the first output, True where nothing may
    change; without it nothing may change anywhere. Where the reference's output does change, the student's must
    change too. A case in which nothing may change has a third call, for which the output must differ from the first.
    """

    weight: float = 1.0
    name: str = "nothing else changes"
    tag: str = "unchanged"
    rtol: float = 1e-4
    atol: float = 1e-5
    what: str = "what you were not allowed to look at"  # completes "… changed when only … changed"
    enough: float = 0.125  # of the change that there should be where it should be, in all

    def judge(
        self, case: Case, expected: Sequence[Answer], actual: Sequence[Answer], wording: Wording = EXACT
    ) -> str | None:
        problem = meaningless(case, expected, actual, wording)
        if problem:
            return problem
        before, after = (a.outputs[0].values for a in actual[:2])
        fixed = np.broadcast_to((case.extras or {}).get("unchanged", True), before.shape)
        rtol, atol = tolerances(expected[0].outputs[0].dtype, self.rtol, self.atol)
        moved = difference(before, after, rtol, atol * sizes(before), where=fixed)
        if moved:
            return f"Your output changed although only {self.what} changed: it {wording.difference(moved)}."
        return insensitive(expected, actual, wording, self.enough)


@dataclass(frozen=True)
class Permuted(Criterion):
    """A property: permuting the inputs permutes the output's `axis` in the same way (equivariance).

    `case.extras["permutation"]` holds the order: the second call's row i is the first call's row permutation[i].
    """

    weight: float = 1.0
    name: str = "permutation"
    tag: str = "permuted"
    axis: int = -2
    rtol: float = 1e-4
    atol: float = 1e-5
    enough: float = 0.125  # as in `Unchanged`

    def judge(
        self, case: Case, expected: Sequence[Answer], actual: Sequence[Answer], wording: Wording = EXACT
    ) -> str | None:
        problem = meaningless(case, expected, actual, wording)
        if problem:
            return problem
        before, after = (a.outputs[0].values for a in actual[:2])
        order = (case.extras or {})["permutation"]
        reordered = np.take(before, order, axis=self.axis)
        rtol, atol = tolerances(expected[0].outputs[0].dtype, self.rtol, self.atol)
        moved = difference(reordered, after, rtol, atol * sizes(reordered))
        if moved:
            how = wording.difference(moved)
            return f"Reordering the inputs should only reorder your output, but the reordered output {how}."
        return insensitive(expected, actual, wording, self.enough)


def meaningless(case: Case, expected: Sequence[Answer], actual: Sequence[Answer], wording: Wording) -> str | None:
    """One sentence when the outputs could satisfy a property without having computed anything."""
    if len(case.calls) < 2:
        return f"A property compares two calls, and this case has {len(case.calls)}."
    if not any(_change(expected[0], other).any() for other in expected[1:]):
        return "This case has no call for which the output must change: add a third call, with other inputs."
    for call, right, given in zip(case.calls, expected, actual, strict=True):
        problem = absent(right, given, wording) or _says_nothing(
            call, right.outputs[0].values, given.outputs[0].values, wording
        )
        if problem:
            return problem
    return None


def insensitive(expected: Sequence[Answer], actual: Sequence[Answer], wording: Wording, enough: float) -> str | None:
    """One sentence when the output does not change where it must, or far less than it should."""
    does = should = 0
    due = seen = 0.0
    for right, given in zip(expected[1:], actual[1:], strict=True):
        right_change, own_change = _change(expected[0], right), _change(actual[0], given)
        asked = right_change > NOTICEABLE * right_change.max(initial=0.0)
        should += int(asked.sum())
        does += int((asked & (own_change > 0)).sum())
        due += float(right_change[asked].sum())
        seen += float(np.minimum(own_change, right_change)[asked].sum())
    if 2 * does < should:
        return f"{wording.responding(does, should)}: your output does not depend on its inputs as it should."
    if not seen >= enough * due:
        return "Your output hardly changes where it has to respond to this change."
    return None


def _change(before: Answer, after: Answer) -> np.ndarray:
    """By how much each entry changes, 0 where that is rounding or where both are infinite."""
    first, second = before.outputs[0].values, after.outputs[0].values
    if first.shape != second.shape:
        return np.zeros(())
    with np.errstate(invalid="ignore"):
        gap = np.nan_to_num(np.abs(second.astype(np.float64) - first.astype(np.float64)), nan=0.0, posinf=np.inf)
    return np.where(mismatches(first, second, 1e-5, 1e-6 * sizes(first)), gap, 0.0)


def _says_nothing(call: Call, right: np.ndarray, given: np.ndarray, wording: Wording) -> str | None:
    if given.shape != right.shape:
        return f"Your output {wording.shape(given.shape, right.shape)}."
    if not np.isfinite(given.astype(np.float64)).all() and np.isfinite(right.astype(np.float64)).all():
        return "Your output has entries that are NaN or infinite."
    if given.size > 1 and not (right == right.flat[0]).all() and (given == given.flat[0]).all():
        return "Your output is the same number everywhere, so it shows nothing."
    for position, argument in enumerate(call.arguments):
        if isinstance(argument, np.ndarray) and argument.shape == given.shape:
            same = not mismatches(argument, given, 1e-6, 1e-7).any()
            if same and mismatches(argument, right, 1e-4, 1e-5).any():
                return f"Your output is a copy of {argument_text(position)}, so it shows nothing."
    return None
