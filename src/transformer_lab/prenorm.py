"""Pre-norm layers: x + Dropout(Sublayer(LayerNorm(x))), today's default (Xiong et al. 2020).

The residual path from the first layer to the last is free of normalisation; one final LayerNorm follows the stack.
"""

from jaxtyping import Bool, Float
from torch import Tensor

from transformer_lab.layers import DecoderLayer, EncoderLayer
from transformer_lab.normalization import LayerNorm
from transformer_lab.transformer import Decoder, Encoder, Transformer, TransformerConfig


class PreNormEncoderLayer(EncoderLayer):
    """The parts of `EncoderLayer`, with each norm before its sub-layer."""

    def forward(
        self,
        x: Float[Tensor, "batch source d_model"],
        source_mask: Bool[Tensor, "#batch 1 #source source"] | None = None,
    ) -> Float[Tensor, "batch source d_model"]:
        """As in `EncoderLayer`, but `x` itself passes by the norms."""
        h = self.norm1(x)
        x = x + self.dropout(self.self_attention(h, h, source_mask))
        return x + self.dropout(self.feed_forward(self.norm2(x)))


class PreNormDecoderLayer(DecoderLayer):
    """The parts of `DecoderLayer`, with each norm before its sub-layer."""

    def forward(
        self,
        x: Float[Tensor, "batch target d_model"],
        memory: Float[Tensor, "batch source d_model"],
        target_mask: Bool[Tensor, "#batch 1 target target"] | Bool[Tensor, "target target"] | None = None,
        source_mask: Bool[Tensor, "batch 1 1 source"] | None = None,
    ) -> Float[Tensor, "batch target d_model"]:
        """As in `DecoderLayer`, but `x` itself passes by the norms."""
        h = self.norm1(x)
        x = x + self.dropout(self.self_attention(h, h, target_mask))
        x = x + self.dropout(self.cross_attention(self.norm2(x), memory, source_mask))
        return x + self.dropout(self.feed_forward(self.norm3(x)))


class PreNormTransformer(Transformer):
    """The Transformer with pre-norm layers and a final norm after each stack."""

    encoder_layer = PreNormEncoderLayer
    decoder_layer = PreNormDecoderLayer

    def __init__(self, config: TransformerConfig):
        super().__init__(config)
        self.encoder = Encoder(self.encoder.layers, LayerNorm(config.d_model))
        self.decoder = Decoder(self.decoder.layers, LayerNorm(config.d_model))
