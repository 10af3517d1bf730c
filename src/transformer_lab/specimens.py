"""Two mistaken readings of multi-head attention, kept as specimens for the book. Use `multihead` for anything else."""

from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from transformer_lab.attention import scaled_dot_product_attention
from transformer_lab.sizes import check_heads


class SplitBeforeProjection(nn.Module):
    """Mistake of claim C12: each head gets a slice of the input and projects that slice alone.

    A head's weights then depend on d_model / num_heads features of each word. No head can compare what two slices
    say, and the projections have num_heads times fewer parameters than the paper's.

    Raises:
        LabError: `d_model` is not divisible by `num_heads`.
    """

    def __init__(self, d_model: int, num_heads: int):
        super().__init__()
        check_heads(d_model, num_heads)
        self.num_heads = num_heads
        d_head = d_model // num_heads
        self.query = nn.ModuleList(nn.Linear(d_head, d_head) for _ in range(num_heads))
        self.key = nn.ModuleList(nn.Linear(d_head, d_head) for _ in range(num_heads))
        self.value = nn.ModuleList(nn.Linear(d_head, d_head) for _ in range(num_heads))
        self.output = nn.Linear(d_model, d_model)

    def forward(self, x: Float[Tensor, "batch n d_model"]) -> Float[Tensor, "batch n d_model"]:
        """Self-attention in this mistaken way."""
        slices = rearrange(x, "b n (h d) -> h b n d", h=self.num_heads)
        heads = [
            scaled_dot_product_attention(query(part), key(part), value(part))
            for query, key, value, part in zip(self.query, self.key, self.value, slices, strict=True)
        ]
        return self.output(rearrange(heads, "h b n d -> b n (h d)"))


class NarrowProjection(nn.Module):
    """Mistake of claims C27 and C29: the input is projected to d_head features in all, and these are split.

    Each head is left with d_head / num_heads features. The paper projects to num_heads × d_head features, so that
    each head has d_head of its own.

    Raises:
        LabError: `d_model` is not divisible by `num_heads`, or d_head is not.
    """

    def __init__(self, d_model: int, num_heads: int):
        super().__init__()
        check_heads(d_model, num_heads)
        check_heads(d_model // num_heads, num_heads)
        self.num_heads = num_heads
        d_head = d_model // num_heads
        self.query = nn.Linear(d_model, d_head)
        self.key = nn.Linear(d_model, d_head)
        self.value = nn.Linear(d_model, d_head)
        self.output = nn.Linear(d_head, d_model)

    def forward(self, x: Float[Tensor, "batch n d_model"]) -> Float[Tensor, "batch n d_model"]:
        """Self-attention in this mistaken way."""
        query, key, value = (
            rearrange(projection(x), "b n (h d) -> b h n d", h=self.num_heads)
            for projection in (self.query, self.key, self.value)
        )
        heads = scaled_dot_product_attention(query, key, value)
        return self.output(rearrange(heads, "b h n d -> b n (h d)"))
