"""Blocks that lack a part, or have another in its place, kept as specimens for the book: what is each part for?

Stack them deep with `stack_of` and see, with `gradient_at_input` and `difference_between_tokens`, what is lost. Use
`layers` or `prenorm` for anything else.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from transformer_lab.initialisation import glorot
from transformer_lab.layers import EncoderLayer


class BareEncoderLayer(EncoderLayer):
    """The two sub-layers of `EncoderLayer` and nothing else: every token becomes an average, again and again."""

    def forward(
        self,
        x: Float[Tensor, "batch source d_model"],
        source_mask: Bool[Tensor, "batch 1 1 source"] | None = None,
    ) -> Float[Tensor, "batch source d_model"]:
        """Without residual path and norm."""
        x = self.dropout(self.self_attention(x, x, source_mask))
        return self.dropout(self.feed_forward(x))


class NormOnlyEncoderLayer(EncoderLayer):
    """`EncoderLayer` without its residual paths. Numbers stay in bounds; tokens merge (Dong et al. 2021)."""

    def forward(
        self,
        x: Float[Tensor, "batch source d_model"],
        source_mask: Bool[Tensor, "batch 1 1 source"] | None = None,
    ) -> Float[Tensor, "batch source d_model"]:
        """Norm of each sub-layer's output, without its input."""
        x = self.norm1(self.dropout(self.self_attention(x, x, source_mask)))
        return self.norm2(self.dropout(self.feed_forward(x)))


class ResidualOnlyEncoderLayer(EncoderLayer):
    """`EncoderLayer` without its norms. Sums grow with every sub-layer, and so do gradients."""

    def forward(
        self,
        x: Float[Tensor, "batch source d_model"],
        source_mask: Bool[Tensor, "batch 1 1 source"] | None = None,
    ) -> Float[Tensor, "batch source d_model"]:
        """Sums that nothing scales."""
        x = x + self.dropout(self.self_attention(x, x, source_mask))
        return x + self.dropout(self.feed_forward(x))


def batch_norm(
    x: Float[Tensor, "batch n d"],
    gamma: Float[Tensor, " d"],
    beta: Float[Tensor, " d"],
    real: Bool[Tensor, "batch n"] | None = None,
    eps: float = 1e-5,
) -> tuple[Float[Tensor, "batch n d"], Float[Tensor, " d"], Float[Tensor, " d"]]:
    """Each feature, shifted to mean 0 and scaled to variance 1 over *all tokens of the batch* (Ioffe & Szegedy 2015).

    Returns the result, the mean and the variance. A token then depends on the sentences beside its own and, unless
    `real` leaves padding out of the statistics, on how much padding there is: `layer_norm` on neither.
    """
    tokens = x.flatten(0, 1) if real is None else x[real]
    variance, mean = torch.var_mean(tokens, dim=0, correction=0)
    return (x - mean) * torch.rsqrt(variance + eps) * gamma + beta, mean, variance


class BatchNorm(nn.Module):
    """`batch_norm` with a learned γ and β in training; in evaluation with running averages of mean and variance.

    So a layer computes one thing in training and another in use. Compare `LayerNorm`, which has one way for both.
    """

    mean: Float[Tensor, " d_model"]
    variance: Float[Tensor, " d_model"]

    def __init__(self, d_model: int, momentum: float = 0.1, eps: float = 1e-5):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(d_model))
        self.bias = nn.Parameter(torch.zeros(d_model))
        self.register_buffer("mean", torch.zeros(d_model))
        self.register_buffer("variance", torch.ones(d_model))
        self.momentum, self.eps = momentum, eps

    def forward(
        self, x: Float[Tensor, "batch n d_model"], real: Bool[Tensor, "batch n"] | None = None
    ) -> Float[Tensor, "batch n d_model"]:
        """`real` is False at what the statistics leave out; without it, padding counts as any token."""
        if not self.training:
            return (x - self.mean) * torch.rsqrt(self.variance + self.eps) * self.weight + self.bias
        normed, mean, variance = batch_norm(x, self.weight, self.bias, real, self.eps)
        count = x.shape[0] * x.shape[1] if real is None else int(real.sum())
        with torch.no_grad():
            self.mean.lerp_(mean, self.momentum)
            # The running one is unbiased, as in the paper's algorithm 2; the one divided by is not.
            self.variance.lerp_(variance * (count / max(1, count - 1)), self.momentum)
        return normed


class BatchNormEncoderLayer(EncoderLayer):
    """`EncoderLayer` with batch normalisation, which sees padding and the sentences beside, in place of layer norm."""

    def __init__(self, d_model: int, num_heads: int, d_ff: int, dropout: float):
        super().__init__(d_model, num_heads, d_ff, dropout)
        self.norm1, self.norm2 = BatchNorm(d_model), BatchNorm(d_model)


def stack_of(
    layer: type[EncoderLayer], depth: int, d_model: int = 64, num_heads: int = 4, d_ff: int = 256
) -> nn.Module:
    """`depth` new layers without dropout, initialised as in `Transformer`, from torch's global generator."""
    stack = nn.Sequential(*(layer(d_model, num_heads, d_ff, 0.0) for _ in range(depth)))
    glorot(stack)
    return stack


def gradient_at_input(stack: nn.Module, x: Float[Tensor, "batch n d"], direction: Float[Tensor, "batch n d"]) -> float:
    """The length of the gradient that reaches the input of a stack when `direction` enters at its output."""
    x = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(stack(x), x, direction)
    return gradient.norm().item()


def difference_between_tokens(x: Float[Tensor, "batch n d"]) -> float:
    """The share of all length that is not the mean of a sequence's tokens: 0 where they have become one."""
    return ((x - x.mean(dim=1, keepdim=True)).norm() / x.norm()).item()
