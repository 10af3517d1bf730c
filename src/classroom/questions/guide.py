"""What a question tells a student before the first line of code: how hard, how long, where to read, and hints.

It is written with the question and shown in the notebook by the release (`classroom.authoring.guided`).
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from classroom.errors import ClassroomError
from classroom.student_code.student import Call, Scalar

DIFFICULTIES = {1: "easy", 2: "medium", 3: "hard"}
MOST_HINTS = 3


@dataclass(frozen=True)
class Section:
    """A section of the book: its page (`self-attention`) and its heading, as written there."""

    page: str
    heading: str

    @property
    def anchor(self) -> str:
        """What follows `#` in its address: the heading in lower case, its words joined by hyphens, as docutils does."""
        plain = unicodedata.normalize("NFKD", self.heading.lower()).encode("ascii", "ignore").decode()
        return re.sub(r"[^a-z0-9]+", "-", plain).strip("-").lstrip("0123456789-")


@dataclass(frozen=True)
class Guide:
    """How hard a question is (1 to 3), its minutes, where to read, and hints from a nudge to nearly the answer.

    Raises:
        ClassroomError: the difficulty, the minutes or the number of hints is out of range.
    """

    difficulty: int
    minutes: int
    section: Section
    hints: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.difficulty not in DIFFICULTIES:
            raise ClassroomError(f"a question's difficulty is 1, 2 or 3, not {self.difficulty!r}")
        if not 1 <= self.minutes <= 120:
            raise ClassroomError(f"a question takes 1 to 120 minutes, not {self.minutes!r}; split a longer one")
        if not isinstance(self.hints, tuple) or not 1 <= len(self.hints) <= MOST_HINTS:
            raise ClassroomError(
                f"a question has a tuple of one to {MOST_HINTS} hints, from a nudge to nearly the answer"
            )


@dataclass(frozen=True)
class WorkedExample:
    """What the target gives on the notebook's worked example, computed by hand.

    `call` is what the student would type ("attention_scores(W, W)"). Nested lists among `arguments` and `parameters`
    become float32 arrays; arrays stay what they are. `expected` has one array, or nested lists, for each output,
    right to `digits` digits after the point.
    """

    call: str
    arguments: tuple[Any, ...]
    expected: tuple[Any, ...]
    construct: tuple[Scalar, ...] | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    digits: int = 4

    @property
    def asked(self) -> Call:
        """The example as a call of the target."""
        parameters = {name: _array(value) for name, value in self.parameters.items()}
        return Call(tuple(map(_array, self.arguments)), construct=self.construct, parameters=parameters)

    @property
    def right(self) -> tuple[np.ndarray, ...]:
        """The expected outputs as arrays: truth values and whole numbers as they are, others as float64."""
        return tuple(np.asarray(value) for value in self.expected)

    @property
    def tolerance(self) -> float:
        """How far a right result may be from what is written: half a unit of the last digit."""
        return 0.5 * 10.0**-self.digits


def _array(value: Any) -> Any:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return value
    array = np.asarray(value)
    return array.astype(np.float32) if array.dtype.kind == "f" else array
