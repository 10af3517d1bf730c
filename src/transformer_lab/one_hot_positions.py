"""Why a position may be *added* to a word: it is the same as appending a one-hot position and projecting both (C37)."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class OneHotPositions(nn.Module):
    """W [x; p] with p the one-hot vector of the position and W = [W_I  W_P].

    A one-hot vector picks a column: W [x; p] = W_I x + (column t of W_P). So the appended position is a learned vector
    that is added to the projected word, and a table of sines in place of W_P makes it the paper's encoding.
    """

    def __init__(self, max_length: int, d_input: int, d_model: int):
        super().__init__()
        self.projection = nn.Linear(d_input + max_length, d_model, bias=False)
        self.d_input = d_input

    def forward(self, x: Float[Tensor, "batch n d_input"]) -> Float[Tensor, "batch n d_model"]:
        """By appending, as it is written."""
        length, max_length = x.shape[1], self.projection.in_features - self.d_input
        one_hot = torch.eye(max_length, dtype=x.dtype, device=x.device)[:length]
        return self.projection(torch.cat([x, one_hot.expand(len(x), -1, -1)], dim=-1))

    def added(self, x: Float[Tensor, "batch n d_input"]) -> Float[Tensor, "batch n d_model"]:
        """By adding, as it is computed."""
        word, position = self.projection.weight.split([self.d_input, self.projection.in_features - self.d_input], dim=1)
        return x @ word.T + position.T[: x.shape[1]]
