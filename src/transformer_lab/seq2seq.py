"""What every sequence-to-sequence model offers, so that one trainer, one decoder and one scorer serve them all."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from transformer_lab.errors import LabError
from transformer_lab.masks import padding_mask


@dataclass(frozen=True)
class AttentionMaps:
    """The weights of every attention of a model, in lists from the first layer to the last.

    A model that lacks one of the three has an empty list for it.
    """

    encoder: list[Float[Tensor, "batch heads source source"]]  # the source looks at itself
    decoder: list[Float[Tensor, "batch heads target target"]]  # the target looks back at itself
    cross: list[Float[Tensor, "batch heads target source"]]  # the target looks at the source


class Seq2Seq(nn.Module, ABC):
    """Turns source tokens into logits for target tokens. `pad_id` marks padding in both."""

    pad_id: int
    max_length: int  # the longest sequence that the model takes, in tokens
    loops_over_tokens = False  # whether reading a sentence takes a step of Python for every token

    @abstractmethod
    def encode(self, source: Int[Tensor, "batch source"]) -> Float[Tensor, "batch ..."]:
        """What the decoder will know of the source. Called once a sentence."""

    @abstractmethod
    def decode(
        self,
        target: Int[Tensor, "batch target"],
        memory: Float[Tensor, "batch ..."],
        source_mask: Bool[Tensor, "batch 1 1 source"],
    ) -> Float[Tensor, "batch target vocab_size"]:
        """Logits for the token after each prefix of `target`: the decoder on whole targets, as in training."""

    def incremental(
        self, memory: Float[Tensor, "batch ..."], source_mask: Bool[Tensor, "batch 1 1 source"]
    ) -> "IncrementalDecoder":
        """The decoder a token at a time. A model that can keep what it computed has a faster one than this."""
        return PrefixDecoder(self, memory, source_mask)

    def cross_attention(
        self,
        target: Int[Tensor, "batch target"],
        memory: Float[Tensor, "batch ..."],
        source_mask: Bool[Tensor, "batch 1 1 source"],
        layer: int = -1,
    ) -> Float[Tensor, "batch heads target source"]:
        """How much each head of a decoder layer takes from each source token while it reads each token of `target`.

        For looking at: the usual path neither computes nor keeps it a second time.

        Raises:
            LabError: the model does not look back at the source.
        """
        raise LabError(f"a {type(self).__name__} has no cross-attention to show.")

    def attention_maps(self, source: Int[Tensor, "batch source"], target: Int[Tensor, "batch target"]) -> AttentionMaps:
        """The weights of all attentions while the model reads `source` and writes after each token of `target`.

        For looking at, as `cross_attention`; in evaluation mode they are those that the usual path uses.
        """
        return AttentionMaps([], [], [])

    def source_mask(self, source: Int[Tensor, "batch source"]) -> Bool[Tensor, "batch 1 1 source"]:
        """True where the source has a real token."""
        return padding_mask(source, self.pad_id)

    def forward(
        self, source: Int[Tensor, "batch source"], target: Int[Tensor, "batch target"]
    ) -> Float[Tensor, "batch target vocab_size"]:
        """Teacher forcing: logits for every next token of `target` at once."""
        return self.decode(target, self.encode(source), self.source_mask(source))


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Within it, `model` is in evaluation mode: nothing is dropped. Afterwards it is in the mode it was in."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)


class IncrementalDecoder(ABC):
    """Writes one target for each row of a batch, token by token, and remembers what was written."""

    @abstractmethod
    def step(self, tokens: Int[Tensor, " rows"]) -> Float[Tensor, "rows vocab_size"]:
        """Appends one token to every row (first <bos>) and returns the logits for the next."""

    @abstractmethod
    def select(self, rows: Int[Tensor, " kept"]) -> None:
        """Goes on with these rows, in this order; a row may go on several times, or not at all."""

    def reorder(self, rows: Int[Tensor, " rows"]) -> None:
        """`select` where each row takes the place of one with the same source: what is kept of sources can stay."""
        self.select(rows)


class PrefixDecoder(IncrementalDecoder):
    """Decodes with any model: it remembers the tokens, and reads all of them again at every step."""

    def __init__(self, model: Seq2Seq, memory: Float[Tensor, "rows ..."], source_mask: Bool[Tensor, "rows 1 1 source"]):
        self.model = model
        self.memory = memory
        self.source_mask = source_mask
        self.written = torch.empty(len(memory), 0, dtype=torch.long, device=memory.device)

    def step(self, tokens: Int[Tensor, " rows"]) -> Float[Tensor, "rows vocab_size"]:
        """See `IncrementalDecoder.step`."""
        self.written = torch.cat([self.written, tokens[:, None]], dim=1)
        return self.model.decode(self.written, self.memory, self.source_mask)[:, -1]

    def select(self, rows: Int[Tensor, " kept"]) -> None:
        """See `IncrementalDecoder.select`."""
        self.memory, self.source_mask, self.written = self.memory[rows], self.source_mask[rows], self.written[rows]

    def reorder(self, rows: Int[Tensor, " rows"]) -> None:
        """See `IncrementalDecoder.reorder`."""
        self.written = self.written[rows]
