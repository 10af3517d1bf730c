"""The closed set of criteria: what can be judged about an answer, in plain words.

A criterion needs evidence. Outputs that are absent, not finite, or say nothing (constant, a copy of an argument)
fail the criteria that would otherwise be satisfied by anything: properties and cost.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from classroom.compare import argument_text, difference, mismatches, tolerances
from classroom.errors import ClassroomError
from classroom.questions.question import Case, Criterion
from classroom.questions.wording import EXACT, Wording
from classroom.student_code.student import Answer, Call


@dataclass(frozen=True)
class Values(Criterion):
    """Every output of every call equals the reference's, within the tolerances. The dtype is not judged."""

    weight: float = 1.0
    name: str = "values"
    tag: str = "values"
    rtol: float = 1e-4
    atol: float = 1e-5

    def judge(
        self, case: Case, expected: Sequence[Answer], actual: Sequence[Answer], wording: Wording = EXACT
    ) -> str | None:
        return _first_problem(
            expected, actual, partial(_outputs_differ, rtol=self.rtol, atol=self.atol, wording=wording)
        )


@dataclass(frozen=True)
class Gradients(Criterion):
    """The gradients that flow back to every argument and parameter equal the reference's."""

    weight: float = 1.0
    name: str = "gradients"
    tag: str = "gradients"
    rtol: float = 1e-3
    atol: float = 1e-5

    def judge(
        self, case: Case, expected: Sequence[Answer], actual: Sequence[Answer], wording: Wording = EXACT
    ) -> str | None:
        if not any(np.any(g) for right in expected for g in right.gradients.values() if g is not None):
            return "No gradient is asked for in this case: it needs a cotangent."
        return _first_problem(expected, actual, partial(self._gradients_differ, wording=wording))

    def _gradients_differ(self, right: Answer, given: Answer, wording: Wording) -> str | None:
        if problem := absent(right, given, wording):
            return problem
        if right.gradients and not given.gradients:
            return (
                "No gradient could be computed from your output: its shape or dtype is not the expected one, "
                "or a tensor was changed in place after it was used."
            )
        for name, gradient in right.gradients.items():
            found = given.gradients.get(name)
            if found is None:
                if gradient is not None and np.any(gradient):
                    return (
                        f"No gradient reaches {_input(name)}: something on the way (detach, no_grad, item, numpy, "
                        "a new tensor) cuts the graph."
                    )
                continue
            right_gradient = np.zeros_like(found) if gradient is None else gradient
            rtol, atol = tolerances(right.outputs[0].dtype, self.rtol, self.atol)
            differs = difference(right_gradient, found, rtol, atol)
            if differs:
                return f"The gradient with respect to {_input(name)} {wording.difference(differs)}."
        return None


@dataclass(frozen=True)
class ShapeAndDtype(Criterion):
    """As many outputs as the reference gives, each of its shape and dtype."""

    weight: float = 1.0
    name: str = "shape and dtype"
    tag: str = "shape"

    def judge(
        self, case: Case, expected: Sequence[Answer], actual: Sequence[Answer], wording: Wording = EXACT
    ) -> str | None:
        return _first_problem(expected, actual, partial(_shapes_differ, wording=wording))


@dataclass(frozen=True)
class Unchanged(Criterion):
    """A property: the second call's inputs are the first's, perturbed; marked outputs must stay the same.

    `case.extras["unchanged"]` is a boolean array, broadcastable to the first output, True where nothing may
    change; without it nothing may change anywhere. Where the reference's output does change, the student's must
    change too (at least half of those entries), so that an output that ignores its inputs earns nothing.
    """

    weight: float = 1.0
    name: str = "nothing else changes"
    tag: str = "unchanged"
    rtol: float = 1e-4
    atol: float = 1e-5
    what: str = "what you were not allowed to look at"  # completes "… changed when only … changed"

    def judge(
        self, case: Case, expected: Sequence[Answer], actual: Sequence[Answer], wording: Wording = EXACT
    ) -> str | None:
        problem = meaningless(case, expected, actual, wording)
        if problem:
            return problem
        before, after = (a.outputs[0].values for a in actual[:2])
        fixed = np.broadcast_to((case.extras or {}).get("unchanged", True), before.shape)
        rtol, atol = tolerances(expected[0].outputs[0].dtype, self.rtol, self.atol)
        moved = difference(before, after, rtol, atol, where=fixed)
        if moved:
            return f"Your output changed although only {self.what} changed: it {wording.difference(moved)}."
        return _insensitive(expected, actual, wording)


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

    def judge(
        self, case: Case, expected: Sequence[Answer], actual: Sequence[Answer], wording: Wording = EXACT
    ) -> str | None:
        problem = meaningless(case, expected, actual, wording)
        if problem:
            return problem
        before, after = (a.outputs[0].values for a in actual[:2])
        order = (case.extras or {})["permutation"]
        rtol, atol = tolerances(expected[0].outputs[0].dtype, self.rtol, self.atol)
        moved = difference(np.take(before, order, axis=self.axis), after, rtol, atol)
        if moved:
            how = wording.difference(moved)
            return f"Reordering the inputs should only reorder your output, but the reordered output {how}."
        return _insensitive(expected, actual, wording)


