"""Batches of tasks with one input: what is given, and what should be said of it."""

from dataclasses import dataclass

import torch
from jaxtyping import Int, Shaped
from torch import Tensor


@dataclass(frozen=True)
class Questions:
    """`given` goes into the model; of its logits, those for `wanted` count, except where `wanted` is padding."""

    given: Shaped[Tensor, "batch ..."]
    wanted: Int[Tensor, "batch asked"]
    target_tokens: int  # how many are asked, without padding

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """What the model is called with."""
        return (self.given,)

    def to(self, device: torch.device | str) -> "Questions":
        """The same batch on another device. From pinned memory, the copy goes on while the program does."""
        late = self.given.is_pinned()
        given, wanted = (tensor.to(device, non_blocking=late) for tensor in (self.given, self.wanted))
        return Questions(given, wanted, self.target_tokens)

    def pinned(self) -> "Questions":
        """The same batch in memory that a CUDA device reads by itself."""
        return Questions(self.given.pin_memory(), self.wanted.pin_memory(), self.target_tokens)
