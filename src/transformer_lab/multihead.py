"""Multi-head attention (Vaswani et al. 2017, section 3.2.2)."""

from einops import rearrange
from jaxtyping import Bool, Float
from torch import Tensor, nn

from transformer_lab.attention import attention_weights, scaled_dot_product_attention
from transformer_lab.errors import LabError


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
        if d_model % num_heads:
            raise LabError(
                f"d_model={d_model} is not divisible by num_heads={num_heads}; "
                "choose d_model as a multiple of num_heads"
            )
        self.num_heads = num_heads
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
        heads = scaled_dot_product_attention(
            self.split_heads(self.query(x)),
            self.split_heads(self.key(context)),
            self.split_heads(self.value(context)),
            mask,
        )
        return self.output(rearrange(heads, "b h n d -> b n (h d)"))

    def weights(
        self,
        x: Float[Tensor, "batch q d_model"],
        context: Float[Tensor, "batch k d_model"],
        mask: Bool[Tensor, "#batch #heads #q #k"] | Bool[Tensor, "#q #k"] | None = None,
    ) -> Float[Tensor, "batch heads q k"]:
        """The attention weights that `forward` uses, for looking at; training does not pay for it."""
        return attention_weights(self.split_heads(self.query(x)), self.split_heads(self.key(context)), mask)

    def split_heads(self, x: Float[Tensor, "batch n d_model"]) -> Float[Tensor, "batch heads n d_head"]:
        """Gives each head its slice of the projected features, and the heads an axis of their own."""
        return rearrange(x, "b n (h d) -> b h n d", h=self.num_heads)
