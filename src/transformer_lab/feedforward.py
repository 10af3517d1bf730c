"""The position-wise feed-forward network (Vaswani et al. 2017, section 3.3, equation 2)."""

from jaxtyping import Float
from torch import Tensor, nn

from transformer_lab.dropout import Dropout


class FeedForward(nn.Module):
    """ReLU(xW₁ + b₁)W₂ + b₂: the same two layers at every position, `d_ff` wide in between."""

    def __init__(self, d_model: int, d_ff: int, dropout: float):
        super().__init__()
        self.inner = nn.Linear(d_model, d_ff)
        self.outer = nn.Linear(d_ff, d_model)
        self.dropout = Dropout(dropout)

    def forward(self, x: Float[Tensor, "batch n d_model"]) -> Float[Tensor, "batch n d_model"]:
        """Each position by itself: attention alone connects them."""
        return self.outer(self.dropout(self.inner(x).relu()))
