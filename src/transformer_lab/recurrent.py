"""The recurrent encoder–decoder without attention (Cho et al. 2014; Sutskever et al. 2014): a fixed-size context."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from transformer_lab.seq2seq import Seq2Seq


@dataclass(frozen=True)
class RecurrentConfig:
    """The sizes of a GRU encoder–decoder."""

    vocab_size: int
    d_model: int = 256
    max_length: int = 512
    pad_id: int = 0


class FixedContextGRU(Seq2Seq):
    """Reads the source into one vector of `d_model` numbers, however long it is, and writes the target from it."""

    def __init__(self, config: RecurrentConfig):
        super().__init__()
        self.config = config
        self.pad_id = config.pad_id
        self.max_length = config.max_length
        self.embedding = nn.Embedding(config.vocab_size, config.d_model)
        self.encoder = nn.GRU(config.d_model, config.d_model, batch_first=True)
        self.decoder = nn.GRU(2 * config.d_model, config.d_model, batch_first=True)
        self.output = nn.Linear(config.d_model, config.vocab_size)

    def encode(self, source: Int[Tensor, "batch source"]) -> Float[Tensor, "batch d_model"]:
        """The context: the encoder's state after the last real token."""
        states, _ = self.encoder(self.embedding(source))
        last = (source != self.pad_id).sum(dim=1) - 1
        return states[torch.arange(len(source), device=source.device), last]

    def decode(
        self,
        target: Int[Tensor, "batch target"],
        memory: Float[Tensor, "batch d_model"],
        source_mask: Bool[Tensor, "batch 1 1 source"],
    ) -> Float[Tensor, "batch target vocab_size"]:
        """The context is the decoder's first state and part of its every input.

        `source_mask` has no use here: the source itself is gone.
        """
        context = memory[:, None, :].expand(-1, target.shape[1], -1)
        states, _ = self.decoder(torch.cat([self.embedding(target), context], dim=-1), memory[None].contiguous())
        return self.output(states)
