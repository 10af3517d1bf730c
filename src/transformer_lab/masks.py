"""Masks. One convention everywhere: boolean, True = may attend, broadcastable to (batch, heads, queries, keys).

Masks combine with `&`: a decoder position may attend where it is causal *and* the key is not padding.
"""

import torch
from jaxtyping import Bool, Int
from torch import Tensor


def padding_mask(tokens: Int[Tensor, "batch keys"], pad_id: int) -> Bool[Tensor, "batch 1 1 keys"]:
    """True where a key is a real token: the same for every head and every query."""
    return (tokens != pad_id)[:, None, None, :]


def causal_mask(length: int, device: torch.device | str | None = None) -> Bool[Tensor, "length length"]:
    """True where the key stands at or before the query (section 3.2.3): position i sees positions 0…i."""
    return torch.ones(length, length, dtype=torch.bool, device=device).tril()
