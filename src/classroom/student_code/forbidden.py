"""Names that a question asks to implement rather than to call: they raise while the student's code is called."""

import contextlib
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from classroom.errors import ClassroomError
from classroom.student_code.watch import Watched

# Names of packages that are not installed: looked for once, not in every call.
_NOT_HERE: set[str] = set()


class ForbiddenNameError(RuntimeError):
    """Raised in the student's code by the name that the question forbids."""

    def __init__(self, name: str):
        super().__init__(f"This question asks you to write it yourself: your code calls {name}, which is not allowed.")


@contextlib.contextmanager
def forbid(names: Sequence[str], namespace: dict[str, Any]) -> Iterator[list[str]]:
    """While active, each dotted name raises when called, also where the namespace imported it under another name.

    Functions of torch are watched as well where they run, whatever the code calls them (see `watch.py`).
    Yields the list of names that were called, which the student's own `except` cannot empty. A name that does not
    exist on this machine cannot be called and is passed over; `resolve` is there to find an author's mistakes.
    """
    used: list[str] = []
    watched = Watched(lambda name: _raise(name, used))
    with contextlib.ExitStack() as restore:
        for name in names:
            if name in _NOT_HERE:
                continue
            try:
                parent, attribute = resolve(name)
            except ClassroomError:
                if name.partition(".")[0] not in sys.modules:
                    _NOT_HERE.add(name)
                watched.add(name)  # the student's code may have taken the name away, and kept the function
                continue
            original = getattr(parent, attribute)
            trap = _trap(name, used)
            if inspect.isclass(original):  # stays a class: subclasses and instances made earlier are caught too
                for method in ("__init__", "forward"):
                    if hasattr(original, method):
                        restore.callback(replace(original, method, trap))
                continue
            watched.add(name, original)
            restore.callback(replace(parent, attribute, trap))
            for alias in [key for key, value in namespace.items() if value is original]:
                namespace[alias] = trap
                restore.callback(_put_back, namespace, alias, trap, original)
        if any(name.startswith("torch.") for name in names):
            restore.enter_context(watched.active())
        yield used


def resolve(name: str) -> tuple[Any, str]:
    """The module or class that holds a dotted name, and the name's last part.

    Raises:
        ClassroomError: it does not exist.
    """
    path, _, attribute = name.rpartition(".")
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        try:
            parent = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        try:
            for part in parts[length:]:
                parent = getattr(parent, part)
            getattr(parent, attribute)
        except AttributeError:
            break
        return parent, attribute
    raise ClassroomError(f"the forbidden name {name!r} does not exist; write it as module.name, in full.")


def _trap(name: str, used: list[str]) -> Any:
    def trap(*_: object, **__: object) -> None:
        _raise(name, used)

    return trap


def _raise(name: str, used: list[str]) -> None:
    used.append(name)
    raise ForbiddenNameError(name)


def replace(parent: Any, attribute: str, trap: Any) -> Callable[[], None]:
    """Puts `trap` in an attribute's place; gives what puts the attribute back."""
    if attribute in vars(parent):
        back = partial(setattr, parent, attribute, vars(parent)[attribute])
    else:  # inherited (torch.Tensor.softmax): shadow it, then take the shadow away
        back = partial(delattr, parent, attribute)
    setattr(parent, attribute, trap)
    return back


def _put_back(namespace: dict[str, Any], alias: str, trap: Any, original: Any) -> None:
    if namespace.get(alias) is trap:  # the student's code may have rebound the name meanwhile
        namespace[alias] = original
