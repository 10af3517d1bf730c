"""Comparing arrays: where they differ. `classroom.questions.wording` puts it into words. Knows only numpy."""

from dataclasses import dataclass

import numpy as np

# Half-precision arithmetic cannot do better than about three digits, whatever a question asks for.
LOW_PRECISION = {"float16": 1e-2, "bfloat16": 3e-2}


def tolerances(dtype: str, rtol: float, atol: float) -> tuple[float, float]:
    """The tolerances for a torch dtype: as asked, loosened for half precision."""
    floor = LOW_PRECISION.get(dtype, 0.0)
    return max(rtol, floor), max(atol, floor)


def argument_text(position: int) -> str:
    """`the first argument` for 0: students count arguments from one."""
    ordinals = ("first", "second", "third", "fourth", "fifth", "sixth")
    return f"the {ordinals[position]} argument" if position < len(ordinals) else f"argument number {position + 1}"


def mismatches(expected: np.ndarray, actual: np.ndarray, rtol: float, atol: float) -> np.ndarray:
    """Boolean array, True where `actual` is not `expected` (equal infinities agree, NaN never does).

    Both must have the same shape. Whole numbers and truth values are compared exactly.
    """
    if expected.dtype.kind in "biu" and actual.dtype.kind in "biu":
        return expected != actual
    wide_expected, wide_actual = expected.astype(np.float64), actual.astype(np.float64)
    return ~np.isclose(wide_actual, wide_expected, rtol=rtol, atol=atol)


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
    expected: np.ndarray, actual: np.ndarray, rtol: float, atol: float, where: np.ndarray | None = None
) -> Difference | None:
    """None where the arrays agree. `where` (boolean, broadcastable) restricts the comparison to its True entries."""
    if actual.shape != expected.shape:
        return Difference(expected, actual)
    wrong = mismatches(expected, actual, rtol, atol)
    looked_at = np.broadcast_to(True if where is None else where, wrong.shape)
    wrong = wrong & looked_at
    return Difference(expected, actual, wrong, looked_at) if wrong.any() else None
