"""Batches of similar length, limited by tokens instead of sentences (Vaswani et al. 2017, section 5.1).

A batch is a rectangle: everything shorter than its longest sentence is padding, computed and thrown away. Sentences
of similar length together waste little, and a limit in tokens keeps the cost of every batch about the same.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from transformer_lab.data.corpus import Pair
from transformer_lab.data.tokenizer import Tokenizer
from transformer_lab.errors import LabError


class Example(NamedTuple):
    """A pair as token ids, without <bos>, <eos> and padding."""

    source: list[int]
    target: list[int]

    @property
    def length(self) -> int:
        """Its columns in a batch: the longer side, and one for <eos> (or <bos>)."""
        return max(len(self.source), len(self.target)) + 1


@dataclass(frozen=True)
class Batch:
    """Rectangles of token ids. The decoder reads `target_in`, which is `target_out` one step later."""

    source: Int[Tensor, "batch source"]
    target_in: Int[Tensor, "batch target"]
    target_out: Int[Tensor, "batch target"]
    target_tokens: int  # without padding

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """What the model is called with."""
        return self.source, self.target_in

    @property
    def wanted(self) -> Int[Tensor, "batch target"]:
        """What it should say."""
        return self.target_out

    def to(self, device: torch.device | str) -> "Batch":
        """The same batch on another device. From pinned memory, the copy goes on while the program does."""
        late = self.source.is_pinned()
        tensors = (self.source, self.target_in, self.target_out)
        return Batch(*(tensor.to(device, non_blocking=late) for tensor in tensors), self.target_tokens)

    def pinned(self) -> "Batch":
        """The same batch in memory that a CUDA device reads by itself."""
        tensors = (self.source, self.target_in, self.target_out)
        return Batch(*(tensor.pin_memory() for tensor in tensors), self.target_tokens)


def encode_pairs(pairs: Sequence[Pair], tokenizer: Tokenizer, max_length: int) -> tuple[list[Example], int]:
    """The pairs as token ids, and how many were left out because a side exceeds `max_length` with its <eos>."""
    sources = tokenizer.encode_all([pair.source for pair in pairs])
    targets = tokenizer.encode_all([pair.target for pair in pairs])
    examples = [Example(*sides) for sides in zip(sources, targets, strict=True)]
    fitting = [example for example in examples if example.length <= max_length]
    return fitting, len(examples) - len(fitting)


def plan_batches(lengths: Sequence[int], budget: int, seed: int | None = None, epoch: int = 0) -> list[list[int]]:
    """Which sentences go together: lists of indices, each with (longest × how many) ≤ `budget` tokens.

    Every sentence is in exactly one batch. With a seed, equal lengths mix and batches come in an order that
    depends on `seed` and `epoch` alone, so a resumed run meets the same batches; without, they go by length.

    Raises:
        LabError: one sentence alone exceeds the budget.
    """
    order = list(range(len(lengths)))
    generator = random.Random(f"{seed} {epoch}")
    if seed is not None:
        generator.shuffle(order)
    order.sort(key=lengths.__getitem__)
    batches: list[list[int]] = []
    for index in order:
        # Lengths ascend, so the newest sentence is the longest of its batch.
        if batches and (len(batches[-1]) + 1) * lengths[index] <= budget:
            batches[-1].append(index)
        else:
            batches.append([index])
    if order and lengths[order[-1]] > budget:
        raise LabError(
            f"a sentence of {lengths[order[-1]]} tokens does not fit in a batch of batch_tokens={budget}; "
            "raise batch_tokens or lower max_length."
        )
    if seed is not None:
        generator.shuffle(batches)
    return batches


def pad(rows: Sequence[Sequence[int]], pad_id: int) -> Int[Tensor, "rows longest"]:
    """Rows of token ids as a rectangle, padded at the end."""
    lengths = np.fromiter(map(len, rows), np.int64, len(rows))
    rectangle = np.full((len(rows), lengths.max()), pad_id)
    # Filled at once, row by row: a tensor from nested lists takes ten times as long.
    rectangle[np.arange(lengths.max()) < lengths[:, None]] = np.fromiter(chain.from_iterable(rows), np.int64)
    return torch.from_numpy(rectangle)


def collate(examples: Sequence[Example], tokenizer: Tokenizer) -> Batch:
    """Examples as a batch: source + <eos>, <bos> + target for the decoder, target + <eos> to be predicted."""
    bos, eos, pad_id = tokenizer.bos_id, tokenizer.eos_id, tokenizer.pad_id
    return Batch(
        source=pad([[*example.source, eos] for example in examples], pad_id),
        target_in=pad([[bos, *example.target] for example in examples], pad_id),
        target_out=pad([[*example.target, eos] for example in examples], pad_id),
        target_tokens=sum(len(example.target) + 1 for example in examples),
    )
