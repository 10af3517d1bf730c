"""A block that mixes convolution and attention (Lite Transformer, Wu et al. 2020): near and far, side by side."""

from dataclasses import dataclass

from jaxtyping import Bool, Float
from torch import Tensor, cat, nn

from transformer_lab.dropout import Dropout
from transformer_lab.errors import LabError
from transformer_lab.feedforward import FeedForward
from transformer_lab.multihead import MultiHeadAttention
from transformer_lab.normalization import LayerNorm
from transformer_lab.prenorm import PreNormTransformer
from transformer_lab.sizes import check_heads
from transformer_lab.transformer import Encoder, TransformerConfig


class LongShortBlock(nn.Module):
    """Half of the features attend to all positions, the other half pass a convolution over neighbours.

    Attention need not spend its weights on what stands beside a word anyway, and each branch is half as wide.

    Raises:
        LabError: `d_model` is odd, `kernel_size` is even, or half of `d_model` is no multiple of `num_heads`.
    """

    def __init__(self, d_model: int, num_heads: int, d_ff: int, kernel_size: int, dropout: float):
        super().__init__()
        check_branches(d_model, num_heads, kernel_size)
        half = d_model // 2
        self.self_attention = MultiHeadAttention(half, num_heads)
        # Depthwise: each feature has a window of its own; the linear layer before it mixes them.
        self.mix = nn.Linear(half, 2 * half)
        self.convolution = nn.Conv1d(half, half, kernel_size, padding=kernel_size // 2, groups=half)
        self.feed_forward = FeedForward(d_model, d_ff, dropout)
        self.norm1, self.norm2 = LayerNorm(d_model), LayerNorm(d_model)
        self.dropout = Dropout(dropout)

    def forward(
        self, x: Float[Tensor, "batch n d_model"], mask: Bool[Tensor, "batch 1 1 n"] | None = None
    ) -> Float[Tensor, "batch n d_model"]:
        """`mask` is True at real tokens: padding is neither attended to nor inside a window."""
        far, near = self.norm1(x).chunk(2, dim=-1)
        near = nn.functional.glu(self.mix(near), dim=-1)
        if mask is not None:
            near = near * mask[:, 0, 0, :, None]
        near = self.convolution(near.transpose(1, 2)).transpose(1, 2)
        x = x + self.dropout(cat([self.self_attention(far, far, mask), near], dim=-1))
        return x + self.dropout(self.feed_forward(self.norm2(x)))


def check_branches(d_model: int, num_heads: int, kernel_size: int) -> None:
    """Raises LabError as `LongShortBlock`."""
    if d_model % 2:
        raise LabError(f"d_model={d_model} is odd, and each branch takes one half; choose an even d_model")
    if kernel_size % 2 == 0:
        raise LabError(f"kernel_size={kernel_size} is even; a window needs a middle: choose an odd one")
    if d_model // 2 % max(1, num_heads):
        raise LabError(
            f"half of d_model={d_model} is not divisible by num_heads={num_heads}; "
            "choose d_model as a multiple of twice num_heads"
        )
    check_heads(d_model // 2, num_heads)


@dataclass(frozen=True)
class HybridConfig(TransformerConfig):
    """The sizes of a Transformer whose encoder mixes attention and convolution.

    Raises:
        LabError: as in TransformerConfig and `LongShortBlock`.
    """

    kernel_size: int = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        check_branches(self.d_model, self.num_heads, self.kernel_size)


class HybridTransformer(PreNormTransformer):
    """The pre-norm Transformer with `LongShortBlock` as the layers of its encoder."""

    def __init__(self, config: HybridConfig):
        super().__init__(config)
        sizes = (config.d_model, config.num_heads, config.d_ff, config.kernel_size, config.dropout)
        layers = [LongShortBlock(*sizes) for _ in range(config.num_layers)]
        self.encoder = Encoder(layers, LayerNorm(config.d_model))
        self.initialise()
