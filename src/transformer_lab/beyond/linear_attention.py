"""Linear attention (Katharopoulos et al. 2020): a kernel instead of the softmax, so that no n × n matrix is needed.

With φ(q)·φ(k) in place of exp(q·k), the sum over the keys can be taken before the query is known: Σ φ(k) vᵀ is one
d_k × d_v matrix, whatever the length. Compute and memory grow linearly with the length, not with its square.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def feature_map(x: Float[Tensor, "*batch n d_k"]) -> Float[Tensor, "*batch n d_k"]:
    """φ(x) = elu(x) + 1 (equation 7): positive everywhere, so that the weights are.

    Written as eˣ where x is negative: there elu(x) is eˣ − 1, and 1 more would round to 0 soon.
    """
    return torch.where(x > 0, x + 1, x.clamp(max=0).exp())


def linear_attention(
    query: Float[Tensor, "*batch q d_k"],
    key: Float[Tensor, "*batch k d_k"],
    value: Float[Tensor, "*batch k d_v"],
    mask: Bool[Tensor, "*#batch k"] | None = None,
) -> Float[Tensor, "*batch q d_v"]:
    """φ(q)ᵀ Σ φ(k) vᵀ / φ(q)ᵀ Σ φ(k) (equation 5), over the keys that `mask` allows, the same for every query."""
    q, k = feature_map(query), feature_map(key)
    if mask is not None:
        k = k * mask[..., None]
    summary = k.transpose(-2, -1) @ value  # (d_k, d_v): the length is gone
    total = k.sum(dim=-2)
    return _divided(q @ summary, q @ total[..., None])


def causal_linear_attention(
    query: Float[Tensor, "*batch n d_k"],
    key: Float[Tensor, "*batch n d_k"],
    value: Float[Tensor, "*batch n d_v"],
) -> Float[Tensor, "*batch n d_v"]:
    """The same, each query over the keys up to its own position (equation 9), all positions at once.

    Linear in n, but it keeps n matrices of d_k × d_v: more than n × n weights until n is larger than d_k · d_v.
    """
    q, k = feature_map(query), feature_map(key)
    summary = (k[..., :, None] * value[..., None, :]).cumsum(dim=-3)  # (n, d_k, d_v)
    total = k.cumsum(dim=-2)
    return _divided((q[..., None, :] @ summary)[..., 0, :], (q * total).sum(dim=-1, keepdim=True))


def recurrent_step(
    state: tuple[Float[Tensor, "*batch d_k d_v"], Float[Tensor, "*batch d_k"]],
    query: Float[Tensor, "*batch d_k"],
    key: Float[Tensor, "*batch d_k"],
    value: Float[Tensor, "*batch d_v"],
) -> tuple[Float[Tensor, "*batch d_v"], tuple[Tensor, Tensor]]:
    """One position of `causal_linear_attention` as a step of a recurrent network (equations 18–20).

    The state has one size for every length: what decoding keeps does not grow. Start from zeros.
    """
    q, k = feature_map(query), feature_map(key)
    summary, total = state[0] + k[..., :, None] * value[..., None, :], state[1] + k
    output = _divided((q[..., None, :] @ summary)[..., 0, :], (q * total).sum(dim=-1, keepdim=True))
    return output, (summary, total)


def _divided(weighted: Float[Tensor, "*batch d_v"], total: Float[Tensor, "*batch 1"]) -> Float[Tensor, "*batch d_v"]:
    """The weighted sum over the sum of the weights; 0, not 0/0, for a query that no key answers."""
    return weighted / total.masked_fill(total == 0, 1.0)
