"""What a call costs: the operations that torch runs, the numbers that leave tensors, and how often a line is repeated.

Each alone can be avoided by who loops: over numbers instead of tensors, with numpy, or in one long expression.
"""

import functools
import sys
import sysconfig
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

# By the name of the method: how many numbers it hands to Python. What is read as one number is an operation of torch.
_LEAVING = {"tolist", "numpy", "__array__", "__dlpack__", "storage", "untyped_storage"}
_OURS = str(Path(__file__).resolve().parents[1]) + "/"
_FOREIGN = tuple(
    {
        f"{Path(path).resolve()}/"
        for name in ("stdlib", "platstdlib", "purelib", "platlib")
        if (path := sysconfig.get_path(name))
    }
    | {f"{Path(module.__file__).resolve().parents[1]}/" for module in (np, torch)}
)


class Measured:
    """Counts while it is active. Use once."""

    def __init__(self) -> None:
        self.operations = 0  # of torch, and numbers that left tensors
        self._visits: Counter[tuple[CodeType, int]] = Counter()

    @property
    def repeats(self) -> int:
        """How often the most repeated piece of the student's own code was run."""
        return max(self._visits.values(), default=0)

    @contextmanager
    def active(self) -> Iterator[None]:
        """Counts what this thread does."""
        before = sys.gettrace()
        with _Leaving(self), _Operations(self):
            sys.settrace(self._trace)
            try:
                yield
            finally:
                sys.settrace(before)

    def _trace(self, frame: FrameType, event: str, argument: object) -> Any:
        if not _is_student_code(frame.f_code):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self._step

    def _step(self, frame: FrameType, event: str, argument: object) -> Any:
        if event == "opcode":
            self._visits[frame.f_code, frame.f_lasti] += 1
        return self._step


@functools.lru_cache(4096)
def _is_student_code(code: CodeType) -> bool:
    """Whether it was written in a notebook or beside it: not Python's, a package's or ours."""
    name = code.co_filename
    return not name.startswith(("<frozen", "<string>", "<__array_function__")) and not str(name).startswith(
        (*_FOREIGN, _OURS)
    )


class _Operations(TorchDispatchMode):
    """Counts the operations that torch dispatches while it is active."""

    def __init__(self, measured: Measured) -> None:
        super().__init__()
        self.measured = measured

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """No: the wrapper that it asks for imports the whole compiler, seconds that a student would wait."""
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.measured.operations += 1
        return func(*args, **(kwargs or {}))


class _Leaving(TorchFunctionMode):
    """Counts the numbers that leave tensors while it is active."""

    def __init__(self, measured: Measured) -> None:
        super().__init__()
        self.measured = measured

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__name__", "") in _LEAVING and args and isinstance(args[0], torch.Tensor):
            self.measured.operations += args[0].numel()
        return func(*args, **(kwargs or {}))
