"""The figures of *Training a translator*. Every word comes from `book/labels/LANGUAGE/training-a-translator.yml`."""

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
from torch import Tensor

from book_tools import style
from book_tools.labels import Labels


def batches(say: Labels, filled: Mapping[str, tuple[Tensor, float]]) -> None:
    """Two batches as rectangles, a token blue: for each way of packing its places and the padding's share of all."""
    figure, axes = plt.subplots(1, 2, figsize=(7.2, 2.9))
    for ax, (name, (places, share)) in zip(axes, filled.items(), strict=True):
        style.heatmap(ax, places.float() * 0.8, decimals=None, largest=1)
        title = say("padding share", packing=say(name), share=f"{share:.0%}")
        ax.set(title=title, xlabel=say("position"), ylabel=say("sentence"), xticks=[], yticks=[], aspect="auto")
    style.alt(figure, say("batches alt"))
    plt.show()


def masks(say: Labels, parts: Mapping[str, Tensor]) -> None:
    """Masks side by side, True blue."""
    figure, axes = plt.subplots(1, len(parts), figsize=(7.2, 2.7))
    for ax, (title, mask) in zip(axes, parts.items(), strict=True):
        style.heatmap(ax, mask.float() * 0.8, decimals=None, largest=1)
        ax.set(title=say(title), xlabel=say("key"), ylabel=say("query"))
    style.alt(figure, say("masks alt"))
    plt.show()


def smoothing(say: Labels, lead: Tensor, losses: Mapping[str, Tensor], best: int) -> None:
    """The loss against the lead of the right logit, with smoothing and without; `best` is the smoothed minimum."""
    figure, ax = plt.subplots(figsize=(6.4, 3.0))
    for name, values in losses.items():
        ax.plot(lead, values, label=say(name))
    ax.plot(lead[best], losses["smoothed"][best], "o", color=style.VERMILION)
    ax.set(xlabel=say("lead"), ylabel=say("loss in nats"), ylim=(0, 2.5))
    ax.legend()
    style.alt(figure, say("smoothing alt"))
    plt.show()


def learning_rates(say: Labels, rate: Callable[[int, int, int], float], warmups: Sequence[int]) -> None:
    """Equation 3 of the paper for some lengths of the warm-up, at its width of 512."""
    figure, ax = plt.subplots(figsize=(6.4, 2.8))
    steps = range(1, 20_001, 20)
    for warmup in warmups:
        ax.plot(steps, [1e4 * rate(step, 512, warmup) for step in steps], label=say("warmup", steps=warmup))
    ax.set(xlabel=say("step"), ylabel=say("rate × 10⁴"))
    ax.legend()
    style.alt(figure, say("learning rates alt"))
    plt.show()


def training_run(
    say: Labels,
    steps: Sequence[int],
    losses: Sequence[float],
    rates: Sequence[float],
    checks: Sequence[tuple[int, float]],
) -> None:
    """Loss in training and on the validation sentences, and the learning rate, at every step."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 2.9))
    left.plot(steps, losses, label=say("training loss"), linewidth=1)
    left.plot(*zip(*checks, strict=True), "o-", label=say("validation loss"), markersize=4)
    left.set(xlabel=say("step"), ylabel=say("loss per token"), title=say("loss"), ylim=(0, None))
    left.legend()
    right.plot(steps, [1e3 * rate for rate in rates], color=style.GREEN)
    right.set(xlabel=say("step"), ylabel=say("rate × 10³"), title=say("learning rate"))
    style.alt(figure, say("training alt"))
    plt.show()


def race(say: Labels, lengths: Sequence[int], times: Mapping[str, Sequence[float]], tokens: int) -> None:
    """The time of a training pass over the same number of tokens, as sentences of growing length."""
    figure, ax = plt.subplots(figsize=(6.4, 3.0))
    for (name, values), marker in zip(times.items(), "os", strict=True):
        ax.plot(lengths, [t / values[0] for t in values], marker=marker, label=say(name))
    ax.set(xscale="log", xlabel=say("sentence length", tokens=tokens), ylabel=say("relative time"))
    ax.set_xticks(lengths, lengths)
    ax.minorticks_off()
    ax.legend()
    style.alt(figure, say("race alt"))
    plt.show()


def alignment(say: Labels, weights: Tensor, english: Sequence[str], chinese: Sequence[str], title: str) -> None:
    """Cross-attention: a row for each written token, a column for each token of the source."""
    figure, ax = plt.subplots(figsize=(6.4, 5.2))
    rows, columns = ([token.replace("▁", "") for token in tokens] for tokens in (english, chinese))
    style.heatmap(ax, weights, rows, columns, decimals=None, largest=1)
    ax.set(xlabel=say("source"), ylabel=say("written"), title=title)
    style.alt(figure, say("alignment alt"))
    plt.show()
