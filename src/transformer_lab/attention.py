"""Scaled dot-product attention (Vaswani et al. 2017, section 3.2.1, equation 1), one pure function a step.

Letters: `q` and `k` in a shape are the number of queries and of keys; `d_k` is the width of a query and of a key,
`d_v` the width of a value; `*batch` is any number of leading axes (batch, or batch and heads).
"""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def attention_scores(
    query: Float[Tensor, "*batch q d_k"], key: Float[Tensor, "*batch k d_k"]
) -> Float[Tensor, "*batch q k"]:
    """How well each query matches each key: QKᵀ/√d_k, before softmax.

    The division keeps the variance of a score at 1 when the entries of q and k are independent with variance 1
    (section 3.2.1, footnote 4).
    """
    d_k = query.shape[-1]
    return query @ key.transpose(-2, -1) / math.sqrt(d_k)


def masked_softmax(
    scores: Float[Tensor, "*batch q k"], mask: Bool[Tensor, "*#batch #q #k"] | None = None
) -> Float[Tensor, "*batch q k"]:
    """Softmax over the keys that `mask` allows; True = may attend (see `transformer_lab.masks`).

    A query that may attend to nothing gets weights of 0, not NaN, and sends no gradient back.
    """
    if mask is None:
        return scores.softmax(dim=-1)
    # The lowest finite number, not -inf: a row of -inf would be 0/0. After the subtraction of the row's maximum
    # it underflows to a weight of exactly 0 in every precision; only fully masked rows need the second fill.
    lowest = torch.finfo(scores.dtype).min
    weights = scores.masked_fill(~mask, lowest).softmax(dim=-1)
    return weights.masked_fill(~mask, 0.0)


def attention_weights(
    query: Float[Tensor, "*batch q d_k"],
    key: Float[Tensor, "*batch k d_k"],
    mask: Bool[Tensor, "*#batch #q #k"] | None = None,
) -> Float[Tensor, "*batch q k"]:
    """How much each query takes from each key: softmax(QKᵀ/√d_k). Every row sums to 1, or to 0 if fully masked."""
    return masked_softmax(attention_scores(query, key), mask)


def scaled_dot_product_attention(
    query: Float[Tensor, "*batch q d_k"],
    key: Float[Tensor, "*batch k d_k"],
    value: Float[Tensor, "*batch k d_v"],
    mask: Bool[Tensor, "*#batch #q #k"] | None = None,
) -> Float[Tensor, "*batch q d_v"]:
    """softmax(QKᵀ/√d_k)V (equation 1): each output is an average of the values, weighted by `attention_weights`."""
    return attention_weights(query, key, mask) @ value
