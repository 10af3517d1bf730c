"""A question: one graded function or class, defined once, with the evidence that it grades fairly."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from classroom.questions.guide import Guide, WorkedExample
from classroom.questions.wording import EXACT, Wording
from classroom.student_code.student import Answer, Call


@dataclass(frozen=True)
class Case:
    """One situation in which the code is tried, described for the student ("a batch with a padded key").

    Most cases are one call. Properties compare two: the second call's inputs are the first's, perturbed.
    `tags` say which criteria look at this case.
    """

    name: str
    calls: tuple[Call, ...]
    tags: frozenset[str]
    # What a property needs beyond the calls, as plain arrays (for instance: which outputs must not change).
    extras: dict[str, np.ndarray] | None = None


class Criterion(ABC):
    """One thing that is judged, worth a share of the points: value, gradient, shape and dtype, property, cost.

    It sees plain arrays only, so it works the same on materialised answers and on live ones.
    """

    name: str  # what the student reads: "values", "gradients", "cannot see the future"
    weight: float
    tag: str  # it judges the cases that carry this tag

    @abstractmethod
    def judge(
        self, case: Case, expected: Sequence[Answer], actual: Sequence[Answer], wording: Wording = EXACT
    ) -> str | None:
        """None when the case passes, else one sentence, as `wording` puts it: what differs, where, by how much."""


@dataclass(frozen=True)
class Misconception:
    """A named wrong implementation, and the sentence that a student who wrote it should read."""

    name: str
    sentence: str
    implementation: Callable[..., Any]


@dataclass(frozen=True)
class Attempt:
    """Code for the target as a student would write it, and what must become of it.

    With `named`, it loses marks and that misconception's sentence is the diagnosis. With `forbidden`, it earns 0
    because of that name. With neither it is right, however odd, and gets full marks.
    """

    code: str
    named: str | None = None
    forbidden: str | None = None


@dataclass(frozen=True)
class Question:
    """One graded function or class.

    A question is accepted only when its own evidence holds (see `classroom.questions.evidence`): on many seeds every
    misconception loses marks and is diagnosed by its own name, every alternative scores full marks, the
    untouched stub scores 0.
    """

    id: str  # the grade_id of its check cell: lower-case words joined by hyphens
    title: str
    target: str  # the name that the notebook must define
    points: float
    reference: Callable[..., Any]
    cases: Callable[[np.random.Generator], list[Case]]
    criteria: tuple[Criterion, ...]
    misconceptions: tuple[Misconception, ...]
    alternatives: dict[str, Callable[..., Any]]
    forbidden: tuple[str, ...] = ()
    guide: Guide | None = None  # difficulty, minutes, hints, section of the book: shown in the notebook
    example: WorkedExample | None = None  # its result is shown in the notebook, and tested against the reference
    attempts: tuple[Attempt, ...] = ()
    # Words of the notebook's text to the case or criterion that tests them: see `classroom.questions.promises`.
    promises: Mapping[str, str] = field(default_factory=dict)