@dataclass(frozen=True)
class Cost(Criterion):
    """No Python loop: the number of torch operations must not grow with the input's size.

    A case has two calls of different size, both with `count_operations`. Only right values count as evidence: a
    fast wrong answer earns nothing here.
    """

    weight: float = 1.0
    name: str = "no Python loop"
    tag: str = "cost"
    slack: int = 2  # a broadcast or a copy more is not a loop
    rtol: float = 1e-3
    atol: float = 1e-4

    def judge(
        self, case: Case, expected: Sequence[Answer], actual: Sequence[Answer], wording: Wording = EXACT
    ) -> str | None:
        for right, given in zip(expected, actual, strict=True):
            nothing = absent(right, given, wording)
            if nothing or _outputs_differ(right, given, self.rtol, self.atol, wording):
                return nothing or "Not counted yet: the values have to be right first."
        small, large = sorted(given.operations or 0 for given in actual[:2])
        if small < 1 or any(given.operations is None for given in actual):
            return "No torch operation was seen: compute with torch, on whole tensors."
        if large > small + self.slack:
            return (
                f"{wording.operations(small, large)}: it loops in Python. Write the same with operations on whole "
                "tensors."
            )
        return None


KINDS: Mapping[str, type[Criterion]] = {
    kind.__name__: kind for kind in (Values, Gradients, ShapeAndDtype, Unchanged, Permuted, Cost)
}


def to_json(criterion: Criterion) -> dict[str, Any]:
    """The criterion as plain data: its kind and its fields."""
    return {"kind": type(criterion).__name__, **asdict(criterion)}  # type: ignore[call-overload]


def from_json(data: Mapping[str, Any]) -> Criterion:
    """The inverse of `to_json`.

    Raises:
        ClassroomError: the kind or a field is unknown.
    """
    fields = dict(data)
    kind = KINDS.get(fields.pop("kind", ""))
    if kind is None:
        raise ClassroomError(f"{data.get('kind')!r} is not a criterion; known are {', '.join(KINDS)}.")
    try:
        return kind(**fields)
    except TypeError as error:
        raise ClassroomError(f"the criterion {data.get('kind')} cannot be read: {error}.") from error


def absent(right: Answer, given: Answer, wording: Wording) -> str | None:
    """One sentence when the answer holds no evidence: an error, no output, another number of outputs."""
    if given.error:
        return wording.error(given.error)
    if not given.outputs:
        return "No output arrived."
    if len(given.outputs) != len(right.outputs):
        return f"Your code returned {wording.outputs(len(given.outputs), len(right.outputs))}."
    return None


def meaningless(case: Case, expected: Sequence[Answer], actual: Sequence[Answer], wording: Wording) -> str | None:
    """One sentence when the outputs could satisfy a property without having computed anything."""
    if len(case.calls) != 2:
        return f"A property compares two calls, and this case has {len(case.calls)}."
    for call, right, given in zip(case.calls, expected, actual, strict=True):
        problem = absent(right, given, wording) or _says_nothing(
            call, right.outputs[0].values, given.outputs[0].values, wording
        )
        if problem:
            return problem
    return None


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


def _insensitive(expected: Sequence[Answer], actual: Sequence[Answer], wording: Wording) -> str | None:
    before, after = (a.outputs[0].values.astype(np.float64) for a in expected[:2])
    with np.errstate(invalid="ignore"):
        gap = np.nan_to_num(np.abs(after - before), nan=0.0, posinf=np.inf)
    should = gap > 1e-2 * max(1e-3, float(np.max(gap, initial=0.0)))
    if not should.any():
        return None
    before, after = (a.outputs[0].values.astype(np.float64) for a in actual[:2])
    does = should & (before != after)
    if 2 * does.sum() < should.sum():
        responding = wording.responding(int(does.sum()), int(should.sum()))
        return f"{responding}: your output does not depend on its inputs as it should."
    return None


def _outputs_differ(right: Answer, given: Answer, rtol: float, atol: float, wording: Wording) -> str | None:
    problem = absent(right, given, wording)
    if problem:
        return problem
    for position, (a, b) in enumerate(zip(right.outputs, given.outputs, strict=True)):
        differs = difference(a.values, b.values, *tolerances(a.dtype, rtol, atol))
        if differs:
            return f"{_subject(position, right)} {wording.difference(differs)}."
    return None


def _shapes_differ(right: Answer, given: Answer, wording: Wording) -> str | None:
    if problem := absent(right, given, wording):
        return problem
    for position, (a, b) in enumerate(zip(right.outputs, given.outputs, strict=True)):
        subject = _subject(position, right)
        if a.values.shape != b.values.shape:
            return f"{subject} {wording.shape(b.values.shape, a.values.shape)}."
        if a.dtype != b.dtype:
            return f"{subject} is {b.dtype} instead of {a.dtype}."
    return None


def _input(name: str) -> str:
    kind, _, position = name.partition(" ")
    return argument_text(int(position)) if kind == "argument" and position.isdigit() else f"the parameter `{name}`"


def _subject(position: int, right: Answer) -> str:
    return "Your output" if len(right.outputs) == 1 else f"Your output number {position + 1}"


def _first_problem(
    expected: Sequence[Answer], actual: Sequence[Answer], differ: Callable[[Answer, Answer], str | None]
) -> str | None:
    """What `differ` says of the first call of which it says anything, with the call's number where there are more."""
    for call, (right, given) in enumerate(zip(expected, actual, strict=True), start=1):
        if problem := differ(right, given):
            return problem if len(expected) == 1 else f"In call {call} of {len(expected)}: {problem}"
    return None
