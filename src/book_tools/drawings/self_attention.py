"""The figures of the chapter *Self-attention*. Every word comes from `book/labels/LANGUAGE/self-attention.yml`."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from torch import Tensor

from book_tools import style
from book_tools.labels import Labels

UNSCALED, SCALED = (style.VERMILION, "s"), (style.BLUE, "o")


def two_keys(say: Labels, q: Tensor, a: Tensor, b: Tensor) -> None:
    """A query and two keys as arrows; the second is long and points elsewhere."""
    figure, axes = plt.subplots(figsize=(4.6, 4.4))
    arrow = {"arrowstyle": "-|>", "mutation_scale": 16, "shrinkA": 0, "shrinkB": 0, "linewidth": 2.2}
    for end, colour, y in ((b, style.VERMILION, 0.0), (a, style.GREEN, -0.25), (q, style.BLUE, 0.25)):
        axes.annotate("", (end[0], end[1] + y), (0, y), arrowprops=arrow | {"color": colour})
    axes.plot([3, 3], [0, 4], ":", color=style.VERMILION)
    axes.plot([0, 3], [0, 0], ":", color=style.VERMILION)
    for x, y, name, colour in (
        (1.1, 0.22, "q = (1, 0)", style.BLUE),
        (1.1, -0.42, "a = (1, 0)", style.GREEN),
        (1.25, 3.4, "b = (3, 4)", style.VERMILION),
        (3.08, 0.75, say("b reaches"), style.VERMILION),
    ):
        axes.text(x, y, name, color=colour)
    limits = {"xlim": (-0.3, 4.6), "ylim": (-0.8, 4.4), "aspect": "equal"}
    axes.set(**limits, xlabel=say("first feature"), ylabel=say("second feature"))
    style.alt(figure, say("two keys alt"))
    plt.show()


def _grid(axes: Axes, left: int, rows: int, columns: int, name: str, **shaded: list[tuple[int, int]]) -> None:
    """A matrix as a grid whose top left corner is at (left, 0), with some cells shaded `blue` or `red`."""
    for i in range(rows):
        for j in range(columns):
            red, blue = (i, j) in shaded.get("red", []), (i, j) in shaded.get("blue", [])
            shade = style.VERMILION if red else style.BLUE if blue else "none"
            axes.add_patch(plt.Rectangle((left + j, i), 1, 1, facecolor=shade, alpha=0.45, linewidth=0))
            axes.add_patch(plt.Rectangle((left + j, i), 1, 1, facecolor="none", edgecolor=style.SLATE, linewidth=0.7))
    axes.text(left + columns / 2, -0.35, name, ha="center", va="bottom")


def through_the_matrices(say: Labels, sentence: Sequence[str]) -> None:
    """From Q, K and V to the output, with the row of the sentence's last word shaded throughout."""
    n, d = len(sentence), 3
    last = [(n - 1, j) for j in range(n)]
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(5.0, 4.0))
    _grid(top, 0, n, d, "Q", blue=last)
    _grid(top, 5, d, n, "Kᵀ", red=[(0, 1), (1, 1), (2, 1)])
    _grid(top, 12, n, n, say("scores"), blue=last, red=[(n - 1, 1)])
    _grid(bottom, 0, n, n, say("weights"), blue=last, red=[(n - 1, 1)])
    _grid(bottom, 7, n, d, "V", red=[(1, 0), (1, 1), (1, 2)])
    _grid(bottom, 12, n, d, say("output"), blue=last)
    for axes, marks in ((top, ((4, "×"), (11, "="))), (bottom, ((6, "×"), (11, "=")))):
        for i, word in enumerate(sentence):
            axes.text(-0.3, i + 0.5, word, ha="right", va="center", fontsize="small")
        for x, mark in marks:
            axes.text(x, 2.5, mark, ha="center", va="center")
        axes.set(xlim=(-2.7, 21), ylim=(5.2, -1.6), aspect="equal")
        axes.axis("off")
    word, other = sentence[-1], sentence[1]
    for axes, x, y, text, colour, side in (
        (top, 7.5, 3.5, say("key of", word=other), style.VERMILION, "center"),
        (top, 17.3, 4.5, say("scores of", word=word), style.BLUE, "left"),
        (top, 17.3, 2.5, say("softmax of each row"), style.INK, "left"),
        (bottom, 8.5, 5.5, say("value of", word=other), style.VERMILION, "center"),
        (bottom, 15.3, 4.5, say("what it receives"), style.BLUE, "left"),
    ):
        axes.text(x, y, text, ha=side, va="center", fontsize="small", color=colour)
    style.alt(figure, say("matrices alt", word=word))
    plt.show()


