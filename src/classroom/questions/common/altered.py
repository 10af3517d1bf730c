"""New implementations made from one that is right: the same function or module, with something done before or after.

A question's wrong and odd versions are then a line each: `altered(attention, after=lambda out: out.mT)`.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

Implementation = Callable[..., Any]


def altered(
    reference: Implementation,
    before: Callable[[Sequence[Any]], Sequence[Any]] | None = None,
    after: Callable[[Any], Any] | None = None,
) -> Implementation:
    """The reference with its arguments, its result, or both changed.

    Of a class (a `torch.nn.Module`) it is a subclass: `before` sees the arguments of `forward`.
    """
    before, after = before or (lambda arguments: arguments), after or (lambda result: result)
    if inspect.isclass(reference):

        class Altered(reference):
            def forward(self, *arguments: Any) -> Any:
                return after(super().forward(*before(arguments)))

        return Altered

    def implementation(*arguments: Any) -> Any:
        return after(reference(*before(arguments)))

    return implementation


def with_argument(reference: Implementation, position: int, change: Callable[[Any], Any]) -> Implementation:
    """The reference with one argument changed: `with_argument(attention, 3, lambda mask: None)` ignores the mask.

    An argument that the caller left out is left out here as well.
    """

    def before(arguments: Sequence[Any]) -> list[Any]:
        return [change(a) if i == position else a for i, a in enumerate(arguments)]

    return altered(reference, before=before)


def with_swapped(reference: Implementation, first: int, second: int) -> Implementation:
    """The reference with two arguments in each other's place."""

    def before(arguments: Sequence[Any]) -> list[Any]:
        given = list(arguments)
        given[first], given[second] = given[second], given[first]
        return given

    return altered(reference, before=before)


def one_by_one(reference: Implementation, axis: int = -2, positions: Sequence[int] = (0,)) -> Implementation:
    """The reference in a Python loop along one axis of these arguments, the results joined along the same axis.

    Right only where the slices do not need each other: the queries of attention, the tokens of a feed-forward net.
    """

    def split(arguments: Sequence[Any]) -> list[list[Any]]:
        size = arguments[positions[0]].shape[axis]
        chosen = range(size)
        return [
            [a.narrow(axis, i, 1) if place in positions else a for place, a in enumerate(arguments)] for i in chosen
        ]

    if inspect.isclass(reference):

        class OneByOne(reference):
            def forward(self, *arguments: Any) -> Tensor:
                return torch.cat([super(OneByOne, self).forward(*slices) for slices in split(arguments)], dim=axis)

        return OneByOne

    def implementation(*arguments: Any) -> Tensor:
        return torch.cat([reference(*slices) for slices in split(arguments)], dim=axis)

    return implementation


def each(result: Any, change: Callable[[Tensor], Any]) -> Any:
    """A result with a change made to each of its tensors."""
    if isinstance(result, tuple | list):
        return tuple(each(part, change) for part in result)
    return change(result) if isinstance(result, Tensor) else result
