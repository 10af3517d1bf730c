"""The book's figures: one matplotlib style, shown as inline SVG whose colours follow the page's light or dark theme.

Call `style.use()` once at the top of a chapter, then draw as usual. Colours taken from `INK`, `GRID` and `PALETTE`
become CSS variables in the page (`book/_static/book.css` gives their light and dark values); any other colour stays as
it is. In JupyterLab and VS Code text and grid follow their themes; elsewhere (PDF) it is an ordinary picture.
"""

import hashlib
import io
import re
import warnings
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from book_tools import fonts

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#1f2a37"  # text, axes
GRID = "#d5dbe1"  # grid lines, whatever must stay in the background
ON = "#fefefe"  # text on a strongly coloured cell
BLUE, VERMILION, GREEN, PURPLE, OCHRE, SLATE = PALETTE = (
    "#0072b2",
    "#c24e00",
    "#007a5e",
    "#8e4585",
    "#946200",
    "#57606a",
)
"""Six colours told apart by people with any of the common colour-vision deficiencies, in the order they are used."""

_VARIABLES = {
    INK: "--fig-ink",
    GRID: "--fig-grid",
    ON: "--fig-on",
    BLUE: "--fig-blue",
    VERMILION: "--fig-vermilion",
    GREEN: "--fig-green",
    PURPLE: "--fig-purple",
    OCHRE: "--fig-ochre",
    SLATE: "--fig-slate",
}
# Outside the book there is no `--fig-…`: text and grid then follow the theme of JupyterLab or VS Code.
_ELSEWHERE = {
    INK: f"var(--jp-content-font-color1, var(--vscode-foreground, {INK}))",
    GRID: f"var(--jp-border-color2, var(--vscode-panel-border, {GRID}))",
}
_SHORT = {INK: "--ink", GRID: "--grid"}
_STRONG = 0.55  # above this share of full colour, numbers are written in ON


def use() -> None:
    """Sets the style and, inside a notebook, shows figures as themed SVG.

    Chinese labels are drawn with the first CJK font found; without one they are boxes, and no warning is printed.
    """
    import matplotlib as mpl
    from cycler import cycler

    cjk = fonts.chinese()[:1]
    if not cjk:
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from font", category=UserWarning)
    mpl.rcParams.update(
        {
            "font.family": ["DejaVu Sans", *cjk],
            "font.size": 11,
            "axes.titlesize": 12,
            "axes.titleweight": "bold",
            "axes.titlelocation": "left",
            "axes.prop_cycle": cycler(color=PALETTE),
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.facecolor": "none",
            "figure.facecolor": "none",
            "savefig.facecolor": "none",
            "figure.figsize": (6.4, 3.4),
            "figure.constrained_layout.use": True,
            "grid.color": GRID,
            "grid.linewidth": 0.8,
            "legend.frameon": False,
            "lines.linewidth": 2,
            "svg.hashsalt": "attention-is-all-you-build",
        }
        | dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK)
        | dict.fromkeys(("patch.edgecolor", "boxplot.flierprops.color", "hatch.color"), INK)
    )
    _show_as_svg()


def _show_as_svg() -> None:
    try:
        from IPython import get_ipython
    except ImportError:
        return
    shell = get_ipython()
    if shell is None:
        return
    from matplotlib.figure import Figure
    from matplotlib_inline import backend_inline  # noqa: F401  its import resets the formatters, so it comes first

    shell.display_formatter.formatters["text/html"].for_type(Figure, to_html)


def alt(figure: "Figure", text: str) -> None:
    """Gives a figure the sentence that a screen reader says in its place. Without it, the axes' titles are used."""
    figure.set_label(text)


