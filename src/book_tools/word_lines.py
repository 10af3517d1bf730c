"""Two rows of words, joined by lines where they mean the same: what a translation is, in one picture."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from book_tools.style import BLUE, INK, SLATE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEIGHT = 1.0  # from one row to the other
CLEAR = 0.16  # between a word and the end of its lines


def word_lines(
    axes: "Axes", above: Sequence[str], below: Sequence[str], links: Sequence[tuple[int, int]], step: float = 1.0
) -> None:
    """Draws both rows over the same width, `step` apart for the longer one, and a line for each (above, below) pair.

    Raises ValueError where a line names a word that is not there.
    """
    for row, words in ((0, above), (1, below)):
        if wrong := [link for link in links if not 0 <= link[row] < len(words)]:
            raise ValueError(f"the line {wrong[0]} ends at no word: row {row + 1} has {len(words)} words.")
    width = step * max(len(above), len(below))
    top, bottom = ([(i + 0.5) * width / len(words) for i in range(len(words))] for words in (above, below))
    for a, b in links:
        axes.plot([top[a], bottom[b]], [HEIGHT - CLEAR, CLEAR], color=BLUE, linewidth=1.5, solid_capstyle="round")
    for places, words, height, colour in ((top, above, HEIGHT, INK), (bottom, below, 0.0, INK)):
        for place, word in zip(places, words, strict=True):
            axes.text(place, height, word, ha="center", va="center", color=colour, fontsize=15)
    linked = {a for a, _ in links}
    for i, place in enumerate(top):
        if i not in linked:  # a word that becomes none
            axes.plot([place], [HEIGHT - CLEAR], marker="_", color=SLATE, markersize=8)
    axes.set(xlim=(0, width), ylim=(-0.25, HEIGHT + 0.25))
    axes.axis("off")
