"""The closed set of criteria: what can be judged about an answer, in plain words.

A criterion needs evidence. What is absent, not finite, or says nothing (constant, a copy of an argument) fails the
criteria that anything would satisfy otherwise: properties and cost. Those, and shape and dtype, are earned only where
values are right on an ordinary case as well (`classroom.questions.examiner`). Every `atol` counts in units of the size
of what is compared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from classroom.compare import argument_text, difference, size_among, tolerances
from classroom.errors import ClassroomError
from classroom.questions.outputs import absent, first_problem, forms_differ, outputs_differ
from classroom.questions.properties import Permuted, Unchanged
from classroom.questions.question import Case, Criterion
from classroom.questions.wording import EXACT, Wording
from classroom.student_code.student import Answer

FEW_OPERATIONS = 60  # nobody who runs so few loops
__all__ = ["Cost", "Gradients", "Permuted", "ShapeAndDtype", "Unchanged", "Values", "from_json", "to_json"]

NO_GRADIENT = (
    "No gradient could be computed from your output: its shape or dtype is not the expected one, "
    "or a tensor was changed in place after it was used."
)


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
        return first_problem(expected, actual, partial(outputs_differ, rtol=self.rtol, atol=self.atol, wording=wording))


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
        return first_problem(expected, actual, partial(self._gradients_differ, wording=wording))

    def _gradients_differ(self, right: Answer, given: Answer, wording: Wording) -> str | None:
        if problem := absent(right, given, wording):
            return problem
        if right.gradients and not given.gradients:
            return NO_GRADIENT
        all_right = [gradient for gradient in right.gradients.values() if gradient is not None]
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
            differs = difference(right_gradient, found, rtol, atol * size_among(right_gradient, all_right))
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
        return first_problem(expected, actual, partial(forms_differ, wording=wording))


@dataclass(frozen=True)
class Cost(Criterion):
    """No Python loop: neither torch's operations nor repeated lines may grow with the input's size, nor be many.

    A case has two calls or more, all with `count_operations`: the first is small, each other one is larger along one
    axis or several. Only right values count as evidence: a fast wrong answer earns nothing here.
    """

    weight: float = 1.0
    name: str = "no Python loop"
    tag: str = "cost"
    slack: int = 2  # a broadcast or a copy more is not a loop
    rtol: float = 1e-3
    atol: float = 1e-4
    repeats: int = 24  # of a line: more is a loop, even of fixed length
    times: int = 10  # as many operations as the reference has

    def judge(
        self, case: Case, expected: Sequence[Answer], actual: Sequence[Answer], wording: Wording = EXACT
    ) -> str | None:
        for right, given in zip(expected, actual, strict=True):
            nothing = absent(right, given, wording)
            if nothing or outputs_differ(right, given, self.rtol, self.atol, wording):
                return nothing or "Not counted yet: the values have to be right first."
        if any(given.operations is None for given in actual) or min(given.operations or 0 for given in actual) < 1:
            return "No torch operation was seen: compute with torch, on whole tensors."
        base = actual[0]
        for right, given in zip(expected[1:], actual[1:], strict=True):
            small, large = sorted((base.operations or 0, given.operations or 0))
            few, many = sorted((base.repeats or 0, given.repeats or 0))
            most = max(FEW_OPERATIONS, self.times * (right.operations or 0))
            if large > small + self.slack or large > most:
                return (
                    f"{wording.operations(small, large)}: it loops in Python. Write the same with operations on whole "
                    "tensors."
                )
            if many > few or many > self.repeats:
                return (
                    "Your code runs the same line again and again, for every part of the input: it loops in Python. "
                    "Write the same with operations on whole tensors."
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


def _input(name: str) -> str:
    kind, _, position = name.partition(" ")
    return argument_text(int(position)) if kind == "argument" and position.isdigit() else f"the parameter `{name}`"
