"""Sliding-window attention (Beltagy et al. 2020, section 3.1): each position sees its neighbours only.

The weights are n × (2w + 1) instead of n × n; computed in blocks of w, n × 3w, some of them masked. Words further apart
meet only through several layers, as in a convolution: L layers reach L · w positions to each side.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from transformer_lab.attention import attention_weights, masked_softmax
from transformer_lab.errors import LabError
from transformer_lab.multihead import MultiHeadAttention
from transformer_lab.transformer import Transformer, TransformerConfig


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
    mask: Bool[Tensor, "*#batch #n #n"] | None = None,
) -> Float[Tensor, "*batch n d_v"]:
    """Attention under `sliding_window_mask`, and under `mask` where it is given, without weights of all pairs.

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
    if mask is not None:
        every = mask.expand(*mask.shape[:-2], length, length)
        seen = seen & every[..., here.clamp(max=length - 1), there.clamp(0, length - 1)]
    return (masked_softmax(scores, seen) @ values).flatten(-3, -2)[..., :length, :]


class WindowAttention(MultiHeadAttention):
    """Multi-head self-attention in which no head sees further than `window` positions to either side.

    Raises:
        LabError: `d_model` is not divisible by `num_heads`.
    """

    def __init__(self, d_model: int, num_heads: int, window: int):
        super().__init__(d_model, num_heads)
        self.window = window

    def attend(
        self,
        query: Float[Tensor, "batch heads q d_head"],
        key: Float[Tensor, "batch kv_heads k d_head"],
        value: Float[Tensor, "batch kv_heads k d_head"],
        mask: Bool[Tensor, "#batch #heads #q #k"] | Bool[Tensor, "#q #k"] | None = None,
    ) -> Float[Tensor, "batch heads q d_head"]:
        """What every head found: in blocks where they are fewer pairs than all, else under one mask."""
        if query.shape[-2] == key.shape[-2] > 3 * self.window:
            return sliding_window_attention(query, key, value, self.window, mask)
        return super().attend(query, key, value, self._near(query.shape[-2], key.shape[-2], mask, query.device))

    def weights(
        self,
        x: Float[Tensor, "batch q d_model"],
        context: Float[Tensor, "batch k d_model"],
        mask: Bool[Tensor, "#batch #heads #q #k"] | Bool[Tensor, "#q #k"] | None = None,
    ) -> Float[Tensor, "batch heads q k"]:
        """See `MultiHeadAttention.weights`: 0 beyond the window."""
        query, key, _ = self.project(x, context)
        return attention_weights(query, key, self._near(x.shape[1], context.shape[1], mask, x.device))

    def _near(self, queries: int, keys: int, mask: Tensor | None, device: torch.device) -> Bool[Tensor, "... q k"]:
        """The window's mask and `mask`. Fewer queries than keys are the last ones, as in decoding."""
        near = sliding_window_mask(keys, self.window, device)[keys - queries :]
        return near if mask is None else near & mask


@dataclass(frozen=True)
class WindowConfig(TransformerConfig):
    """The sizes of a Transformer whose self-attentions see a window.

    Raises:
        LabError: as in TransformerConfig.
    """

    window: int = 8


class WindowTransformer(Transformer):
    """The Transformer with `WindowAttention` in both stacks. Cross-attention sees the whole source."""

    def __init__(self, config: WindowConfig):
        super().__init__(config)
        for layer in (*self.encoder.layers, *self.decoder.layers):
            layer.self_attention = WindowAttention(config.d_model, config.num_heads, config.window)
        self.initialise()