def to_html(figure: "Figure") -> str:
    """A figure as inline SVG in a scrolling frame, its colours replaced by the theme's CSS variables."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = compact(re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL))
    # Text and grid are most of what is coloured: their long fallbacks stand once, on the drawing itself.
    here = "; ".join(f"{_SHORT[colour]}: var({_VARIABLES[colour]}, {other})" for colour, other in _ELSEWHERE.items())
    for colour, variable in _VARIABLES.items():
        shown = f"var({_SHORT[colour]})" if colour in _SHORT else f"var({variable}, {colour})"
        svg = re.sub(rf"(?<=[: ]){colour}\b", shown, svg)
    # Matplotlib numbers its ids from 1 in every figure; a page has several figures, and ids are the page's.
    prefix = f"f{hashlib.sha256(svg.encode()).hexdigest()[:6]}-"
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{prefix}", svg)
    width = float(re.search(r'viewBox="[\d.]+ [\d.]+ ([\d.]+)', svg).group(1)) / 72 * 96
    label = escape(figure.get_label() or "; ".join(filter(None, map(_title, figure.axes))) or "Figure")
    svg = re.sub(r'<svg ([^>]*?)height="[^"]*"', r"<svg \1", svg, count=1)
    svg = re.sub(
        r'<svg ([^>]*?)width="[^"]*"',
        rf'<svg \1role="img" aria-label="{label}" style="width: {width:.0f}px; --width: {width:.0f}px; {here}"',
        svg,
        count=1,
    )
    return f'<div class="book-figure">{svg}</div>'


def compact(svg: str) -> str:
    """Matplotlib's SVG with less in it: coordinates to a hundredth of a point, no comments, no empty groups."""

    def rounded(match: re.Match[str]) -> str:
        return re.sub(r"(\.\d\d)\d+", r"\1", re.sub(r"\s+", " ", match[0]))

    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\sd="[^"]*"|\b[xy]="[^"]*"|translate\([^)]*\)|points="[^"]*"', rounded, svg)
    svg = re.sub(r">\s+<", "><", svg)
    while (shorter := re.sub(r'<g id="[^"]*"\s*/>|<g id="[^"]*"></g>', "", svg)) != svg:
        svg = shorter
    return svg


def _title(axes: "Axes") -> str:
    return axes.get_title(loc="left") or axes.get_title() or axes.get_title(loc="right")


def heatmap(
    axes: "Axes",
    matrix: ArrayLike,
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    *,
    decimals: int | None = 2,
    largest: float | None = None,
    row_name: str = "",
    column_name: str = "",
) -> None:
    """Draws a matrix as coloured cells with its numbers written in them.

    Strength of colour is |value| / `largest` (by default the largest finite |value|); positive is blue, negative
    vermilion, and −inf or NaN an empty cell with its name. `decimals=None` leaves the numbers out. Row 0 is on top.
    """
    from matplotlib.collections import PatchCollection
    from matplotlib.colors import to_rgba
    from matplotlib.patches import Rectangle

    values = np.atleast_2d(np.asarray(matrix, dtype=float))
    height, width = values.shape
    finite = np.isfinite(values)
    top = largest if largest is not None else max(np.abs(values[finite]).max(initial=0.0), 1e-12)
    strength = np.clip(np.where(finite, np.abs(np.where(finite, values, 0)) / top, 0), 0, 1)
    cells = [Rectangle((j, i), 1, 1) for i in range(height) for j in range(width)]
    fills = [to_rgba(BLUE if v >= 0 else VERMILION, s) for v, s in zip(values.flat, strength.flat, strict=True)]
    axes.add_collection(PatchCollection(cells, facecolors=fills, edgecolors=GRID, linewidths=0.8, clip_on=False))
    if decimals is not None:
        for (i, j), value in np.ndenumerate(values):
            text = f"{value:.{decimals}f}".replace("-", "−") if finite[i, j] else str(value).replace("-inf", "−∞")
            colour = ON if strength[i, j] > _STRONG else INK
            axes.text(j + 0.5, i + 0.5, text, ha="center", va="center", color=colour, fontsize="small")
    axes.set(xlim=(0, width), ylim=(height, 0), aspect="equal", xlabel=column_name, ylabel=row_name)
    axes.set_xticks(np.arange(width) + 0.5, columns if columns is not None else range(width))
    axes.set_yticks(np.arange(height) + 0.5, rows if rows is not None else range(height))
    axes.tick_params(length=0)
    axes.grid(False)
    axes.spines[:].set_visible(False)
