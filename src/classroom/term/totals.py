"""A student's total: the weighted mean of the assignments that count, the dropped ones left out."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Total:
    """A share from 0 to 1, and which assignments were dropped. None: nothing counts yet."""

    share: float | None
    dropped: frozenset[int] = frozenset()


def total(shares: Sequence[float | None], weights: Sequence[float], drop: int = 0) -> Total:
    """The best total that dropping up to `drop` assignments gives; at least one stays.

    `shares` are from 0 to 1, in the weights' order; None does not count (excused, or not graded yet). With unequal
    weights, the lowest shares are not always the best ones to drop (Kane & Kane, "Dropping lowest grades", 2006): the
    mean after dropping is the q at which the best sum of w·(share − q) is 0, found by Dinkelbach's iteration.
    """
    counting = [(share, weight, i) for i, (share, weight) in enumerate(zip(shares, weights, strict=True))
                if share is not None and weight > 0]  # fmt: skip
    if not counting:
        return Total(None)
    keep = max(1, len(counting) - drop)
    mean, kept = -1.0, counting
    while True:
        # Ties keep what comes first, so that equal scores always give the same answer.
        kept = sorted(counting, key=lambda c: (-c[1] * (c[0] - mean), c[2]))[:keep]
        better = sum(s * w for s, w, _ in kept) / sum(w for _, w, _ in kept)
        if better <= mean + 1e-12:
            return Total(max(mean, better), frozenset(i for *_, i in counting) - {i for *_, i in kept})
        mean = better
