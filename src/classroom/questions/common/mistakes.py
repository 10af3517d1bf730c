"""Mistakes that any question knows, made from its reference: one line each in a question's `misconceptions`.

Each takes another sentence where the question has something better to say; `{what}` in ours is what the function
returns ("weights", "scores").
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from classroom.questions.common.altered import Implementation, altered, each, one_by_one
from classroom.questions.question import Misconception

CUT = (
    "The values are right, but no gradient comes back: something cuts the graph (`.detach()`, `.item()`, "
    "`torch.no_grad()`, `.numpy()`, or a new `torch.tensor(...)` built from numbers)."
)
SINGLE = "You convert to float32 on the way. Keep the dtype of the input: float64 in gives float64 {what} out."
TWICE = (
    "You return two things where one is asked for: only the {what}, not a tuple. Whoever uses the result would have to "
    "know which of the two to take."
)
TRANSPOSED = (
    "Your {what} are transposed: the last two axes have changed places. Rows and columns mean different things."
)
AXIS_ADDED = "Your {what} have one axis too many, of size 1: look for an `unsqueeze`, a `[None]` or a `keepdim`."
AXIS_LOST = (
    "Your {what} lose every axis of size 1: `squeeze()` without an axis also drops a batch of one and a single token. "
    "Name the axis that you mean, or leave it out."
)
LOOP = (
    "Right, but one after another in a Python loop. The same operation on whole tensors does them all at once, and "
    "that is why it is fast."
)


def cut_graph(reference: Implementation, sentence: str = CUT) -> Misconception:
    """The result without its history: no gradient comes back."""
    return Misconception("cut graph", sentence, altered(reference, after=lambda out: each(out, Tensor.detach)))


def fixed_precision(reference: Implementation, what: str = "values", sentence: str = SINGLE) -> Misconception:
    """The result in float32, whatever comes in."""
    single = altered(reference, after=lambda out: each(out, _single))
    return Misconception("fixed precision", sentence.format(what=what), single)


def changed_in_place(reference: Implementation, sentence: str, position: int = 0) -> Misconception:
    """The right result, and the argument in `position` (a tensor of numbers) is another one afterwards."""

    def before(arguments: Sequence[Any]) -> list[Any]:
        kept = [a.clone() if i == position else a for i, a in enumerate(arguments)]
        with torch.no_grad():
            arguments[position].add_(1)  # the tensor that the caller holds; the result is computed from the copy
        return kept

    return Misconception("changed in place", sentence, altered(reference, before=before))


def pair_returned(reference: Implementation, what: str = "result", sentence: str = TWICE) -> Misconception:
    """The result twice, as a pair."""
    return Misconception(
        "a pair returned", sentence.format(what=what), altered(reference, after=lambda out: (out, out))
    )


def transposed(reference: Implementation, what: str = "results", sentence: str = TRANSPOSED) -> Misconception:
    """The last two axes of the result exchanged."""
    return Misconception("transposed", sentence.format(what=what), altered(reference, after=lambda out: each(out, _mT)))


def axis_added(reference: Implementation, what: str = "results", sentence: str = AXIS_ADDED) -> Misconception:
    """A first axis of size 1 in front of the result."""
    added = altered(reference, after=lambda out: each(out, lambda tensor: tensor[None]))
    return Misconception("an axis too many", sentence.format(what=what), added)


def axis_lost(reference: Implementation, what: str = "results", sentence: str = AXIS_LOST) -> Misconception:
    """`squeeze()`: needs a case with an axis of size 1."""
    lost = altered(reference, after=lambda out: each(out, torch.squeeze))
    return Misconception("axes of size 1 lost", sentence.format(what=what), lost)


def python_loop(
    reference: Implementation, axis: int = -2, positions: Sequence[int] = (0,), sentence: str = LOOP
) -> Misconception:
    """Right, one slice after another: for questions that judge `Cost`."""
    return Misconception("a Python loop", sentence, one_by_one(reference, axis, positions))


def _single(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor


def _mT(tensor: Tensor) -> Tensor:  # noqa: N802 - torch's name
    return tensor.mT if tensor.ndim > 1 else tensor
