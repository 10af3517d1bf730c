"""Grouped-query attention (Ainslie et al. 2023): several heads ask, and share the keys and values that answer.

With one group it is multi-query attention (Shazeer 2019); with as many groups as heads it is multi-head attention.
"""

from dataclasses import dataclass

from einops import rearrange, repeat
from jaxtyping import Bool, Float
from torch import Tensor, nn

from transformer_lab.attention import attention_weights
from transformer_lab.errors import LabError
from transformer_lab.multihead import MultiHeadAttention
from transformer_lab.transformer import Transformer, TransformerConfig


class GroupedQueryAttention(MultiHeadAttention):
    """`num_heads` queries a position, and only `num_groups` keys and values, each shared by N = heads / groups heads.

    The projections to keys and values shrink N times, and so does what decoding keeps of every position. The scores
    do not: every head still compares its query with every key.

    Raises:
        LabError: `num_heads` is not divisible by `num_groups`.
    """

    def __init__(self, d_model: int, num_heads: int, num_groups: int):
        super().__init__(d_model, num_heads)
        check_groups(num_heads, num_groups)
        self.num_groups = num_groups
        self.key = nn.Linear(d_model, num_groups * self.d_head)
        self.value = nn.Linear(d_model, num_groups * self.d_head)

    def attend(
        self,
        query: Float[Tensor, "batch heads q d_head"],
        key: Float[Tensor, "batch kv_heads k d_head"],
        value: Float[Tensor, "batch kv_heads k d_head"],
        mask: Bool[Tensor, "#batch #heads #q #k"] | Bool[Tensor, "#q #k"] | None = None,
    ) -> Float[Tensor, "batch heads q d_head"]:
        """As in multi-head attention. The heads of a group stand in line as further queries: no key is copied."""
        queries = rearrange(query, "b (g s) n d -> b g (s n) d", g=self.num_groups)
        if mask is not None:
            mask = self._in_line(mask, query.shape[2])
        found = super().attend(queries, key, value, mask)
        return rearrange(found, "b g (s n) d -> b (g s) n d", n=query.shape[2])

    def _in_line(
        self, mask: Bool[Tensor, "#batch #heads #q #k"] | Bool[Tensor, "#q #k"], queries: int
    ) -> Bool[Tensor, "#batch #groups #rows #k"] | Bool[Tensor, "#rows #k"]:
        """The mask for a group's queries in line, head after head: each head has its own part, or all have the same."""
        share = self.num_heads // self.num_groups
        if mask.dim() == 4 and mask.shape[1] > 1:
            return rearrange(mask.expand(-1, -1, queries, -1), "b (g s) q k -> b g (s q) k", s=share)
        return repeat(mask, "... q k -> ... (s q) k", s=share) if mask.shape[-2] > 1 else mask

    def weights(
        self,
        x: Float[Tensor, "batch q d_model"],
        context: Float[Tensor, "batch k d_model"],
        mask: Bool[Tensor, "#batch #heads #q #k"] | Bool[Tensor, "#q #k"] | None = None,
    ) -> Float[Tensor, "batch heads q k"]:
        """See `MultiHeadAttention.weights`."""
        query, key, _ = self.project(x, context)
        return attention_weights(
            query, repeat(key, "b g n d -> b (g s) n d", s=self.num_heads // self.num_groups), mask
        )


@dataclass(frozen=True)
class GroupedQueryConfig(TransformerConfig):
    """The sizes of a Transformer whose heads share keys and values.

    Raises:
        LabError: as in TransformerConfig, or `num_heads` is not divisible by `num_groups`.
    """

    num_groups: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        check_groups(self.num_heads, self.num_groups)


class GroupedQueryTransformer(Transformer):
    """The Transformer with grouped-query attention in place of every multi-head attention."""

    def __init__(self, config: GroupedQueryConfig):
        super().__init__(config)
        sizes = (config.d_model, config.num_heads, config.num_groups)
        for layer in (*self.encoder.layers, *self.decoder.layers):
            layer.self_attention = GroupedQueryAttention(*sizes)
        for layer in self.decoder.layers:
            layer.cross_attention = GroupedQueryAttention(*sizes)
        self.initialise()


def check_groups(num_heads: int, num_groups: int) -> None:
    """Raises LabError when the heads cannot be shared out evenly."""
    if num_groups < 1 or num_heads % num_groups:
        raise LabError(
            f"num_heads={num_heads} is not divisible by num_groups={num_groups}; "
            "choose a number of groups that divides the heads"
        )
