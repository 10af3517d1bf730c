"""What every sequence-to-sequence model offers, so that one trainer, one decoder and one scorer serve them all."""

from abc import ABC, abstractmethod

from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from transformer_lab.masks import padding_mask


class Seq2Seq(nn.Module, ABC):
    """Turns source tokens into logits for target tokens. `pad_id` marks padding in both."""

    pad_id: int
    max_length: int  # the longest sequence that the model takes, in tokens

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
        """Logits for the token after each prefix of `target`.

        Called on whole targets in training and on growing ones in decoding.
        """

    def source_mask(self, source: Int[Tensor, "batch source"]) -> Bool[Tensor, "batch 1 1 source"]:
        """True where the source has a real token."""
        return padding_mask(source, self.pad_id)

    def forward(
        self, source: Int[Tensor, "batch source"], target: Int[Tensor, "batch target"]
    ) -> Float[Tensor, "batch target vocab_size"]:
        """Teacher forcing: logits for every next token of `target` at once."""
        return self.decode(target, self.encode(source), self.source_mask(source))
