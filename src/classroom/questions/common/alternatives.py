"""Odd but right versions of a reference, which must score full marks: one line each in a question's `alternatives`."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from classroom.questions.common.altered import Implementation, altered, each, one_by_one

__all__ = ["as_list", "in_double", "not_contiguous", "one_by_one"]


def in_double(reference: Implementation) -> Implementation:
    """Computed in float64, given back in the dtype that came in. For functions; a module's parameters stay."""
    dtypes: list[torch.dtype] = []

    def before(arguments: Sequence[Any]) -> list[Any]:
        floating = [a.dtype for a in arguments if isinstance(a, Tensor) and a.is_floating_point()]
        dtypes[:] = floating[:1]
        return [a.double() if isinstance(a, Tensor) and a.is_floating_point() else a for a in arguments]

    def narrow(tensor: Tensor) -> Tensor:
        return tensor.to(dtypes[0]) if dtypes and tensor.is_floating_point() else tensor

    return altered(reference, before=before, after=lambda out: each(out, narrow))


def not_contiguous(reference: Implementation) -> Implementation:
    """The right numbers in a tensor whose memory lies in another order."""

    def reordered(tensor: Tensor) -> Tensor:
        return tensor.mT.contiguous().mT if tensor.ndim > 1 else tensor

    return altered(reference, after=lambda out: each(out, reordered))


def as_list(reference: Implementation) -> Implementation:
    """A list where a tuple is asked for."""
    return altered(reference, after=list)
