"""Multi-head attention (Vaswani et al. 2017, section 3.2.2)."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from einops import rearrange
from jaxtyping import Bool, Float
from torch import Tensor, nn

from transformer_lab.attention import attention_weights, scaled_dot_product_attention
from transformer_lab.fused_attention import fused_attention
from transformer_lab.sizes import check_heads

# Keys: as many as a kernel's tile has. The weights of 25,000 tokens and 8 heads then take 0.15 GB an attention, in bf16
# and in float32 together.
SHORT = 128


class MultiHeadAttention(nn.Module):
    """Several attentions side by side, each on its own projection of the whole input.

    Each head's d_model × d_head projection is a slice of columns of one d_model × d_model matrix, so all heads
    are computed by one matrix product. The same module serves self-attention (`context` is `x`) and
    cross-attention (`context` is the encoder's output).

    Raises:
        LabError: `d_model` is not divisible by `num_heads`.
    """

    def __init__(self, d_model: int, num_heads: int):
        super().__init__()
        check_heads(d_model, num_heads)
        self.num_heads = num_heads
        self.d_head = d_model // num_heads
        self.query = nn.Linear(d_model, d_model)
        self.key = nn.Linear(d_model, d_model)
        self.value = nn.Linear(d_model, d_model)
        self.output = nn.Linear(d_model, d_model)

    def forward(
        self,
        x: Float[Tensor, "batch q d_model"],
        context: Float[Tensor, "batch k d_model"],
        mask: Bool[Tensor, "#batch #heads #q #k"] | Bool[Tensor, "#q #k"] | None = None,
    ) -> Float[Tensor, "batch q d_model"]:
        """Each position of `x` asks `context`: queries come from `x`, keys and values from `context`."""
        return self.mix(self.attend(*self.project(x, context), mask))

    def project(
        self, x: Float[Tensor, "batch q d_model"], context: Float[Tensor, "batch k d_model"], first: int = 0
    ) -> tuple[
        Float[Tensor, "batch heads q d_head"],
        Float[Tensor, "batch kv_heads k d_head"],
        Float[Tensor, "batch kv_heads k d_head"],
    ]:
        """Queries of `x`, keys and values of `context`, each split into heads.

        `first` is the position of the first token. Nothing here depends on it: see `rotary`, where it does.
        """
        return (
            self.split_heads(self.query(x)),
            self.split_heads(self.key(context)),
            self.split_heads(self.value(context)),
        )

    def attend(
        self,
        query: Float[Tensor, "batch heads q d_head"],
        key: Float[Tensor, "batch kv_heads k d_head"],
        value: Float[Tensor, "batch kv_heads k d_head"],
        mask: Bool[Tensor, "#batch #heads #q #k"] | Bool[Tensor, "#q #k"] | None = None,
    ) -> Float[Tensor, "batch heads q d_head"]:
        """What every head found.

        On a processor the formula itself: at the lengths of sentences it is as fast as the fused kernel, and more
        precise in its backward pass where scores are very large, because it keeps the weights that the kernel has to
        compute again. The formula also where sentences are short and a compiler fuses it: the kernel works on tiles
        far larger than they are.
        """
        fused_by_compiler = torch.compiler.is_compiling() and key.shape[-2] <= SHORT
        plain = not query.is_cuda or fused_by_compiler
        attention = scaled_dot_product_attention if plain else fused_attention
        return attention(query, key, value, mask)

    def mix(self, heads: Float[Tensor, "batch heads q d_head"]) -> Float[Tensor, "batch q d_model"]:
        """All heads side by side, through the output projection."""
        return self.output(rearrange(heads, "b h n d -> b n (h d)"))

    def weights(
        self,
        x: Float[Tensor, "batch q d_model"],
        context: Float[Tensor, "batch k d_model"],
        mask: Bool[Tensor, "#batch #heads #q #k"] | Bool[Tensor, "#q #k"] | None = None,
    ) -> Float[Tensor, "batch heads q k"]:
        """The attention weights that `forward` uses, for looking at; training does not pay for it."""
        query, key, _ = self.project(x, context)
        return attention_weights(query, key, mask)

    def split_heads(self, x: Float[Tensor, "batch n width"]) -> Float[Tensor, "batch heads n d_head"]:
        """Gives each head its slice of the projected features, and the heads an axis of their own."""
        return rearrange(x, "b n (h d) -> b h n d", d=self.d_head)


@contextmanager
def watched(attentions: Iterable[nn.Module]) -> Iterator[list[Float[Tensor, "batch heads q k"]]]:
    """Within it, the weights of these modules, in the order in which they are called: a list that grows.

    What reaches a module is caught on its way and its weights are computed a second time, by its method `weights`.
    Nothing else changes.
    """
    seen: list[Tensor] = []
    hooks = [
        attention.register_forward_pre_hook(lambda module, inputs: seen.append(module.weights(*inputs)))
        for attention in attentions
    ]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()
