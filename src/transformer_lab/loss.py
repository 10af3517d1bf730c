"""Cross-entropy with label smoothing (Vaswani et al. 2017, section 5.4; Szegedy et al. 2016)."""

from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.autograd.function import once_differentiable

CHUNK = {"cpu": 2**17, "cuda": 2**25}  # logits worked on at once: on a processor, as many as its cache holds


def label_smoothed_cross_entropy(
    logits: Float[Tensor, "batch target vocab_size"],
    targets: Int[Tensor, "batch target"],
    pad_id: int,
    smoothing: float = 0.0,
) -> Float[Tensor, ""]:
    """Mean over the tokens that are not padding of −Σ_v q(v) log p(v); 0 if all are padding.

    The wanted distribution q gives 1 − ε to the right token and spreads ε evenly over the whole vocabulary, the
    right token included: q(v) = (1 − ε)[v = right] + ε/V, with ε = `smoothing`. So the sum is
    −(1 − ε) log p(right) − ε mean(log p): no tensor q is needed.

    The logits are by far the largest tensor of a training step. The backward pass turns them into their gradient in
    place, so that they exist once; afterwards they are gone (torch refuses a second use). Logits that no model
    computed, but somebody gave (a leaf of autograd's graph), are copied and stay.
    """
    rows, right = logits.flatten(0, -2), targets.flatten()
    if logits.is_leaf and logits.requires_grad:
        rows = rows.clone()
    real = right != pad_id
    if torch.compiler.is_compiling():  # a compiler fuses the formula by itself
        loss = _token_losses(rows, right, smoothing).masked_fill(~real, 0.0)
    else:
        loss = _InPlaceCrossEntropy.apply(rows, right, real, smoothing)
    return loss.sum() / real.sum().clamp(min=1)


def _token_losses(
    logits: Float[Tensor, "rows vocab_size"], right: Int[Tensor, " rows"], smoothing: float
) -> Float[Tensor, " rows"]:
    """−Σ_v q(v) log p(v) of every row, in float32 where the logits have half precision."""
    wide = torch.promote_types(logits.dtype, torch.float32)
    log_p = logits.log_softmax(-1, dtype=wide)
    loss = (smoothing - 1) * log_p.gather(-1, right[:, None]).squeeze(-1)
    return loss - smoothing * log_p.mean(-1) if smoothing else loss


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
        weight = gradient.masked_fill(~real, 0.0).to(logits.dtype)[:, None]
        for z, r, w in zip(logits.split(count), right.split(count), weight.split(count), strict=True):
            torch.softmax(z, -1, out=z)
            z.mul_(w)
            if smoothing:
                z.sub_(w * (smoothing / logits.shape[1]))
            z.scatter_add_(1, r[:, None], (smoothing - 1) * w)
        return logits, None, None, None
