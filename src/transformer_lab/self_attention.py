"""Self-attention with one head: queries, keys and values from the same sequence (Vaswani et al. 2017, section 3.2).

Letters: `n` is the number of tokens, `d_k` the width of queries and keys, `d_v` the width of values.
"""

from jaxtyping import Bool, Float
from torch import Tensor, nn

from transformer_lab.attention import attention_weights, scaled_dot_product_attention


class SelfAttention(nn.Module):
    """Q = XW^Q, K = XW^K, V = XW^V, then attention among the tokens of one sequence.

    No bias and no output projection: the three matrices of the formula, nothing else.
    """

    def __init__(self, d_model: int, d_k: int, d_v: int):
        super().__init__()
        self.query = nn.Linear(d_model, d_k, bias=False)
        self.key = nn.Linear(d_model, d_k, bias=False)
        self.value = nn.Linear(d_model, d_v, bias=False)

    def forward(
        self,
        x: Float[Tensor, "*batch n d_model"],
        mask: Bool[Tensor, "*#batch #n #n"] | None = None,
    ) -> Float[Tensor, "*batch n d_v"]:
        """For each token, the average of all values, weighted by `weights`."""
        query, key, value = self.query(x), self.key(x), self.value(x)
        return scaled_dot_product_attention(query, key, value, mask)

    def weights(
        self,
        x: Float[Tensor, "*batch n d_model"],
        mask: Bool[Tensor, "*#batch #n #n"] | None = None,
    ) -> Float[Tensor, "*batch n n"]:
        """The attention weights that `forward` uses, for looking at."""
        return attention_weights(self.query(x), self.key(x), mask)
