"""Generated images of shapes, to try a vision model on: unlimited, and decided by a generator alone."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

SHAPES = ("disc", "square", "triangle", "cross")
"""What an image of `draw_shapes` shows, by its label."""


def draw_shapes(
    count: int, size: int = 24, generator: torch.Generator | None = None
) -> tuple[Float[Tensor, "count 1 size size"], Int[Tensor, " count"]]:
    """Images of one shape each, of random place, size and brightness, with noise; and which shape it is."""
    labels = torch.randint(len(SHAPES), (count,), generator=generator)

    def between(low: float, high: float) -> Float[Tensor, "count 1 1"]:
        return low + (high - low) * torch.rand(count, 1, 1, generator=generator)

    radius = between(size / 6, size / 3.5)
    place = torch.arange(size, dtype=torch.get_default_dtype()) + 0.5
    x = (place - between(size / 3, 2 * size / 3)) / radius
    y = (place[:, None] - between(size / 3, 2 * size / 3)) / radius
    drawn = torch.stack(
        [
            x.square() + y.square() < 1,
            (x.abs() < 0.85) & (y.abs() < 0.85),
            (y < 0.8) & (y > 2 * x.abs() - 1),
            ((x.abs() < 0.3) | (y.abs() < 0.3)) & (x.abs() < 1) & (y.abs() < 1),
        ]
    )
    chosen = drawn[labels, torch.arange(count)]
    noise = 0.2 * torch.randn(count, size, size, generator=generator)
    return (chosen * between(0.5, 1.0) + noise)[:, None], labels
