"""Names that a question asks to implement rather than to call: they raise while the student's code is called."""

import contextlib
import importlib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from torch.overrides import TorchFunctionMode

from classroom.errors import ClassroomError


class ForbiddenNameError(RuntimeError):
    """Raised in the student's code by the name that the question forbids."""

    def __init__(self, name: str):
        super().__init__(f"This question asks you to write it yourself: your code calls {name}, which is not allowed.")


@contextlib.contextmanager
def forbid(names: Sequence[str], namespace: dict[str, Any]) -> Iterator[list[str]]:
    """While active, each dotted name raises when called, also where the namespace imported it under another name.

    Yields the list of names that were called, which the student's own `except` cannot empty. A name that does not
    exist on this machine cannot be called and is passed over; `resolve` is there to find an author's mistakes.
    """
    used: list[str] = []
    functions: dict[int, str] = {}  # by identity: functions of torch may not be hashable
    with contextlib.ExitStack() as restore:
        for name in names:
            try:
                parent, attribute = resolve(name)
            except ClassroomError:
                continue
            original = getattr(parent, attribute)
            trap = _trap(name, used)
            if inspect.isclass(original):  # stays a class: subclasses and instances made earlier are caught too
                for method in ("__init__", "forward"):
                    if hasattr(original, method):
                        _replace(restore, original, method, trap)
                continue
            functions[id(original)] = name
            _replace(restore, parent, attribute, trap)
            for alias in [key for key, value in namespace.items() if value is original]:
                namespace[alias] = trap
                restore.callback(_put_back, namespace, alias, trap, original)
        if functions:
            restore.enter_context(_Watch(functions, used))
        yield used


class _Watch(TorchFunctionMode):
    """Sees every call of torch's own functions, also through a partial or a name that was bound elsewhere."""

    def __init__(self, functions: Mapping[int, str], used: list[str]):
        super().__init__()
        self.functions, self.used = functions, used

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = self.functions.get(id(func))
        if name is not None:
            self.used.append(name)
            raise ForbiddenNameError(name)
        return func(*args, **(kwargs or {}))


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
        used.append(name)
        raise ForbiddenNameError(name)

    return trap


def _replace(restore: contextlib.ExitStack, parent: Any, attribute: str, trap: Any) -> None:
    if attribute in vars(parent):
        restore.callback(setattr, parent, attribute, vars(parent)[attribute])
    else:  # inherited (torch.Tensor.softmax): shadow it, then take the shadow away
        restore.callback(delattr, parent, attribute)
    setattr(parent, attribute, trap)


def _put_back(namespace: dict[str, Any], alias: str, trap: Any, original: Any) -> None:
    if namespace.get(alias) is trap:  # the student's code may have rebound the name meanwhile
        namespace[alias] = original
