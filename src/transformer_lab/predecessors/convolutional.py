"""The convolutional encoder–decoder (ConvS2S, Gehring et al. 2017): every position at once, a few words at a time."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from transformer_lab.attention import masked_softmax
from transformer_lab.dropout import Dropout
from transformer_lab.errors import LabError
from transformer_lab.positional import check_length
from transformer_lab.predecessors.dilated import field_size
from transformer_lab.seq2seq import AttentionMaps, Seq2Seq
from transformer_lab.sizes import check_sizes

HALF = math.sqrt(0.5)  # keeps the variance of a sum of two (section 3.5)


@dataclass(frozen=True)
class ConvolutionalConfig:
    """The sizes of a convolutional encoder–decoder.

    Raises:
        LabError: a size is not positive, `dropout` is not in [0, 1), `pad_id` is not in the vocabulary, or
            `kernel_size` is even, so that a window has no middle.
    """

    vocab_size: int
    d_model: int = 256
    num_layers: int = 4
    kernel_size: int = 3
    dropout: float = 0.1
    max_length: int = 512
    pad_id: int = 0

    def __post_init__(self) -> None:
        check_sizes(self)
        if self.kernel_size % 2 == 0:
            raise LabError(f"kernel_size={self.kernel_size} is even; a window needs a middle: choose an odd one")

    @property
    def receptive_field(self) -> int:
        """How many source tokens an encoder output can know of: 1 + layers · (kernel_size − 1)."""
        return receptive_field(self.num_layers, self.kernel_size)


def receptive_field(num_layers: int, kernel_size: int) -> int:
    """How many positions of the input a position of the output depends on, through a stack of convolutions."""
    return field_size(kernel_size, [1] * num_layers)


class GatedConvolution(nn.Module):
    """A convolution whose one half of the channels gates the other (Dauphin et al. 2017), with a residual path."""

    def __init__(self, d_model: int, kernel_size: int, dropout: float, causal: bool):
        super().__init__()
        # A causal window ends at its own position: padding goes to the left alone.
        self.padding = (kernel_size - 1, 0) if causal else (kernel_size // 2, kernel_size // 2)
        self.convolution = nn.Conv1d(d_model, 2 * d_model, kernel_size)
        self.dropout = Dropout(dropout)
        nn.init.normal_(self.convolution.weight, std=math.sqrt(4 * (1 - dropout) / (kernel_size * d_model)))
        nn.init.zeros_(self.convolution.bias)

    def forward(self, x: Float[Tensor, "batch n d_model"]) -> Float[Tensor, "batch n d_model"]:
        """Without the residual path: what the convolution adds."""
        padded = nn.functional.pad(self.dropout(x).transpose(1, 2), self.padding)
        return nn.functional.glu(self.convolution(padded), dim=1).transpose(1, 2)


class ConvolutionalSeq2Seq(Seq2Seq):
    """Encoder: convolutions that see both sides. Decoder: causal ones, each followed by attention to the source.

    Learned positions are added to the words, because a window does not know where it stands. The paper scales what
    attention finds by m√(1/m) for m source words (section 3.5); here a learned projection follows it instead.
    """

    def __init__(self, config: ConvolutionalConfig):
        super().__init__()
        self.config = config
        self.pad_id = config.pad_id
        self.max_length = config.max_length
        d_model, layers = config.d_model, range(config.num_layers)
        sizes = (d_model, config.kernel_size, config.dropout)
        self.source_words = nn.Embedding(config.vocab_size, d_model)
        self.target_words = nn.Embedding(config.vocab_size, d_model)
        self.source_positions = nn.Embedding(config.max_length, d_model)
        self.target_positions = nn.Embedding(config.max_length, d_model)
        self.dropout = Dropout(config.dropout)
        self.encoder = nn.ModuleList(GatedConvolution(*sizes, causal=False) for _ in layers)
        self.decoder = nn.ModuleList(GatedConvolution(*sizes, causal=True) for _ in layers)
        self.queries = nn.ModuleList(nn.Linear(d_model, d_model) for _ in layers)
        self.answers = nn.ModuleList(nn.Linear(d_model, d_model) for _ in layers)
        self.output = nn.Linear(d_model, config.vocab_size)
        for table in (self.source_words, self.target_words, self.source_positions, self.target_positions):
            nn.init.normal_(table.weight, std=0.1)

    def encode(self, source: Int[Tensor, "batch source"]) -> Float[Tensor, "batch source twice_d_model"]:
        """Keys and values side by side: a value is its key plus the word itself (section 3.3)."""
        real = (source != self.pad_id)[..., None]
        words = self._embed(source, self.source_words, self.source_positions)
        x = words
        for layer in self.encoder:
            x = (x + layer(x * real)) * HALF  # a window must not see padding
        return torch.cat([x, (x + words) * HALF], dim=-1)

    def decode(
        self,
        target: Int[Tensor, "batch target"],
        memory: Float[Tensor, "batch source twice_d_model"],
        source_mask: Bool[Tensor, "batch 1 1 source"],
    ) -> Float[Tensor, "batch target vocab_size"]:
        """All positions at once, as in the Transformer; what must not be seen is outside the causal windows."""
        *_, (x, _) = self._layers(target, memory, source_mask)
        return self.output(self.dropout(x))

    def cross_attention(
        self,
        target: Int[Tensor, "batch target"],
        memory: Float[Tensor, "batch source twice_d_model"],
        source_mask: Bool[Tensor, "batch 1 1 source"],
        layer: int = -1,
    ) -> Float[Tensor, "batch 1 target source"]:
        """See `Seq2Seq.cross_attention`. Each layer has one head."""
        weights = [found for _, found in self._layers(target, memory, source_mask)]
        return weights[layer][:, None]

    def attention_maps(self, source: Int[Tensor, "batch source"], target: Int[Tensor, "batch target"]) -> AttentionMaps:
        """See `Seq2Seq.attention_maps`. Neither side looks at itself: it has convolutions for that."""
        layers = self._layers(target, self.encode(source), self.source_mask(source))
        return AttentionMaps([], [], [weights[:, None] for _, weights in layers])

    def _layers(
        self,
        target: Int[Tensor, "batch target"],
        memory: Float[Tensor, "batch source twice_d_model"],
        source_mask: Bool[Tensor, "batch 1 1 source"],
    ) -> Iterator[tuple[Float[Tensor, "batch target d_model"], Float[Tensor, "batch target source"]]]:
        """What each layer of the decoder makes of the target, and its attention weights."""
        keys, values = memory.chunk(2, dim=-1)
        words = self._embed(target, self.target_words, self.target_positions)
        x = words
        for convolution, query, answer in zip(self.decoder, self.queries, self.answers, strict=True):
            h = convolution(x)
            weights = masked_softmax(((query(h) + words) * HALF) @ keys.transpose(1, 2), source_mask[:, 0])
            x = (x + (h + answer(weights @ values)) * HALF) * HALF
            yield x, weights

    def _embed(self, tokens: Tensor, words: nn.Embedding, positions: nn.Embedding) -> Tensor:
        length = tokens.shape[1]
        check_length(length, self.max_length)
        return self.dropout(words(tokens) + positions(torch.arange(length, device=tokens.device)))
