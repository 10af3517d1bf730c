"""Comparing arrays and saying in plain words where they differ and by how much. Knows only numpy."""

import numpy as np

# Half-precision arithmetic cannot do better than about three digits, whatever a question asks for.
LOW_PRECISION = {"float16": 1e-2, "bfloat16": 3e-2}


def tolerances(dtype: str, rtol: float, atol: float) -> tuple[float, float]:
    """The tolerances for a torch dtype: as asked, loosened for half precision."""
    floor = LOW_PRECISION.get(dtype, 0.0)
    return max(rtol, floor), max(atol, floor)


def shape_text(shape: tuple[int, ...]) -> str:
    """`(2, 3)` as people write it; a single number has shape `()`."""
    return "()" if not shape else "(" + ", ".join(str(n) for n in shape) + ("," if len(shape) == 1 else "") + ")"


def index_text(index: tuple[int, ...]) -> str:
    """`[0, 2]`, or nothing for a single number."""
    return "[" + ", ".join(str(int(i)) for i in index) + "]" if index else ""


def argument_text(position: int) -> str:
    """`the first argument` for 0: students count arguments from one."""
    ordinals = ("first", "second", "third", "fourth", "fifth", "sixth")
    return f"the {ordinals[position]} argument" if position < len(ordinals) else f"argument number {position + 1}"


def number_text(number: object) -> str:
    """A number with four digits, a truth value as itself."""
    if isinstance(number, bool | np.bool_):
        return str(bool(number))
    if isinstance(number, int | np.integer):
        return str(int(number))
    value = float(number)  # type: ignore[arg-type]
    return "NaN" if np.isnan(value) else f"{value:.4g}"


def mismatches(expected: np.ndarray, actual: np.ndarray, rtol: float, atol: float) -> np.ndarray:
    """Boolean array, True where `actual` is not `expected` (equal infinities agree, NaN never does).

    Both must have the same shape. Whole numbers and truth values are compared exactly.
    """
    if expected.dtype.kind in "biu" and actual.dtype.kind in "biu":
        return expected != actual
    wide_expected, wide_actual = expected.astype(np.float64), actual.astype(np.float64)
    return ~np.isclose(wide_actual, wide_expected, rtol=rtol, atol=atol)


def difference(
    expected: np.ndarray, actual: np.ndarray, rtol: float, atol: float, where: np.ndarray | None = None
) -> str | None:
    """None where the arrays agree, else the words that follow "your output": shape, NaN, or the worst entry.

    `where` (boolean, broadcastable) restricts the comparison to its True entries.
    """
    if actual.shape != expected.shape:
        return f"has shape {shape_text(actual.shape)} instead of {shape_text(expected.shape)}"
    wrong = mismatches(expected, actual, rtol, atol)
    looked_at = np.broadcast_to(True if where is None else where, wrong.shape)
    wrong = wrong & looked_at
    if not wrong.any():
        return None
    count = f"{int(wrong.sum())} of {int(looked_at.sum())} entries" if wrong.size > 1 else "the only entry"
    bad = wrong & ~np.isfinite(actual.astype(np.float64))
    if bad.any():
        index = tuple(np.argwhere(bad)[0])
        kind = "NaN (not a number)" if np.isnan(float(actual[index])) else "infinite"
        return (
            f"is {kind} at {index_text(index) or 'its only entry'}, expected {number_text(expected[index])} "
            f"({count} differ)"
        )
    with np.errstate(invalid="ignore"):
        gap = np.where(wrong, np.abs(actual.astype(np.float64) - expected.astype(np.float64)), -1.0)
    index = tuple(np.unravel_index(int(np.argmax(gap)), gap.shape))
    place = f" at {index_text(index)}" if index else ""
    return (
        f"is {number_text(actual[index])} instead of {number_text(expected[index])}{place}, "
        f"where it differs most ({count} differ)"
    )
