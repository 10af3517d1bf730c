"""Absolute positions, added to the embeddings: sinusoidal (Vaswani et al. 2017, section 3.5) or learned."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from transformer_lab.errors import LabError


def sinusoidal_encoding(length: int, d_model: int) -> Float[Tensor, "length d_model"]:
    """Features 2i and 2i+1 of position t are sin(ω_i t) and cos(ω_i t) with ω_i = 10000^(-2i/d_model).

    Raises:
        LabError: `d_model` is odd, so that a sine would lack its cosine.
    """
    angle = position_angles(length, d_model)
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(-2).to(torch.get_default_dtype())


def position_angles(length: int, d: int) -> Float[Tensor, "length half_d"]:
    """ω_i t for positions t = 0, 1, … and i = 0 … d/2 − 1, with ω_i = 10000^(-2i/d), in radians.

    In float64, because float32 loses a whole radian's digits at large t; to be rounded at the very end.

    Raises:
        LabError: `d` is odd.
    """
    if d % 2:
        raise LabError(f"d_model={d} is odd; sinusoidal positions come in pairs: choose an even d_model")
    position = torch.arange(length, dtype=torch.float64)[:, None]
    return position * 10000.0 ** (-torch.arange(0, d, 2, dtype=torch.float64) / d)


def check_length(length: int, max_length: int) -> None:
    """Raises LabError when a sequence is longer than the model has positions."""
    if length > max_length:
        raise LabError(
            f"a sequence of {length} tokens is longer than the model's max_length={max_length}; "
            "shorten the sentence or build the model with a larger max_length"
        )


class PositionalEncoding(nn.Module):
    """Adds the row `encoding[t]` to the token at position t."""

    encoding: Float[Tensor, "max_length d_model"]

    def forward(self, x: Float[Tensor, "batch n d_model"], first: int = 0) -> Float[Tensor, "batch n d_model"]:
        """`first` is the position of the first token of `x`.

        Raises:
            LabError: the sequence is longer than `max_length`.
        """
        end = first + x.shape[1]
        check_length(end, len(self.encoding))
        return x + self.encoding[first:end]


class SinusoidalPositionalEncoding(PositionalEncoding):
    """Adds `sinusoidal_encoding` to the embeddings of a sequence of at most `max_length` tokens."""

    def __init__(self, max_length: int, d_model: int):
        super().__init__()
        self.register_buffer("encoding", sinusoidal_encoding(max_length, d_model), persistent=False)


class LearnedPositionalEncoding(PositionalEncoding):
    """Adds a learned vector for each position (Gehring et al. 2017, section 3.1).

    The paper found it no better than sinusoids (table 3, row E). A position that no training sentence reached keeps
    its random vector: such a model cannot read sentences longer than those it was trained on.
    """

    def __init__(self, max_length: int, d_model: int):
        super().__init__()
        self.encoding = nn.Parameter(torch.randn(max_length, d_model) / math.sqrt(d_model))
