"""Linear attention (Katharopoulos et al. 2020): a kernel instead of the softmax, so that no n × n matrix is needed.

With φ(q)·φ(k) in place of exp(q·k), the sum over the keys can be taken before the query is known: Σ φ(k) vᵀ is one
d_k × d_v matrix, whatever the length. Compute and memory grow linearly with the length, not with its square.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from transformer_lab.multihead import MultiHeadAttention
from transformer_lab.transformer import Transformer, TransformerConfig


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


def linear_attention_weights(
    query: Float[Tensor, "*batch q d_k"],
    key: Float[Tensor, "*batch k d_k"],
    mask: Bool[Tensor, "*#batch #q #k"] | None = None,
) -> Float[Tensor, "*batch q k"]:
    """φ(q)·φ(k), divided by its sum over the keys that `mask` allows: the weights that linear attention never forms.

    For looking at. A query that may attend to nothing gets weights of 0.
    """
    products = feature_map(query) @ feature_map(key).transpose(-2, -1)
    if mask is not None:
        products = products * mask
    return _divided(products, products.sum(dim=-1, keepdim=True))


class LinearAttention(MultiHeadAttention):
    """Multi-head self-attention with φ(q)·φ(k) in place of exp(q·k), for both sides: an encoder's."""

    def attend(
        self,
        query: Float[Tensor, "batch heads q d_head"],
        key: Float[Tensor, "batch kv_heads k d_head"],
        value: Float[Tensor, "batch kv_heads k d_head"],
        mask: Bool[Tensor, "#batch #heads 1 #k"] | None = None,
    ) -> Float[Tensor, "batch heads q d_head"]:
        """What every head found. `mask` is the same for all queries."""
        return linear_attention(query, key, value, None if mask is None else mask[..., 0, :])

    def weights(
        self,
        x: Float[Tensor, "batch q d_model"],
        context: Float[Tensor, "batch k d_model"],
        mask: Bool[Tensor, "#batch #heads #q #k"] | Bool[Tensor, "#q #k"] | None = None,
    ) -> Float[Tensor, "batch heads q k"]:
        """See `MultiHeadAttention.weights`."""
        query, key, _ = self.project(x, context)
        return linear_attention_weights(query, key, mask)


class CausalLinearAttention(LinearAttention):
    """`LinearAttention` in which no query sees a later key, whatever the mask says: a decoder's."""

    def attend(
        self,
        query: Float[Tensor, "batch heads q d_head"],
        key: Float[Tensor, "batch kv_heads k d_head"],
        value: Float[Tensor, "batch kv_heads k d_head"],
        mask: Bool[Tensor, "#q #k"] | None = None,
    ) -> Float[Tensor, "batch heads q d_head"]:
        """What every head found. A single query is the newest token's, and all keys are its past."""
        if query.shape[-2] == 1:
            return linear_attention(query, key, value)
        return causal_linear_attention(query, key, value)


class LinearTransformer(Transformer):
    """The Transformer with linear attention in place of both self-attentions. Cross-attention keeps its softmax."""

    def __init__(self, config: TransformerConfig):
        super().__init__(config)
        for layer in self.encoder.layers:
            layer.self_attention = LinearAttention(config.d_model, config.num_heads)
        for layer in self.decoder.layers:
            layer.self_attention = CausalLinearAttention(config.d_model, config.num_heads)
        self.initialise()
