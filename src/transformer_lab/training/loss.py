"""Cross-entropy with label smoothing (Vaswani et al. 2017, section 5.4; Szegedy et al. 2016)."""

from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.autograd.function import once_differentiable

CHUNK = {"cpu": 2**17, "cuda": 2**25}  # logits worked on at once: on a processor, as many as its cache holds


def label_smoothed_cross_entropy(
    logits: Float[Tensor, "*rows vocab_size"],
    targets: Int[Tensor, "*shape"],
    pad_id: int,
    smoothing: float = 0.0,
) -> Float[Tensor, ""]:
    """Mean over the tokens that are not padding of −Σ_v q(v) log p(v); 0 if all are padding.

    The wanted distribution q gives 1 − ε to the right token and spreads ε evenly over the whole vocabulary, the
    right token included: q(v) = (1 − ε)[v = right] + ε/V, with ε = `smoothing`. So the sum is
    −(1 − ε) log p(right) − ε mean(log p): no tensor q is needed. There are as many targets as rows of logits.
    """
    real = targets != pad_id
    losses = _token_losses(logits.flatten(0, -2), targets.flatten(), smoothing)
    return losses.masked_fill(~real.flatten(), 0.0).sum() / real.sum().clamp(min=1)


def label_smoothed_cross_entropy_(
    logits: Float[Tensor, "*rows vocab_size"],
    targets: Int[Tensor, "*shape"],
    pad_id: int,
    smoothing: float = 0.0,
) -> Float[Tensor, ""]:
    """`label_smoothed_cross_entropy` for who needs the logits no more: the backward pass overwrites them.

    The logits are by far the largest tensor of a training step. They turn into their gradient in place and a few rows
    at a time, so that they exist once. What shares their memory is overwritten too. A compiler is given a formula whose
    gradient it can compute in one pass instead.
    """
    real = targets != pad_id
    if torch.compiler.is_compiling():
        losses = _traced_losses(logits.flatten(0, -2), targets.flatten(), smoothing).masked_fill(~real.flatten(), 0.0)
    else:
        losses = _InPlaceCrossEntropy.apply(logits.flatten(0, -2), targets.flatten(), real.flatten(), smoothing)
    return losses.sum() / real.sum().clamp(min=1)


def _token_losses(
    logits: Float[Tensor, "rows vocab_size"], right: Int[Tensor, " rows"], smoothing: float
) -> Float[Tensor, " rows"]:
    """−Σ_v q(v) log p(v) of every row, in float32 where the logits have half precision."""
    wide = torch.promote_types(logits.dtype, torch.float32)
    log_p = logits.log_softmax(-1, dtype=wide)
    loss = (smoothing - 1) * log_p.gather(-1, right[:, None]).squeeze(-1)
    return loss - smoothing * log_p.mean(-1) if smoothing else loss


def _traced_losses(
    logits: Float[Tensor, "rows vocab_size"], right: Int[Tensor, " rows"], smoothing: float
) -> Float[Tensor, " rows"]:
    """`_token_losses` by −log p(v) = logsumexp(z) − z_v, for a compiler.

    A logit's gradient then needs that logit and two numbers of its row. The gradient of `gather` would be a second
    tensor as large as the logits, in float32.
    """
    z = logits.to(torch.promote_types(logits.dtype, torch.float32))
    z = z - z.detach().amax(-1, keepdim=True)  # else the small loss of a sure row is lost in rounding
    words = torch.arange(z.shape[-1], device=z.device)
    loss = z.logsumexp(-1) - (1 - smoothing) * z.where(words == right[:, None], 0.0).sum(-1)
    return loss - smoothing * z.mean(-1) if smoothing else loss


class _InPlaceCrossEntropy(torch.autograd.Function):
    """`_token_losses` of the rows that are `real`, a few rows at a time, and 0 for the others."""

    @staticmethod
    def forward(
        context: Any,
        logits: Float[Tensor, "rows vocab_size"],
        right: Int[Tensor, " rows"],
        real: Bool[Tensor, " rows"],
        smoothing: float,
    ) -> Float[Tensor, " rows"]:
        context.save_for_backward(logits, right, real)
        context.smoothing = smoothing
        count = max(1, CHUNK.get(logits.device.type, 2**25) // logits.shape[1])
        context.rows_at_once = count
        losses = [_token_losses(z, r, smoothing) for z, r in zip(logits.split(count), right.split(count), strict=True)]
        return torch.cat(losses).masked_fill_(~real, 0.0)

    @staticmethod
    @once_differentiable
    def backward(context: Any, gradient: Float[Tensor, " rows"]) -> tuple[Tensor | None, ...]:
        """dloss/dz = p − q in every row, times the row's share of the gradient."""
        logits, right, real = context.saved_tensors
        smoothing, count = context.smoothing, context.rows_at_once
        wide = torch.promote_types(logits.dtype, torch.float32)
        weight = gradient.masked_fill(~real, 0.0).to(wide)[:, None]
        for z, r, w in zip(logits.split(count), right.split(count), weight.split(count), strict=True):
            # p − q of a right and certain prediction is a small difference: half precision would lose it.
            p = torch.softmax(z, -1, out=z) if z.dtype == wide else z.softmax(-1, dtype=wide)
            p.mul_(w)
            if smoothing:
                p.sub_(w * (smoothing / logits.shape[1]))
            p.scatter_add_(1, r[:, None], (smoothing - 1) * w)
            if p is not z:
                z.copy_(p)
        return logits, None, None, None