def worked_example(say: Labels, scores: Tensor, values: Tensor, weights: Tensor, output: Tensor) -> None:
    """The worked example's four matrices with their numbers."""
    words = ["x₁", "x₂", "x₃"]
    figure, grid = plt.subplots(2, 2, figsize=(5.0, 5.4), width_ratios=[3, 2])
    figure.get_layout_engine().set(hspace=0.08)
    query, key, feature = say("query"), say("key"), say("feature")
    for axes, matrix, columns, decimals, row_name, column_name, title in (
        (grid[0, 0], scores, words, 4, query, key, say("scores")),
        (grid[0, 1], values, ["1", "2"], 0, say("value of row"), feature, say("values")),
        (grid[1, 0], weights, words, 4, query, key, say("weights")),
        (grid[1, 1], output, ["1", "2"], 4, say("output for"), feature, say("weights × values")),
    ):
        style.heatmap(axes, matrix, words, columns, decimals=decimals, row_name=row_name, column_name=column_name)
        axes.set_title(title)
    style.alt(figure, say("worked example alt"))
    plt.show()


def share_of_the_others(say: Labels, sizes: Sequence[int], shares: Mapping[int, Sequence[float]]) -> None:
    """The weight on all keys but the best, against their number: a line for each lead of the best key's score."""
    figure, axes = plt.subplots(figsize=(4.9, 3.4))
    for (lead, values), colour, marker in zip(shares.items(), style.PALETTE, "os^D", strict=False):
        axes.semilogx(sizes, [100 * value for value in values], marker=marker, color=colour)
        end = (sizes[-1], 100 * values[-1])
        axes.annotate(say("lead", lead=lead), end, (8, 0), textcoords="offset points", color=colour, va="center")
    axes.set(
        xlabel=say("number of keys"), ylabel=say("share of the others"), ylim=(-3, 103), xlim=(sizes[0] * 0.8, 4000)
    )
    axes.set_xticks(sizes, [str(n) for n in sizes])
    axes.minorticks_off()
    style.alt(figure, say("others alt"))
    plt.show()


def saturation(
    say: Labels, widths: Sequence[int], variance: Mapping[str, list[float]], gradient: Mapping[str, list[Tensor]]
) -> None:
    """Variance of the scores and size of the softmax's gradient against the width, with and without scaling."""
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(4.9, 6.0), sharex=True)
    for name, (colour, marker) in (("unscaled", UNSCALED), ("scaled", SCALED)):
        top.loglog(widths, variance[name], marker=marker, color=colour)
        low, median, high = torch.stack(gradient[name]).clamp(min=1e-30).T
        bottom.loglog(widths, median, marker=marker, color=colour)
        bottom.fill_between(widths, low, high, color=colour, alpha=0.18, linewidth=0)
    top.text(300, 700, r"$q\cdot k$", color=style.VERMILION, ha="right")
    top.text(300, 2, r"$q\cdot k\,/\sqrt{d_k}$", color=style.BLUE, ha="right")
    bottom.text(20, 2e-8, say("unscaled"), color=style.VERMILION)
    bottom.text(1100, 8e-3, say("scaled"), color=style.BLUE)
    top.set(title=say("variance of the scores"), ylabel=say("variance"))
    bottom.set(
        title=say("gradient of softmax"), ylabel=say("size of the gradient"), xlabel=say("width"), ylim=(1e-12, 3)
    )
    bottom.set_xticks(widths, [str(d_k) for d_k in widths])
    bottom.minorticks_off()
    style.alt(figure, say("saturation alt"))
    plt.show()


