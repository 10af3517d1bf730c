"""General mistakes in the numbers: a scale, an overflow, a gradient that does not come back."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from classroom.compare import argument_text
from classroom.questions.pairs import Pair, same_gradient, single
from classroom.questions.sameness import close, same_outputs
from classroom.student_code.student import Call

LARGE = 80.0  # exp of this is near the end of float32's range
NEARLY = 0.02  # of the size of what is compared


def another_scale(pairs: Sequence[Pair]) -> str | None:
    """The right numbers times a factor: a constant, or a power of the size of an axis."""
    if sum(output.values.size for p in pairs for output in p.right.outputs) < 2:
        return None  # a number alone is always some factor times another
    factors = [_factor(p) for p in pairs]
    if any(f is None for f in factors):
        return None
    found = np.array(factors, dtype=np.float64)
    if np.allclose(found, found[0], rtol=1e-3):
        return _constant_factor(float(found[0]))
    if len({round(f, 6) for f in factors}) < 2:
        return None
    for what, size in _sizes_of([p.call for p in pairs]):
        for power, words in ((-0.5, "divided by the root of"), (0.5, "multiplied by the root of"),
                             (-1.0, "divided by"), (1.0, "multiplied by")):  # fmt: skip
            constant = found / size**power
            if not np.allclose(constant, constant[0], rtol=1e-3) or not np.ptp(size):
                continue
            k = float(constant[0])
            if math.isclose(k, 1.0, rel_tol=1e-3):
                return (
                    f"Your result is the right one {words} {what}: a scale is missing, applied twice, or taken from "
                    "another axis. Look at where you scale, and by what."
                )
            if power == -0.5 and math.isclose(k, 0.5, rel_tol=1e-3):
                return (
                    f"Your result is the right one divided by twice the root of {what}. `x / d ** 1/2` is "
                    "`(x / d ** 1) / 2`: write `d ** 0.5` or `math.sqrt(d)`."
                )
            if power > 0:
                return (
                    f"You scale by a fixed number, {1 / k:.4g}; it has to follow {what}, as the root of it or as it is."
                    if power == 1.0
                    else f"You scale by a fixed number, {1 / k:.4g}; it has to be the root of {what}, whatever that is."
                )
    return None


def another_size(pairs: Sequence[Pair]) -> str | None:
    """Scaled by the size of one axis, or its root, where that of another belongs."""
    factors = [_factor(p) for p in pairs]
    if any(f is None for f in factors) or len({round(f, 6) for f in factors}) < 2:
        return None
    sizes = list(_sizes_of([p.call for p in pairs]))
    for wrong, taken in sizes:
        for right, asked in sizes:
            if np.array_equal(taken, asked) or not any(
                np.allclose(factors, (asked / taken) ** power, rtol=1e-3) for power in (-1.0, -0.5, 0.5, 1.0)
            ):
                continue
            return (
                f"You scale by the size of one axis where that of another belongs: {wrong} and {right} are exchanged."
            )
    return None


def cut_off(pairs: Sequence[Pair]) -> str | None:
    """The right values, and no gradient to some inputs."""
    lost: set[str] | None = None
    for p in pairs:
        if not same_outputs(p.right, p.given) or not p.given.gradients:
            return None
        missing = {
            n for n, g in p.right.gradients.items() if g is not None and g.any() and p.given.gradients[n] is None
        }
        if not missing:  # what still arrives may be less: it came by the way that is cut as well
            return None
        lost = missing if lost is None else lost | missing
    everything = all(p.given.gradients[n] is None for p in pairs for n in p.given.gradients)
    where = "to any input" if everything else "to " + " and ".join(_input(n) for n in sorted(lost or ()))
    return (
        f"The values are right, but no gradient comes back {where}: something cuts the graph (`.detach()`, `.data`, "
        "`.item()`, `torch.no_grad()`, `.numpy()`, or a new `torch.tensor(...)` built from numbers)."
    )


def not_a_number(pairs: Sequence[Pair]) -> str | None:
    """Right but for entries that are NaN or infinite."""
    large = zero = True
    for p in pairs:
        if not single(p) or p.right.outputs[0].values.shape != p.given.outputs[0].values.shape:
            return None
        right, given = p.right.outputs[0].values, p.given.outputs[0].values
        if given.dtype.kind != "f" or right.dtype.kind != "f":
            return None
        bad = ~np.isfinite(given) & np.isfinite(right)
        if not bad.any() or not close(np.where(bad, 0, right), np.where(bad, 0, given), p.right.outputs[0].dtype):
            return None
        zero &= not right[bad].any()
        large &= any(np.abs(_finite(a)).max(initial=0) > LARGE for a in p.call.arguments if isinstance(a, np.ndarray))
    if zero:
        return (
            "Right but for entries that are NaN and should be 0: something is divided by 0 there (0/0, or a softmax "
            "of only -inf). Look at what has nothing to share out."
        )
    if large:
        return (
            "Right for moderate numbers; for large ones your result is NaN or infinite, because an exponential "
            "overflows. Shift each row by its own largest entry first: no other shift is safe in every row."
        )
    return None


def poisoned_gradient(pairs: Sequence[Pair]) -> str | None:
    """The right values, and gradients that are NaN."""
    for p in pairs:
        if not same_outputs(p.right, p.given) or p.given.gradients.keys() != p.right.gradients.keys():
            return None
        wrong = [g for n, g in p.given.gradients.items() if not same_gradient(p.right.gradients[n], g)]
        if not wrong or any(g is None or np.isfinite(g).all() for g in wrong):
            return None
    return (
        "The values are right, but a gradient is NaN or infinite. `nan_to_num` and `torch.where` repair a number "
        "after the fact; on the way back the 0/0, or the -inf times 0, is still there. Avoid it instead."
    )


def large_numbers(pairs: Sequence[Pair]) -> str | None:
    """Wrong wherever the inputs are large, and only there."""
    for p in pairs:
        largest = max(
            (np.abs(_finite(a)).max(initial=0) for a in p.call.arguments if isinstance(a, np.ndarray)), default=0
        )
        if largest < LARGE or not single(p) or p.right.outputs[0].values.shape != p.given.outputs[0].values.shape:
            return None
    return (
        "Right for moderate numbers, wrong for large ones: on the way something overflows or vanishes (an "
        "exponential beyond 88 is infinite in float32, below -104 it is 0). Shift before the exponential."
    )


def nearly_right(pairs: Sequence[Pair]) -> str | None:
    """Off by a few percent at most, everywhere."""
    for p in pairs:
        if len(p.right.outputs) != len(p.given.outputs):
            return None
        for right, given in zip(p.right.outputs, p.given.outputs, strict=True):
            if right.dtype != given.dtype or right.values.dtype.kind != "f":
                return None
            if not close(right.values, given.values, right.dtype, rtol=NEARLY, atol=NEARLY):
                return None
    return (
        "Nearly right: your result is off by a few percent at most. A small number that is added somewhere (an ε) is "
        "too large or in the wrong place, or digits are lost on the way."
    )


def _factor(p: Pair) -> float | None:
    """By what the right outputs have to be multiplied to be the given ones; None where there is no such number."""
    if len(p.right.outputs) != len(p.given.outputs):
        return None
    factor = None
    for right, given in zip(p.right.outputs, p.given.outputs, strict=True):
        a, b = right.values.astype(np.float64), given.values.astype(np.float64)
        if a.shape != b.shape or right.dtype != given.dtype or right.values.dtype.kind != "f":
            return None
        if not (np.isfinite(a).all() and np.isfinite(b).all()) or not a.any():
            return None
        own = float((a * b).sum() / (a * a).sum())
        if not own or not close(a * own, b, right.dtype) or (factor and not math.isclose(own, factor, rel_tol=1e-3)):
            return None
        factor = own
    return factor


def _constant_factor(factor: float) -> str | None:
    if math.isclose(factor, -1.0, rel_tol=1e-3):
        return "Your result has the wrong sign: it is minus the right one."
    if math.isclose(factor, 1.0, rel_tol=1e-3):
        return None
    return (
        f"Your result is {factor:.4g} times the right one, everywhere: look for a factor that is missing or too many."
    )


def _sizes_of(calls: Sequence[Call]) -> Iterator[tuple[str, np.ndarray]]:
    """The sizes of each axis of each array argument, by call, counted from the end."""
    for position in range(len(calls[0].arguments)):
        axes = min(
            (c.arguments[position].ndim for c in calls if isinstance(c.arguments[position], np.ndarray)), default=0
        )
        if not all(isinstance(call.arguments[position], np.ndarray) for call in calls):
            continue
        for axis in range(1, axes + 1):
            names = {1: "last", 2: "last but one"}
            name = names.get(axis, f"{axis}th from the end")
            sizes = [float(call.arguments[position].shape[-axis]) for call in calls]
            yield f"the size of the {name} axis of {argument_text(position)}", np.array(sizes)


def _input(name: str) -> str:
    kind, _, position = name.partition(" ")
    return argument_text(int(position)) if kind == "argument" and position.isdigit() else f"the parameter `{name}`"


def _finite(array: np.ndarray) -> np.ndarray:
    wide = array.astype(np.float64)
    return wide[np.isfinite(wide)]
