"""A tiny vision Transformer (Dosovitskiy et al. 2021). For images to try it on, see `data.shapes`."""

from dataclasses import dataclass, fields

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from transformer_lab.data.shapes import SHAPES
from transformer_lab.data.shapes import draw_shapes as draw_shapes
from transformer_lab.errors import LabError
from transformer_lab.normalization import LayerNorm
from transformer_lab.prenorm import PreNormEncoderLayer
from transformer_lab.sizes import check_heads
from transformer_lab.transformer import Encoder


@dataclass(frozen=True)
class VisionConfig:
    """The sizes of a vision Transformer.

    Raises:
        LabError: a size is not positive, `d_model` is not divisible by `num_heads`, or the image cannot be cut into
            patches of this size.
    """

    image_size: int = 24
    patch_size: int = 6
    channels: int = 1
    classes: int = len(SHAPES)
    d_model: int = 48
    num_heads: int = 4
    d_ff: int = 96
    num_layers: int = 2
    dropout: float = 0.0

    def __post_init__(self) -> None:
        for size in fields(self):
            if size.type is int and getattr(self, size.name) < 1:
                raise LabError(f"{size.name}={getattr(self, size.name)} must be at least 1")
        if not 0 <= self.dropout < 1:
            raise LabError(f"dropout={self.dropout} must be at least 0 and below 1")
        check_heads(self.d_model, self.num_heads)
        if self.image_size % self.patch_size:
            raise LabError(
                f"image_size={self.image_size} is not divisible by patch_size={self.patch_size}; "
                "choose patches that tile the image"
            )

    @property
    def patches(self) -> int:
        """How many patches an image has: the length of the sequence, without the class token."""
        return (self.image_size // self.patch_size) ** 2


class VisionTransformer(nn.Module):
    """Cuts an image into patches and reads them like words; a class token asks all of them what is shown."""

    loops_over_tokens = False
    pad_id = -1  # no class: every image has one

    def __init__(self, config: VisionConfig):
        super().__init__()
        self.config = config
        width = config.channels * config.patch_size**2
        self.embedding = nn.Linear(width, config.d_model)
        self.class_token = nn.Parameter(torch.zeros(1, 1, config.d_model))
        self.position = nn.Parameter(0.02 * torch.randn(1, config.patches + 1, config.d_model))
        sizes = (config.d_model, config.num_heads, config.d_ff, config.dropout)
        layers = [PreNormEncoderLayer(*sizes) for _ in range(config.num_layers)]
        self.encoder = Encoder(layers, LayerNorm(config.d_model))
        self.output = nn.Linear(config.d_model, config.classes)

    def patches(self, images: Float[Tensor, "batch channels size size"]) -> Float[Tensor, "batch patches width"]:
        """Each patch's pixels as one vector, row by row."""
        p = self.config.patch_size
        return rearrange(images, "b c (y i) (x j) -> b (y x) (c i j)", i=p, j=p)

    def embed(self, images: Float[Tensor, "batch channels size size"]) -> Float[Tensor, "batch n d_model"]:
        """The class token and the patches, with their learned positions."""
        patches = self.embedding(self.patches(images))
        return torch.cat([self.class_token.expand(len(images), -1, -1), patches], dim=1) + self.position

    def forward(self, images: Float[Tensor, "batch channels size size"]) -> Float[Tensor, "batch classes"]:
        """The logits of every class."""
        return self.output(self.encoder(self.embed(images))[:, 0])
