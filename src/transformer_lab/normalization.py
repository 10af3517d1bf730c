"""Layer normalisation (Ba et al. 2016)."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


def layer_norm(
    x: Float[Tensor, "*batch d"],
    gamma: Float[Tensor, " d"],
    beta: Float[Tensor, " d"],
    eps: float = 1e-5,
) -> Float[Tensor, "*batch d"]:
    """Each token's features, shifted to mean 0 and scaled to variance 1, then γ· + β (Ba et al. 2016, equation 4).

    No other token takes part, so neither padding nor the rest of the batch changes the result.
    """
    variance, mean = torch.var_mean(x, dim=-1, correction=0, keepdim=True)
    return (x - mean) * torch.rsqrt(variance + eps) * gamma + beta


class LayerNorm(nn.Module):
    """`layer_norm` with a learned γ (`weight`) and β (`bias`), one number a feature each.

    Computed by torch's kernel, which reads and writes memory once instead of once an operation.
    """

    def __init__(self, d_model: int, eps: float = 1e-5):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(d_model))
        self.bias = nn.Parameter(torch.zeros(d_model))
        self.eps = eps

    def forward(self, x: Float[Tensor, "*batch d_model"]) -> Float[Tensor, "*batch d_model"]:
        """Every token by itself, over its own features."""
        return nn.functional.layer_norm(x, self.weight.shape, self.weight, self.bias, self.eps)
