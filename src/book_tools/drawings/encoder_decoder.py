"""The figures of *The encoder–decoder*. Every word comes from `book/labels/LANGUAGE/encoder-decoder.yml`."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from torch import Tensor
from torch.nn import functional as F

from book_tools import style
from book_tools.labels import Labels

STACKS = {
    "neither": (style.VERMILION, "o", "-"),
    "norm only": (style.OCHRE, "s", "--"),
    "residual only": (style.PURPLE, "^", ":"),
    "residual and norm": (style.BLUE, "D", "-"),
}


def influence(say: Labels, with_attention: Tensor, without: Tensor, words: Sequence[str]) -> None:
    """How strongly each input moves each memory vector, with attention and without."""
    figure, axes = plt.subplots(1, 2, figsize=(5.0, 2.9))
    for panel, matrix, title in zip(axes, (with_attention, without), ("with attention", "without"), strict=True):
        style.heatmap(panel, matrix / matrix.max(), words, words, decimals=None, column_name=say("input"))
        panel.set_title(say(title))
        panel.tick_params(axis="x", labelsize=8)
    axes[0].set_ylabel(say("memory"))
    style.alt(figure, say("influence alt"))
    plt.show()


def four_stacks(
    say: Labels,
    depths: Sequence[int],
    gradient: Mapping[str, Sequence[float]],
    spread: Mapping[str, Sequence[float]],
    **ends: str,
) -> None:
    """Gradient at the input, and what is left of the tokens' differences, against depth. `ends`: the alt's numbers."""
    figure, axes = plt.subplots(2, 1, figsize=(5.0, 6.2), sharex=True)
    for name, (colour, marker, line) in STACKS.items():
        for panel, values in zip(axes, (gradient, spread), strict=True):
            panel.plot(depths, values[name], color=colour, marker=marker, linestyle=line, label=say(name))
    axes[0].set(yscale="log", ylabel=say("size of the gradient"), title=say("reaches the first layer"))
    axes[1].set(yscale="log", ylabel=say("share that differs"), title=say("left of the tokens"), xlabel=say("layers"))
    axes[1].set_xticks(depths)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    style.alt(figure, say("stacks alt", **ends))
    plt.show()


def earlier_and_later(say: Labels, right: Mapping[str, Tensor], blind: Tensor) -> None:
    """Right answers to both questions at each position, for each encoder; `blind` is the best guess for *later*."""
    position = range(1, len(blind) + 1)
    figure, axes = plt.subplots(2, 1, figsize=(5.0, 5.4), sharex=True, sharey=True)
    for panel, question, title in zip(axes, (0, 1), ("later", "earlier"), strict=True):
        for (name, values), colour, marker in zip(right.items(), (style.BLUE, style.VERMILION), "os", strict=True):
            panel.plot(position, 100 * values[:, question], color=colour, marker=marker, label=say(name))
        panel.set(title=say(title), ylabel=say("right answers"), ylim=(35, 103))
    axes[0].plot(position, 100 * blind, color=style.SLATE, linestyle="--", label=say("blind"))
    axes[0].legend(loc="lower right")
    axes[1].set(xlabel=say("position"), xticks=position)
    style.alt(figure, say("later alt", first=f"{blind[0]:.0%}"))
    plt.show()


def three_maps(say: Labels, maps: Mapping[str, Tensor], source: Sequence[str], target: Sequence[str]) -> None:
    """Attention weights of one head in each of the three uses; a padded source, a target that begins with <bos>."""
    figure, axes = plt.subplots(3, 1, figsize=(5.0, 10.0))
    names = ((source, source), (target, target), (target, source))
    for panel, (title, matrix), (rows, columns) in zip(axes, maps.items(), names, strict=True):
        query, key = say("query"), say("key")
        style.heatmap(panel, matrix, rows, columns, decimals=2, largest=1, row_name=query, column_name=key)
        panel.set_title(say(title))
    style.alt(figure, say("maps alt"))
    plt.show()


def norm_orders(say: Labels, runs: Mapping[tuple[str, str], Sequence[float]], same_answer: float) -> None:
    """Training losses of both orders of the norm, with a warm-up and without."""
    figure, axes = plt.subplots(figsize=(5.0, 4.2))
    for (order, start), losses in runs.items():
        smooth = F.avg_pool1d(torch.tensor(losses)[None], 7, 1).flatten()
        colour = style.BLUE if order == "post-norm" else style.GREEN
        line = "-" if start == "with warm-up" else "--"
        steps = range(4, len(smooth) + 4)
        axes.plot(steps, smooth, label=f"{say(order)}, {say(start)}", color=colour, linestyle=line)
    axes.axhline(same_answer, color=style.SLATE, linestyle=":", label=say("same answer"))
    axes.set(xlabel=say("training step"), ylabel=say("loss"), ylim=(0, 0.8), title=say("norm orders title"))
    figure.legend(loc="outside lower center", ncols=2)
    style.alt(figure, say("norm orders alt"))
    plt.show()
