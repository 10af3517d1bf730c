"""Cross-entropy with label smoothing (Vaswani et al. 2017, section 5.4; Szegedy et al. 2016)."""

from jaxtyping import Float, Int
from torch import Tensor


def label_smoothed_cross_entropy(
    logits: Float[Tensor, "batch target vocab_size"],
    targets: Int[Tensor, "batch target"],
    pad_id: int,
    smoothing: float = 0.0,
) -> Float[Tensor, ""]:
    """Mean over the tokens that are not padding of −Σ_v q(v) log p(v); 0 if all are padding.

    The wanted distribution q gives 1 − ε to the right token and spreads ε evenly over the whole vocabulary, the
    right token included: q(v) = (1 − ε)[v = right] + ε/V, with ε = `smoothing`. With z the logits,
    −Σ_v q(v) log p(v) = log Σ_v exp z_v − (1 − ε) z_right − ε mean(z), so log p is never written out: no second
    tensor of the size of the logits is kept for the backward pass but the one that logsumexp needs.
    """
    right = logits.gather(-1, targets.unsqueeze(-1)).squeeze(-1)
    loss = logits.logsumexp(-1) - (1 - smoothing) * right
    if smoothing:
        loss = loss - smoothing * logits.mean(-1)
    real = targets != pad_id
    return loss.masked_fill(~real, 0.0).sum() / real.sum().clamp(min=1)
