"""Why a position may be *added* to a word: it is the same as appending a one-hot position and projecting both (C37)."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from transformer_lab.positional import check_length


class OneHotPositions(nn.Module):
    """W [x; p] with p the one-hot vector of the position and W = [W_I  W_P].

    A one-hot vector picks a column: W [x; p] = W_I x + (column t of W_P). So the appended position is a learned vector
    that is added to the projected word, and a table of sines in place of W_P makes it the paper's encoding.

    Raises:
        LabError: in a forward pass, when a sequence is longer than `max_length`.
    """

    def __init__(self, max_length: int, d_input: int, d_model: int):
        super().__init__()
        self.projection = nn.Linear(d_input + max_length, d_model, bias=False)
        self.d_input, self.max_length = d_input, max_length

    def forward(self, x: Float[Tensor, "batch n d_input"]) -> Float[Tensor, "batch n d_model"]:
        """By appending, as it is written."""
        check_length(x.shape[1], self.max_length)
        one_hot = torch.eye(self.max_length, dtype=x.dtype, device=x.device)[: x.shape[1]]
        return self.projection(torch.cat([x, one_hot.expand(len(x), -1, -1)], dim=-1))

    def added(self, x: Float[Tensor, "batch n d_input"]) -> Float[Tensor, "batch n d_model"]:
        """By adding, as it is computed."""
        check_length(x.shape[1], self.max_length)
        word, position = self.projection.weight.split([self.d_input, self.max_length], dim=1)
        return x @ word.T + position.T[: x.shape[1]]
