"""How a verdict is put into words: with its numbers where the cases are public, without them where they are hidden.

A criterion finds what is wrong; a `Wording` says it. The check in a notebook speaks `Exact`. The grading run speaks
`classroom.submissions.discreet.Discreet`: what a student gets back names the mistake and never quotes a hidden case.
"""

from abc import ABC, abstractmethod

import numpy as np

from classroom.compare import Difference

Shape = tuple[int, ...]


class Wording(ABC):
    """The words for what a criterion found."""

    @abstractmethod
    def difference(self, found: Difference) -> str:
        """The words that follow "your output": its shape, NaN, or how its entries differ."""

    @abstractmethod
    def shape(self, given: Shape, right: Shape) -> str:
        """The words that follow "your output" when only its shape is wrong."""

    @abstractmethod
    def outputs(self, given: int, right: int) -> str:
        """The words that follow "your code returned": another number of outputs than there should be."""

    @abstractmethod
    def responding(self, does: int, should: int) -> str:
        """How many of the entries that have to respond to a change do."""

    @abstractmethod
    def operations(self, small: int, large: int) -> str:
        """That a larger input took more torch operations."""

    @abstractmethod
    def error(self, sentence: str) -> str:
        """What the student's process says went wrong in a call."""


class Exact(Wording):
    """Everything, with its numbers: for cases that the student can see."""

    def difference(self, found: Difference) -> str:
        """See `Wording.difference`: the worst entry, where it is, and how many differ."""
        expected, actual = found.expected, found.actual
        if not found.same_shape:
            return self.shape(actual.shape, expected.shape)
        entries = f"{int(found.wrong.sum())} of {int(found.looked_at.sum())} entries"
        count = entries if found.wrong.size > 1 else "the only entry"
        bad = np.argwhere(found.not_finite)
        if len(bad):
            index = tuple(bad[0])
            kind = "NaN (not a number)" if np.isnan(float(actual[index])) else "infinite"
            return (
                f"is {kind} at {index_text(index) or 'its only entry'}, expected {number_text(expected[index])} "
                f"({count} differ)"
            )
        index = found.worst
        place = f" at {index_text(index)}" if index else ""
        return (
            f"is {number_text(actual[index])} instead of {number_text(expected[index])}{place}, "
            f"where it differs most ({count} differ)"
        )

    def shape(self, given: Shape, right: Shape) -> str:
        """See `Wording.shape`: both shapes."""
        return f"has shape {shape_text(given)} instead of {shape_text(right)}"

    def outputs(self, given: int, right: int) -> str:
        """See `Wording.outputs`: both numbers."""
        return f"{count_text(given)} instead of {count_text(right)}"

    def responding(self, does: int, should: int) -> str:
        """See `Wording.responding`: both numbers."""
        return f"Only {does} of the {should} entries that have to respond to this change do"

    def operations(self, small: int, large: int) -> str:
        """See `Wording.operations`: both numbers."""
        return f"Your code ran {small} torch operations on a small input and {large} on a larger one"

    def error(self, sentence: str) -> str:
        """See `Wording.error`: as it is."""
        return sentence


class Silent(Wording):
    """No words: for whoever only asks whether something is wrong."""

    def difference(self, found: Difference) -> str:
        """See `Wording.difference`."""
        return "differs"

    def shape(self, given: Shape, right: Shape) -> str:
        """See `Wording.shape`."""
        return "has another shape"

    def outputs(self, given: int, right: int) -> str:
        """See `Wording.outputs`."""
        return "another number of outputs"

    def responding(self, does: int, should: int) -> str:
        """See `Wording.responding`."""
        return "Too few respond"

    def operations(self, small: int, large: int) -> str:
        """See `Wording.operations`."""
        return "More operations"

    def error(self, sentence: str) -> str:
        """See `Wording.error`."""
        return sentence


EXACT = Exact()
SILENT = Silent()


def shape_text(shape: Shape) -> str:
    """`(2, 3)` as people write it; a single number has shape `()`."""
    return "()" if not shape else "(" + ", ".join(str(n) for n in shape) + ("," if len(shape) == 1 else "") + ")"


def index_text(index: tuple[int, ...]) -> str:
    """`[0, 2]`, or nothing for a single number."""
    return "[" + ", ".join(str(int(i)) for i in index) + "]" if index else ""


def number_text(number: object) -> str:
    """A number with four digits, a truth value as itself."""
    if isinstance(number, bool | np.bool_):
        return str(bool(number))
    if isinstance(number, int | np.integer):
        return str(int(number))
    value = float(number)  # type: ignore[arg-type]
    return "NaN" if np.isnan(value) else f"{value:.4g}"


def count_text(number: int) -> str:
    """A number of outputs."""
    return "one output" if number == 1 else f"{number} outputs"
