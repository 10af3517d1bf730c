"""Comparing arrays: where they differ. `classroom.questions.wording` puts it into words. Knows only numpy."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

# Half-precision arithmetic cannot do better than about three digits, whatever a question asks for.
LOW_PRECISION = {"float16": 1e-2, "bfloat16": 3e-2}
SMALL_PART = 0.1  # what is far smaller than the rest is judged as if it were this part of the largest


def tolerances(dtype: str, rtol: float, atol: float) -> tuple[float, float]:
    """The tolerances for a torch dtype: as asked, loosened for half precision."""
    floor = LOW_PRECISION.get(dtype, 0.0)
    return max(rtol, floor), max(atol, floor)


def sizes(array: np.ndarray) -> np.ndarray:
    """How large the entries of each row (the last axis) are: its largest, or a tenth of the largest of all.

    Tolerances are in proportion to this: rounding follows what is added up, and a row's entries come from one sum.
    It broadcasts with the array, is above 0 everywhere, and 1 where all entries are 0.
    """
    wide = _magnitudes(array)
    most = float(wide.max(initial=0.0))
    if most == 0.0:
        return np.ones(())
    rows = wide.max(axis=-1, keepdims=True) if wide.ndim else wide
    return np.maximum(rows, SMALL_PART * most)


def size_among(array: np.ndarray, others: Iterable[np.ndarray]) -> float:
    """How large an array is among others that come from the same sum: its largest entry, or a tenth of theirs."""
    own = float(_magnitudes(array).max(initial=0.0))
    most = max((float(_magnitudes(other).max(initial=0.0)) for other in others), default=0.0)
    return max(own, SMALL_PART * most) or 1.0


def _magnitudes(array: np.ndarray) -> np.ndarray:
    wide = np.abs(array.astype(np.float64))
    return np.where(np.isfinite(wide), wide, 0.0)


def argument_text(position: int) -> str:
    """`the first argument` for 0: students count arguments from one."""
    ordinals = ("first", "second", "third", "fourth", "fifth", "sixth")
    return f"the {ordinals[position]} argument" if position < len(ordinals) else f"argument number {position + 1}"


def mismatches(expected: np.ndarray, actual: np.ndarray, rtol: float, atol: float | np.ndarray) -> np.ndarray:
    """Boolean array, True where `actual` is not `expected` (equal infinities agree, NaN never does).

    Both must have the same shape, and `atol` must broadcast with it. Whole numbers and truth values are compared
    exactly.
    """
    if expected.dtype.kind in "biu" and actual.dtype.kind in "biu":
        return expected != actual
    right, given = expected.astype(np.float64), actual.astype(np.float64)
    with np.errstate(invalid="ignore"):  # as numpy's isclose, in a third of the time
        close = (np.abs(given - right) <= atol + rtol * np.abs(right)) & np.isfinite(right)
    return ~(close | (given == right))


@dataclass(frozen=True)
class Difference:
    """Two arrays that do not agree. `wrong` and `looked_at` are boolean, and None where the shapes differ already."""

    expected: np.ndarray
    actual: np.ndarray
    wrong: np.ndarray | None = None
    looked_at: np.ndarray | None = None

    @property
    def same_shape(self) -> bool:
        """Whether the entries could be compared."""
        return self.wrong is not None

    @property
    def not_finite(self) -> np.ndarray:
        """Boolean array: the wrong entries that are NaN or infinite. For equal shapes only."""
        return self.wrong & ~np.isfinite(self.actual.astype(np.float64))

    @property
    def worst(self) -> tuple[int, ...]:
        """The index of the wrong entry that is farthest off. For equal shapes only."""
        with np.errstate(invalid="ignore"):
            gap = np.abs(self.actual.astype(np.float64) - self.expected.astype(np.float64))
        return tuple(np.unravel_index(int(np.argmax(np.where(self.wrong, gap, -1.0))), gap.shape))


def difference(
    expected: np.ndarray,
    actual: np.ndarray,
    rtol: float,
    atol: float | np.ndarray,
    where: np.ndarray | None = None,
) -> Difference | None:
    """None where the arrays agree. `where` (boolean, broadcastable) restricts the comparison to its True entries."""
    if actual.shape != expected.shape:
        return Difference(expected, actual)
    wrong = mismatches(expected, actual, rtol, atol)
    looked_at = np.broadcast_to(True if where is None else where, wrong.shape)
    wrong = wrong & looked_at
    return Difference(expected, actual, wrong, looked_at) if wrong.any() else None
