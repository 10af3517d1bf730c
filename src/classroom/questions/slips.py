"""Slips: small mistakes made by machine, kept as sketches of their answers.

A question has dozens of them, too many to keep every answer beside a notebook. A sketch is a few numbers a call: the
form, the size and two projections of the outputs, the same of the gradients. Two answers that agree in all of them, in
every case, are the same answers. A slip that raises anywhere is left out: an exception speaks for itself, and one kind
of it has many causes.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from classroom.questions.sameness import Answers
from classroom.student_code.student import Answer

FORM, SIZE, NANS, GRADIENT = 0, 1, 4, 5  # columns of a sketch
TOLERANCE = 2e-3  # of the size
LARGEST = 1e15  # float32 could not hold the length of what is larger
VISIBLE = 10  # tolerances by which a slip differs from the right answer in some case, to be worth a name


@dataclass(frozen=True)
class Slip:
    """One mistake: its sentence, and a row of numbers for each call of each case."""

    sentence: str
    rows: np.ndarray


def slip(sentence: str, answers: Answers) -> Slip | None:
    """The sketches of an implementation's answers; None where it raises."""
    calls = [answer for case in answers for answer in case]
    if any(answer.error for answer in calls):
        return None
    return Slip(sentence, np.array([_sketch(answer) for answer in calls], dtype=np.float32))


def same_slip(one: Slip, other: Slip, times: float = 1.0) -> bool:
    """Whether two implementations gave the same answers, as far as sketches tell."""
    if not np.array_equal(one.rows[:, [FORM, NANS]], other.rows[:, [FORM, NANS]]):
        return False
    for start, width in ((SIZE, 3), (GRADIENT, 3)):
        a, b = (s.rows[:, start : start + width].astype(np.float64) for s in (one, other))
        room = times * TOLERANCE * np.maximum(np.maximum(a[:, :1], b[:, :1]), 1e-6)
        if (np.abs(a - b) > room).any():
            return False
    return True


def named_slip(known: Sequence[Slip], answers: Answers) -> str | None:
    """The sentence of the slip that gives these answers in every case, or None."""
    own = slip("", answers) if known else None
    return next((each.sentence for each in known if same_slip(each, own)), None) if own else None


def worth_a_name(candidates: Sequence[Slip], expected: Answers, known: Sequence[Answers]) -> tuple[Slip, ...]:
    """Those that are not the right answers, or nearly, nor any that are known, and each only once."""
    right = slip("", expected)
    taken = [found for answers in known if (found := slip("", answers))]
    kept: list[Slip] = []
    for candidate in candidates:
        if not any(same_slip(candidate, other) for other in (*taken, *kept)) and not same_slip(
            candidate, right, VISIBLE
        ):
            kept.append(candidate)
    return tuple(kept)


def _sketch(answer: Answer) -> list[float]:
    outputs = np.concatenate([np.ravel(o.values).astype(np.float64) for o in answer.outputs] or [np.zeros(0)])
    named = sorted(answer.gradients.items())
    gradients = np.concatenate([np.ravel(g).astype(np.float64) for _, g in named if g is not None] or [np.zeros(0)])
    form = repr(
        (
            [(o.dtype, o.values.shape) for o in answer.outputs],
            [(name, gradient is not None) for name, gradient in named],
        )
    )
    nans = float((~np.isfinite(outputs)).sum() + 1000 * (~np.isfinite(gradients)).sum())
    return [float(zlib.crc32(form.encode()) % 2**20), *_projections(outputs), nans, *_projections(gradients)]


def _projections(numbers: np.ndarray) -> tuple[float, float, float]:
    """The length of a vector and two of its projections, to four digits: the same on every processor."""
    finite = np.clip(np.where(np.isfinite(numbers), numbers, 0.0), -LARGEST, LARGEST)
    places = np.arange(len(finite))
    length = float(np.sqrt((finite * finite).sum()))
    if length < 1e-9:
        return 0.0, 0.0, 0.0
    parts = [float((finite * np.cos(rate * places + rate)).sum()) / length for rate in (0.7, 2.3)]
    size = float(f"{length:.4e}")
    return size, round(parts[0], 4) * size, round(parts[1], 4) * size
