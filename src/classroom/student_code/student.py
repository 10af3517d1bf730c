"""The seam between a student's code and whoever judges it.

The student's process computes; the examiner judges. A `Student` runs notebook cells and answers `Call`s; what
comes back is plain arrays, never objects with behaviour of their own. The same question code talks to an
`InProcess` student (the check in the notebook) and to one that lives in another process (grading).
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Scalar = None | bool | int | float | str
Value = np.ndarray | Scalar


@dataclass(frozen=True)
class Call:
    """One thing asked of a student's code: call what the notebook defines as `target` on these inputs.

    Arrays arrive as torch tensors of the same dtype, scalars as they are. With `construct`, `target` is a class:
    it is constructed with those arguments and set to `eval()`, `parameters` are copied into it by name, and the
    instance is called. It must have these parameters and no others; buffers of its own are its own business.
    """

    arguments: tuple[Value, ...]
    construct: tuple[Scalar, ...] | None = None
    parameters: Mapping[str, np.ndarray] = field(default_factory=dict)
    # Where given (the shape of the first output, or of all outputs joined along their last axis): the answer
    # carries the gradient of sum(output * cotangent) with respect to every floating-point argument and parameter.
    cotangent: np.ndarray | None = None
    # Whether the answer carries the number of torch operations that the call dispatched.
    count_operations: bool = False


@dataclass(frozen=True)
class Array:
    """A tensor that crossed the seam: its values, and the torch dtype and shape that it had."""

    values: np.ndarray
    dtype: str  # "float32", "bfloat16", "bool", … (bfloat16 values cross as float32)


@dataclass(frozen=True)
class Answer:
    """What a call gave: arrays, or the reason why there are none. Evidence that is absent is never a point."""

    outputs: tuple[Array, ...] = ()
    # By "argument 0", "argument 1", … and parameter name; None where no gradient reached that input.
    gradients: Mapping[str, np.ndarray | None] = field(default_factory=dict)
    operations: int | None = None  # of torch, and numbers that left tensors
    error: str | None = None  # one sentence for the student: "RuntimeError in your code, line 4: …"
    repeats: int | None = None  # how often the most repeated piece of the student's own code was run


@dataclass(frozen=True)
class CellOutcome:
    """What running one notebook cell gave: nbformat outputs for the feedback, and whether it raised."""

    outputs: Sequence[Mapping[str, Any]] = ()
    error: str | None = None


class StudentLost(Exception):  # noqa: N818 - an outcome, not an error in our code
    """The student's process is gone or must go: `outcome` (timeout, memory, crashed…) and one sentence why.

    Raised by `Student` methods, caught by whoever grades the notebook; every later call would raise it again.
    """

    def __init__(self, outcome: str, reason: str):
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason


class Student(ABC):
    """Runs one student's notebook and answers calls about what it defines."""

    @abstractmethod
    def run_cell(self, source: str) -> CellOutcome:
        """Runs one code cell. Called by the grading run, once a cell, in the notebook's order.

        A cell that raises is an outcome, not an exception.

        Raises:
            StudentLost: the process timed out, ran out of memory or died.
        """

    @abstractmethod
    def answer(self, target: str, call: Call, forbidden: Sequence[str] = ()) -> Answer:
        """Calls what the notebook defined as `target`. Called by the examiner, after the cells have run.

        While the call runs, each dotted name in `forbidden` ("torch.nn.functional.softmax") raises in the
        student's process. A missing target, an exception or an unusable value is an `Answer` with `error`.

        Raises:
            StudentLost: the process timed out, ran out of memory or died.
        """

    @abstractmethod
    def close(self) -> None:
        """Ends the student's process and everything it started. Safe to call twice."""

    def __enter__(self) -> "Student":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
