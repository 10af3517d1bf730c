"""The layers of the 2017 paper: LayerNorm(x + Dropout(Sublayer(x))), now called post-norm (sections 3.1 and 5.4)."""

from jaxtyping import Bool, Float
from torch import Tensor, nn

from transformer_lab.dropout import Dropout
from transformer_lab.feedforward import FeedForward
from transformer_lab.multihead import MultiHeadAttention
from transformer_lab.normalization import LayerNorm


class EncoderLayer(nn.Module):
    """Self-attention over the source, then the feed-forward network."""

    def __init__(self, d_model: int, num_heads: int, d_ff: int, dropout: float):
        super().__init__()
        self.self_attention = MultiHeadAttention(d_model, num_heads)
        self.feed_forward = FeedForward(d_model, d_ff, dropout)
        self.norm1 = LayerNorm(d_model)
        self.norm2 = LayerNorm(d_model)
        self.dropout = Dropout(dropout)

    def forward(
        self,
        x: Float[Tensor, "batch source d_model"],
        source_mask: Bool[Tensor, "#batch 1 #source source"] | None = None,
    ) -> Float[Tensor, "batch source d_model"]:
        """Each token looks at the source, then is worked on alone."""
        x = self.norm1(x + self.dropout(self.self_attention(x, x, source_mask)))
        return self.norm2(x + self.dropout(self.feed_forward(x)))


class DecoderLayer(nn.Module):
    """Masked self-attention over the target, cross-attention to the source, then the feed-forward network."""

    def __init__(self, d_model: int, num_heads: int, d_ff: int, dropout: float):
        super().__init__()
        self.self_attention = MultiHeadAttention(d_model, num_heads)
        self.cross_attention = MultiHeadAttention(d_model, num_heads)
        self.feed_forward = FeedForward(d_model, d_ff, dropout)
        self.norm1 = LayerNorm(d_model)
        self.norm2 = LayerNorm(d_model)
        self.norm3 = LayerNorm(d_model)
        self.dropout = Dropout(dropout)

    def forward(
        self,
        x: Float[Tensor, "batch target d_model"],
        memory: Float[Tensor, "batch source d_model"],
        target_mask: Bool[Tensor, "#batch 1 target target"] | Bool[Tensor, "target target"] | None = None,
        source_mask: Bool[Tensor, "batch 1 1 source"] | None = None,
    ) -> Float[Tensor, "batch target d_model"]:
        """Each token looks back, then at the source, then is worked on alone."""
        x = self.norm1(x + self.dropout(self.self_attention(x, x, target_mask)))
        x = self.norm2(x + self.dropout(self.cross_attention(x, memory, source_mask)))
        return self.norm3(x + self.dropout(self.feed_forward(x)))
