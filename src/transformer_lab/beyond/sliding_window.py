"""Sliding-window attention (Beltagy et al. 2020, section 3.1): each position sees its neighbours only.

The weights are n × (2w + 1) instead of n × n; computed in blocks of w, n × 3w, some of them masked. Words further apart
meet only through several layers, as in a convolution: L layers reach L · w positions to each side.
"""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from transformer_lab.attention import masked_softmax
from transformer_lab.errors import LabError


def sliding_window_mask(
    length: int, window: int, device: torch.device | str | None = None
) -> Bool[Tensor, "length length"]:
    """True where query and key are at most `window` positions apart."""
    position = torch.arange(length, device=device)
    return (position[:, None] - position).abs() <= window


def sliding_window_attention(
    query: Float[Tensor, "*batch n d_k"],
    key: Float[Tensor, "*batch n d_k"],
    value: Float[Tensor, "*batch n d_v"],
    window: int,
) -> Float[Tensor, "*batch n d_v"]:
    """Attention under `sliding_window_mask`, without a matrix of all pairs.

    The sequence is cut into blocks of `window` positions. A block's queries find all their keys in the block, the one
    before it and the one after it.

    Raises:
        LabError: `window` is below 1.
    """
    if window < 1:
        raise LabError(f"window={window} must be at least 1")
    length = query.shape[-2]
    blocks = -(-length // window)
    rest = blocks * window - length
    pad = torch.nn.functional.pad
    queries = pad(query, (0, 0, 0, rest)).unflatten(-2, (blocks, window))
    # One more block at either end; unfold gives each block its three, with the positions last.
    keys = pad(key, (0, 0, window, rest + window)).unfold(-2, 3 * window, window)  # (blocks, d_k, 3w)
    values = pad(value, (0, 0, window, rest + window)).unfold(-2, 3 * window, window).transpose(-2, -1)
    scores = queries @ keys / math.sqrt(query.shape[-1])
    here = torch.arange(blocks * window, device=query.device).view(blocks, window, 1)
    there = here[:, :1] - window + torch.arange(3 * window, device=query.device)
    seen = ((here - there).abs() <= window) & (there >= 0) & (there < length)
    return (masked_softmax(scores, seen) @ values).flatten(-3, -2)[..., :length, :]
