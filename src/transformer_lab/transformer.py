"""The Transformer: encoder, decoder and the whole model (Vaswani et al. 2017, figure 1)."""

from collections.abc import Iterable
from dataclasses import dataclass

from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from transformer_lab.cache import CachedDecoder
from transformer_lab.dropout import Dropout
from transformer_lab.embedding import TiedEmbedding
from transformer_lab.errors import LabError
from transformer_lab.initialisation import glorot
from transformer_lab.layers import DecoderLayer, EncoderLayer
from transformer_lab.masks import causal_mask
from transformer_lab.multihead import watched
from transformer_lab.positional import SinusoidalPositionalEncoding
from transformer_lab.seq2seq import AttentionMaps, Seq2Seq
from transformer_lab.sizes import check_heads, check_sizes


@dataclass(frozen=True)
class TransformerConfig:
    """The sizes of a Transformer; the defaults are the paper's base model (table 3).

    Raises:
        LabError: a size is not positive, `d_model` is odd or no multiple of `num_heads`, `dropout` is not in [0, 1),
            or `pad_id` is not in the vocabulary.
    """

    vocab_size: int
    d_model: int = 512
    num_heads: int = 8
    d_ff: int = 2048
    num_layers: int = 6
    dropout: float = 0.1
    max_length: int = 512
    pad_id: int = 0

    def __post_init__(self) -> None:
        check_sizes(self)
        check_heads(self.d_model, self.num_heads)
        if self.d_model % 2:
            raise LabError(f"d_model={self.d_model} is odd; sinusoidal positions come in pairs: choose an even d_model")

    @property
    def d_head(self) -> int:
        """The width of one head."""
        return self.d_model // self.num_heads


class Encoder(nn.Module):
    """A stack of encoder layers; pre-norm stacks end in a norm."""

    def __init__(self, layers: Iterable[nn.Module], norm: nn.Module | None = None):
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.norm = norm or nn.Identity()

    def forward(
        self,
        x: Float[Tensor, "batch source d_model"],
        source_mask: Bool[Tensor, "#batch 1 #source source"] | None = None,
    ) -> Float[Tensor, "batch source d_model"]:
        """`x` through every layer in turn."""
        for layer in self.layers:
            x = layer(x, source_mask)
        return self.norm(x)


class Decoder(nn.Module):
    """A stack of decoder layers that all attend to the same memory; pre-norm stacks end in a norm."""

    def __init__(self, layers: Iterable[nn.Module], norm: nn.Module | None = None):
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.norm = norm or nn.Identity()

    def forward(
        self,
        x: Float[Tensor, "batch target d_model"],
        memory: Float[Tensor, "batch source d_model"],
        target_mask: Bool[Tensor, "#batch 1 target target"] | Bool[Tensor, "target target"] | None = None,
        source_mask: Bool[Tensor, "batch 1 1 source"] | None = None,
    ) -> Float[Tensor, "batch target d_model"]:
        """`x` through every layer in turn; each looks at the same `memory`."""
        for layer in self.layers:
            x = layer(x, memory, target_mask, source_mask)
        return self.norm(x)


class Transformer(Seq2Seq):
    """The encoder–decoder of figure 1, with one vocabulary and one embedding matrix for both languages."""

    encoder_layer: type[nn.Module] = EncoderLayer
    decoder_layer: type[nn.Module] = DecoderLayer

    def __init__(self, config: TransformerConfig):
        super().__init__()
        self.config = config
        self.pad_id = config.pad_id
        self.max_length = config.max_length
        sizes = (config.d_model, config.num_heads, config.d_ff, config.dropout)
        self.embedding = TiedEmbedding(config.vocab_size, config.d_model)
        self.position = SinusoidalPositionalEncoding(config.max_length, config.d_model)
        self.dropout = Dropout(config.dropout)
        self.encoder = Encoder(self.encoder_layer(*sizes) for _ in range(config.num_layers))
        self.decoder = Decoder(self.decoder_layer(*sizes) for _ in range(config.num_layers))
        self.initialise()

    def initialise(self) -> None:
        """The weights as they begin; see `glorot`."""
        glorot(self)

    def embed(self, tokens: Int[Tensor, "batch n"], first: int = 0) -> Float[Tensor, "batch n d_model"]:
        """Embedding plus position, with dropout (section 5.4). `first` is the position of the first token."""
        return self.dropout(self.position(self.embedding(tokens), first))

    def encode(self, source: Int[Tensor, "batch source"]) -> Float[Tensor, "batch source d_model"]:
        """The memory: one vector for every source token, not one for the sentence."""
        return self.encoder(self.embed(source), self.source_mask(source))

    def decode(
        self,
        target: Int[Tensor, "batch target"],
        memory: Float[Tensor, "batch source d_model"],
        source_mask: Bool[Tensor, "batch 1 1 source"],
    ) -> Float[Tensor, "batch target vocab_size"]:
        """Logits for the token after each position of `target`.

        Padding stands at the end of a target, where the causal mask already hides it from every real token.
        """
        target_mask = causal_mask(target.shape[1], target.device)
        return self.embedding.logits(self.decoder(self.embed(target), memory, target_mask, source_mask))

    def incremental(
        self, memory: Float[Tensor, "batch source d_model"], source_mask: Bool[Tensor, "batch 1 1 source"]
    ) -> CachedDecoder:
        """The decoder a token at a time, with the keys and values of all earlier tokens kept."""
        return CachedDecoder(self, memory, source_mask)

    def cross_attention(
        self,
        target: Int[Tensor, "batch target"],
        memory: Float[Tensor, "batch source d_model"],
        source_mask: Bool[Tensor, "batch 1 1 source"],
        layer: int = -1,
    ) -> Float[Tensor, "batch heads target source"]:
        """See `Seq2Seq.cross_attention`."""
        with watched([self.decoder.layers[layer].cross_attention]) as weights:
            self.decode(target, memory, source_mask)
        return weights[0]

    def attention_maps(self, source: Int[Tensor, "batch source"], target: Int[Tensor, "batch target"]) -> AttentionMaps:
        """See `Seq2Seq.attention_maps`: all three attentions, of every layer."""
        encoder = [layer.self_attention for layer in self.encoder.layers]
        decoder = [layer.self_attention for layer in self.decoder.layers]
        cross = [layer.cross_attention for layer in self.decoder.layers]
        with watched(encoder) as read, watched(decoder) as written, watched(cross) as found:
            self(source, target)
        return AttentionMaps(read, written, found)
