"""General mistakes of form: how many results, of which kind, along which axes."""

from collections.abc import Sequence
from itertools import combinations, permutations

import numpy as np

from classroom.questions.pairs import Pair, equal_numbers, same_gradient, single
from classroom.questions.sameness import same_outputs
from classroom.student_code.student import Answer, Array

MAX_AXES = 5  # more have too many orders to try


def too_many_outputs(pairs: Sequence[Pair]) -> str | None:
    """More results than asked for, the right ones among them."""
    asked = len(pairs[0].right.outputs)
    for first in range(8):
        if all(
            len(p.right.outputs) == asked < len(p.given.outputs)
            and same_outputs(p.right, Answer(p.given.outputs[first : first + asked]))
            for p in pairs
        ):
            which = "the first" if not first else f"number {first + 1}"
            if asked == 1:
                return (
                    f"Your code returns {len(pairs[0].given.outputs)} results, and one is asked for: {which} is right "
                    "on its own. Return it alone."
                )
            return f"Your code returns more than the {asked} results that are asked for; the others are right."
    return None


def too_few_outputs(pairs: Sequence[Pair]) -> str | None:
    """All results in one tensor, or only some of them."""
    asked = len(pairs[0].right.outputs)
    given = {len(p.given.outputs) for p in pairs}
    if len(given) != 1 or asked > MAX_AXES or not all(len(p.given.outputs) < len(p.right.outputs) for p in pairs):
        return None
    count = given.pop()
    for join in (_joined, _stacked):
        if count == 1 and all(equal_numbers(join(p.right), p.given.outputs[0]) for p in pairs):
            return (
                f"The numbers are right, but all in one tensor. Return the {asked} results one by one, as a tuple, "
                "so that a caller can take them apart."
            )
    for chosen in combinations(range(asked), count):
        if all(same_outputs(Answer(tuple(p.right.outputs[i] for i in chosen)), p.given) for p in pairs):
            numbers = " and ".join(f"number {i + 1}" for i in chosen)
            return f"You return only {count} of the {asked} results that are asked for: {numbers}."
    return None


def outputs_in_another_order(pairs: Sequence[Pair]) -> str | None:
    """The right results, each in another's place."""
    count = len(pairs[0].right.outputs)
    if not 1 < count <= MAX_AXES or any(len(p.given.outputs) != count for p in pairs):
        return None
    for order in permutations(range(count)):
        if order != tuple(range(count)) and all(
            same_outputs(Answer(tuple(p.right.outputs[i] for i in order)), Answer(p.given.outputs)) for p in pairs
        ):
            listed = ", ".join(str(i + 1) for i in order)
            return f"The results are right, but in another order: you return them as {listed}."
    return None


def another_dtype(pairs: Sequence[Pair]) -> str | None:
    """The right numbers as another kind of number."""
    kinds = set()
    for p in pairs:
        if len(p.right.outputs) != len(p.given.outputs):
            return None
        for right, given in zip(p.right.outputs, p.given.outputs, strict=True):
            if right.dtype != given.dtype:
                kinds.add((right.dtype, given.dtype))
            if not equal_numbers(right.values, given):
                return None
    if not kinds or not all(_gradients_explained(p) for p in pairs):
        return None
    right, given = sorted(kinds)[0]
    if right == "bool":
        return (
            f"The entries are right, but they are numbers ({given}) in place of truth values: a mask has to be "
            "boolean, so that `~` and `&` mean what they say. Compare, or end with `.bool()`."
        )
    if given == "bool":
        return f"The entries are right, but they are truth values in place of numbers ({right})."
    return (
        f"The values are right, but their dtype is {given} where it should be {right}: keep the dtype of the input "
        "(a new tensor and `.float()` have one of their own)."
    )


def axes_in_another_order(pairs: Sequence[Pair]) -> str | None:
    """The right numbers, transposed."""
    axes = pairs[0].right.outputs[0].values.ndim
    if all(single(p) and equal_numbers(_swapped(p.right.outputs[0].values), p.given.outputs[0]) for p in pairs):
        return (
            "Your result is the transpose of the right one: its last two axes have changed places. Look at the "
            "order of the factors, or at the transpose."
        )
    if all(single(p) and p.right.outputs[0].values.ndim == axes for p in pairs) and 2 < axes <= MAX_AXES:
        for order in permutations(range(axes)):
            if order != tuple(range(axes)) and all(
                equal_numbers(p.right.outputs[0].values.transpose(order), p.given.outputs[0]) for p in pairs
            ):
                return f"The numbers are right, but the axes of your result stand in another order, {order}."
    return None


def reshaped_in_place_of_transposed(pairs: Sequence[Pair]) -> str | None:
    """The right numbers of the right shape in the wrong places, as a reshape leaves them."""
    for p in pairs:
        if not single(p) or p.right.outputs[0].values.shape != p.given.outputs[0].values.shape:
            return None
        right, given = p.right.outputs[0].values, p.given.outputs[0]
        orders = (o for o in permutations(range(right.ndim)) if o != tuple(range(right.ndim)))
        if right.ndim > MAX_AXES or not any(
            equal_numbers(right.transpose(order).reshape(right.shape), given)
            or equal_numbers(right.reshape([right.shape[i] for i in order]).transpose(np.argsort(order)), given)
            for order in orders
        ):
            return None
    return (
        "Your result holds the right numbers in the wrong places, as a `reshape` or `view` leaves them where axes "
        "should be swapped. A reshape never moves a number: `transpose` first."
    )


def another_shape(pairs: Sequence[Pair]) -> str | None:
    """The right numbers in the right order, in another shape."""
    for p in pairs:
        if not single(p):
            return None
        right, given = p.right.outputs[0], p.given.outputs[0]
        same_shape = right.values.shape == given.values.shape
        if same_shape or right.values.size != given.values.size:
            return None
        if not equal_numbers(right.values, Array(given.values.reshape(right.values.shape), given.dtype)):
            return None
    gap = {p.given.outputs[0].values.ndim - p.right.outputs[0].values.ndim for p in pairs}
    if gap == {1}:
        return "The numbers are right, but your result has an axis of size 1 too many: take it away (`squeeze`)."
    if gap == {-1}:
        return "The numbers are right, but your result has lost an axis of size 1: keep it (`keepdim=True`)."
    return "The numbers are right and in order, but in another shape."


def _joined(right: Answer) -> np.ndarray | None:
    parts = [o.values for o in right.outputs]
    return np.concatenate(parts, axis=-1) if len({p.shape[:-1] for p in parts}) == 1 and parts[0].ndim else None


def _stacked(right: Answer) -> np.ndarray | None:
    parts = [o.values for o in right.outputs]
    return np.stack(parts) if len({p.shape for p in parts}) == 1 else None


def _swapped(array: np.ndarray) -> np.ndarray | None:
    return np.swapaxes(array, -1, -2) if array.ndim > 1 else None


def _gradients_explained(p: Pair) -> bool:
    """Another dtype has no gradient, or the right one, as far as it can hold it."""
    rtol = 3e-2 if "16" in p.given.outputs[0].dtype else 1e-3
    return not p.given.gradients or all(
        same_gradient(g, p.given.gradients.get(n), rtol) for n, g in p.right.gradients.items()
    )
