"""`torch.compile` in a student's process: the function itself. There is no compiler to wait for in the sandbox.

Values are the same, and a compiled function would hide what it runs from whoever counts.
"""

from collections.abc import Callable
from typing import Any

import torch


def switch_off_compiling() -> None:
    """From here on, in this process, compiling gives back what it is given."""
    torch.compile = _as_it_is
    torch.nn.Module.compile = lambda self, *_, **__: None


def _as_it_is(model: Callable[..., Any] | None = None, **_: Any) -> Any:
    return _as_it_is if model is None else model
