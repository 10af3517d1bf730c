"""How scores are distributed, and what each question tells: its difficulty, and whether it tells students apart."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

FEWEST = 30  # students, for a correlation: below, its 95 % interval is wider than what it is compared with
WEAK = 0.2  # a question whose correlation is lower hardly tells strong students from weak ones
NORMAL_95 = 1.959964


@dataclass(frozen=True)
class Distribution:
    """Scores in a few numbers."""

    count: int
    mean: float
    deviation: float | None  # of the sample (n - 1); None for fewer than two
    lowest: float
    lower_quartile: float
    median: float
    upper_quartile: float
    highest: float


@dataclass(frozen=True)
class Bin:
    """How many scores lie from `start` to `end`; only the last bin has its end in it."""

    start: float
    end: float
    count: int


@dataclass(frozen=True)
class Correlation:
    """A correlation with its 95 % interval (Fisher's z)."""

    value: float
    low: float
    high: float

    @property
    def weak(self) -> bool:
        """Whether the question should be looked at."""
        return self.value < WEAK


def distribution(scores: Sequence[float]) -> Distribution | None:
    """None where there are no scores. Quartiles interpolate linearly between order statistics."""
    if not scores:
        return None
    ordered = sorted(scores)
    quartiles = statistics.quantiles(ordered, method="inclusive") if len(ordered) > 1 else ordered * 3
    return Distribution(
        len(ordered),
        statistics.fmean(ordered),
        statistics.stdev(ordered) if len(ordered) > 1 else None,
        ordered[0],
        quartiles[0],
        quartiles[1],
        quartiles[2],
        ordered[-1],
    )


def histogram(scores: Sequence[float], maximum: float, most: int = 20) -> list[Bin]:
    """Bins of a round width from 0 to the maximum, or to the highest score where that is more; at most `most`."""
    top = max([maximum, *scores])
    if top <= 0:
        return []
    width = _round_width(top / most)
    number = max(1, math.ceil(round(top / width, 9)))
    counts = [0] * number
    for score in scores:
        counts[min(int(round(score / width, 9)), number - 1)] += 1
    return [Bin(i * width, (i + 1) * width, count) for i, count in enumerate(counts)]


def difficulty(scores: Sequence[float], maximum: float) -> float | None:
    """The share of the points that were earned: 1 is a question that everybody answered."""
    return math.fsum(scores) / (maximum * len(scores)) if scores and maximum else None


def discrimination(item: Sequence[float], totals: Sequence[float]) -> Correlation | None:
    """The corrected item-total correlation: of a question's scores x with the rest of the total, t - x.

    r = cov(x, t - x) / (s_x s_(t-x)), Pearson's, over students (Nunnally and Bernstein, Psychometric Theory, 3rd ed.
    1994). The question itself is left out of the total, since it would correlate with itself. None for fewer than
    `FEWEST` students, or where the question or the rest is the same for everybody.
    """
    rest = [round(total - score, 9) for score, total in zip(item, totals, strict=True)]
    if len(item) < FEWEST or min(item) == max(item) or min(rest) == max(rest):
        return None
    r = statistics.correlation(item, rest)
    if abs(r) > 1 - 1e-12:
        return Correlation(r, r, r)
    half = NORMAL_95 / math.sqrt(len(item) - 3)
    return Correlation(r, math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half))


def discriminations(items: Mapping[str, Sequence[float]]) -> dict[str, Correlation | None]:
    """The same for every question, with the sum over the questions as the total."""
    totals = [math.fsum(scores) for scores in zip(*items.values(), strict=True)]
    return {name: discrimination(scores, totals) for name, scores in items.items()}


def _round_width(least: float) -> float:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that is not less than `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= least * (1 - 1e-9))
