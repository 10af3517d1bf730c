"""Rotary positions (Su et al. 2021): queries and keys are turned by an angle that grows with their position.

Nothing is added to the words. The dot product of a query at position m and a key at position n depends on what they
are and on m − n alone, because of two rotations only their difference is left.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from transformer_lab.errors import LabError
from transformer_lab.multihead import MultiHeadAttention
from transformer_lab.positional import check_length, position_angles
from transformer_lab.transformer import Transformer, TransformerConfig


def rotate(
    x: Float[Tensor, "*batch n d"], cosine: Float[Tensor, "n half_d"], sine: Float[Tensor, "n half_d"]
) -> Float[Tensor, "*batch n d"]:
    """Turns each pair of features (2i, 2i + 1) of position t by the angle of [t, i] (Su et al. 2021, equation 34)."""
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack([even * cosine - odd * sine, even * sine + odd * cosine], dim=-1).flatten(-2)


class RotaryAttention(MultiHeadAttention):
    """Self-attention whose queries and keys are rotated; the values are not.

    Raises:
        LabError: `d_model` is not divisible by `num_heads`, or a head's width is odd.
    """

    def __init__(self, d_model: int, num_heads: int, max_length: int):
        super().__init__(d_model, num_heads)
        angle = position_angles(max_length, self.d_head)
        self.register_buffer("cosine", angle.cos().to(torch.get_default_dtype()), persistent=False)
        self.register_buffer("sine", angle.sin().to(torch.get_default_dtype()), persistent=False)

    def project(
        self, x: Float[Tensor, "batch q d_model"], context: Float[Tensor, "batch k d_model"], first: int = 0
    ) -> tuple[
        Float[Tensor, "batch heads q d_head"],
        Float[Tensor, "batch kv_heads k d_head"],
        Float[Tensor, "batch kv_heads k d_head"],
    ]:
        """As in multi-head attention, then rotated: the first token stands at position `first`."""
        query, key, value = super().project(x, context, first)
        return self.turn(query, first), self.turn(key, first), value

    def turn(self, heads: Float[Tensor, "batch heads n d_head"], first: int) -> Float[Tensor, "batch heads n d_head"]:
        """Raises LabError when the positions go beyond `max_length`."""
        end = first + heads.shape[2]
        check_length(end, len(self.cosine))
        return rotate(heads, self.cosine[first:end], self.sine[first:end])


class NoPositions(nn.Module):
    """Where the attention itself knows the positions, the embeddings get none."""

    def forward(self, x: Float[Tensor, "batch n d_model"], first: int = 0) -> Float[Tensor, "batch n d_model"]:
        """`x` as it is."""
        return x


class RotaryConfig(TransformerConfig):
    """The sizes of a Transformer with rotary positions.

    Raises:
        LabError: as in TransformerConfig, or the width of a head is odd.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.d_head % 2:
            raise LabError(
                f"d_model={self.d_model} with num_heads={self.num_heads} gives heads of odd width {self.d_head}; "
                "rotary positions turn pairs of features: choose other sizes"
            )


class RotaryTransformer(Transformer):
    """The Transformer with rotary self-attention. Cross-attention is as it was: its two sides count separately."""

    def __init__(self, config: RotaryConfig):
        super().__init__(config)
        self.position = NoPositions()
        for layer in (*self.encoder.layers, *self.decoder.layers):
            layer.self_attention = RotaryAttention(config.d_model, config.num_heads, config.max_length)
        self.initialise()
