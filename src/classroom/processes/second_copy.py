"""A second copy of the checking code: students' code imports and changes that one, and the first goes on working.

The answers to the examiner's calls are counted and watched in the student's own process. Whoever replaces a part of
`classroom` there, as a test would, must not replace what counts and watches.
"""

import importlib
import sys
from collections.abc import Mapping, Sequence
from types import ModuleType

PACKAGE = "classroom"


def make(names: Sequence[str]) -> dict[str, ModuleType]:
    """These modules of the package, and what they import of it, once more; what is imported already stays as it is."""
    first = _take_out()
    try:
        for name in names:
            importlib.import_module(name)
        return _take_out()
    finally:
        sys.modules.update(first)


def give(copy: Mapping[str, ModuleType]) -> None:
    """From here on `import` finds the copy. Called in a student's process, before its code."""
    _take_out()
    sys.modules.update(copy)


def _take_out() -> dict[str, ModuleType]:
    mine = [name for name in sys.modules if name.partition(".")[0] == PACKAGE]
    return {name: sys.modules.pop(name) for name in mine}
