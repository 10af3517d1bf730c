"""Positional encoding (Vaswani et al. 2017, section 3.5)."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from transformer_lab.errors import LabError


def sinusoidal_encoding(length: int, d_model: int) -> Float[Tensor, "length d_model"]:
    """Features 2i and 2i+1 of position t are sin(ω_i t) and cos(ω_i t) with ω_i = 10000^(-2i/d_model).

    Raises:
        LabError: `d_model` is odd, so that a sine would lack its cosine.
    """
    if d_model % 2:
        raise LabError(f"d_model={d_model} is odd; sinusoidal positions come in pairs: choose an even d_model")
    position = torch.arange(length, dtype=torch.float64)[:, None]
    frequency = 10000.0 ** (-torch.arange(0, d_model, 2, dtype=torch.float64) / d_model)
    # In float64, because float32 loses a whole radian's digits at large t; rounded once at the end.
    angle = position * frequency
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(-2).to(torch.get_default_dtype())


class SinusoidalPositionalEncoding(nn.Module):
    """Adds `sinusoidal_encoding` to the embeddings of a sequence of at most `max_length` tokens."""

    def __init__(self, max_length: int, d_model: int):
        super().__init__()
        self.register_buffer("encoding", sinusoidal_encoding(max_length, d_model), persistent=False)

    def forward(self, x: Float[Tensor, "batch n d_model"]) -> Float[Tensor, "batch n d_model"]:
        """
        Raises:
            LabError: the sequence is longer than `max_length`.
        """
        length, max_length = x.shape[1], self.encoding.shape[0]
        if length > max_length:
            raise LabError(
                f"a sequence of {length} tokens is longer than the model's max_length={max_length}; "
                "shorten the sentence or build the model with a larger max_length"
            )
        return x + self.encoding[:length]