def learning(say: Labels, runs: Mapping[str, Sequence[Tensor]], guessing: float) -> None:
    """The share of right answers in training, a line for each run with and without scaling."""
    figure, axes = plt.subplots(figsize=(4.9, 3.6))
    for name, colour, dashes in (("scaled", style.BLUE, "-"), ("unscaled", style.VERMILION, "--")):
        for number, right in enumerate(runs[name]):
            smooth = right.unfold(0, 10, 1).mean(dim=1)
            label = say(name) if number == 0 else None
            axes.plot(range(10, len(right) + 1), smooth, dashes, color=colour, linewidth=1.6, label=label)
    axes.axhline(guessing, color=style.SLATE, linewidth=1, linestyle=":")
    axes.text(149, guessing + 0.02, say("guessing"), color=style.SLATE, ha="right")
    axes.set(xlabel=say("training steps"), ylabel=say("right answers"), ylim=(0, 1.05), title=say("learning title"))
    axes.legend(loc="center right", bbox_to_anchor=(1, 0.75))
    style.alt(figure, say("learning alt"))
    plt.show()


def before_and_after(say: Labels, weights: Tensor, words: Sequence[str], asked_for: str) -> None:
    """One query's weights on the words of a sentence, before and after training: `weights` is (2, words)."""
    figure, axes = plt.subplots(figsize=(4.4, 5.2))
    style.heatmap(axes, weights.T, words, [say("before"), say("after")], row_name=say("key"), largest=1)
    axes.set_title(say("weights of the query", word=words[-1]))
    style.alt(figure, say("before and after alt", word=words[-1], asked=asked_for))
    plt.show()


def costs(say: Labels, sizes: Sequence[int], measured: Mapping[str, Sequence[tuple[float, int]]]) -> None:
    """Seconds and bytes of the plain and the fused form against the number of words, with lines of slope 1 and 2."""
    mebi = 2**20
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(4.9, 6.0), sharex=True)

    def mark(axes: Axes, text: str, y: float, colour: str) -> None:
        axes.annotate(text, (sizes[-1], y), (8, 0), textcoords="offset points", color=colour, va="center")

    def guide(axes: Axes, start: float, power: int) -> None:
        line = [start / 2 * (n / sizes[0]) ** power for n in sizes]
        axes.loglog(sizes, line, ":", color=style.SLATE, linewidth=1.4)
        mark(axes, "∝ n²" if power == 2 else "∝ n", line[-1], style.SLATE)

    for name, (colour, marker) in (("plain", UNSCALED), ("fused", SCALED)):
        times, sizes_in_bytes = zip(*measured[name], strict=True)
        for axes, values in ((top, [1000 * t for t in times]), (bottom, [size / mebi for size in sizes_in_bytes])):
            axes.loglog(sizes, values, marker=marker, color=colour)
            mark(axes, say(name), values[-1], colour)
    guide(top, 1000 * measured["fused"][0][0], 2)
    guide(bottom, measured["fused"][0][1] / mebi, 1)
    guide(bottom, measured["plain"][0][1] / mebi, 2)
    top.set(title=say("time"), ylabel=say("milliseconds"), xlim=(430, 7500))
    bottom.set(title=say("memory"), ylabel="MiB", xlabel=say("number of words"))
    bottom.set_xticks(sizes, [str(n) for n in sizes])
    bottom.minorticks_off()
    style.alt(figure, say("costs alt"))
    plt.show()
