"""The front page's picture: words in a row, joined by arcs as strong as the attention between them."""

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import ArrayLike

_STEP, _BASE, _WIDTH = 140, 190, 720


def cover(words: Sequence[str], weights: ArrayLike, *, query: int, label: str) -> str:
    """Inline SVG of `words` above which an arc of width ∝ weight joins each pair; those of `query` stand out.

    `weights` is (len(words), len(words)). Colours are the theme's, as in `book_tools.style`.
    """
    matrix = np.asarray(weights, dtype=float)
    if matrix.shape != (len(words), len(words)):
        raise ValueError(f"weights have shape {matrix.shape} for {len(words)} words")
    left = _WIDTH / 2 - _STEP * (len(words) - 1) / 2
    x = [left + _STEP * i for i in range(len(words))]
    arcs, front = [], []
    for (i, j), weight in np.ndenumerate(matrix):
        if i == j:
            continue
        rise = 0.62 * abs(x[j] - x[i]) * _BASE / (0.62 * _STEP * (len(words) - 1)) * 1.25
        colour, opacity = ("--fig-vermilion", 0.9) if i == query else ("--fig-blue", 0.28)
        path = (
            f'<path d="M{x[i]:.0f} {_BASE}C{x[i]:.0f} {_BASE - rise:.0f} {x[j]:.0f} {_BASE - rise:.0f} '
            f'{x[j]:.0f} {_BASE}" style="stroke: var({colour}); stroke-width: {max(22 * weight, 0.4):.2f}; '
            f'opacity: {opacity}"/>'
        )
        (front if i == query else arcs).append(path)
    texts = [
        f'<text x="{x[i]:.0f}" y="{_BASE + 34}" style="fill: var({"--fig-vermilion" if i == query else "--fig-ink"})">'
        f'{escape(word)}</text><circle cx="{x[i]:.0f}" cy="{_BASE}" r="6" '
        f'style="fill: var({"--fig-vermilion" if i == query else "--fig-blue"})"/>'
        for i, word in enumerate(words)
    ]
    return (
        f'<div class="cover"><svg viewBox="0 0 {_WIDTH} {_BASE + 50}" role="img" aria-label="{escape(label)}">'
        f'<g fill="none" stroke-linecap="round">{"".join(arcs)}{"".join(front)}</g>'
        f'<g text-anchor="middle" font-size="24" font-weight="600">{"".join(texts)}</g></svg></div>'
    )
