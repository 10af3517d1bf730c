"""Python's builtins as an answer finds them: what takes names at run time takes listed ones."""

import builtins
from collections.abc import Callable, Mapping
from typing import Any

from classroom.clean_room.facades import Facade, facade
from classroom.clean_room.listed import BUILTINS, OutsideError, attribute_problem


def importer(own: Mapping[str, Any]) -> Callable[..., Any]:
    """What `import` does: finds listed modules, and those beside the notebook that are in `own`."""

    def find(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        if level:
            package = (globals or {}).get("__package__", "").split(".")
            kept = package[: len(package) - level + 1]
            name = ".".join([*kept, name] if name else kept)
        parts = name.split(".")
        found = own[name] if name in own else facade(name)
        if not fromlist:
            return own[parts[0]] if parts[0] in own else facade(parts[0])
        return found

    return find


def restricted(own: Mapping[str, Any]) -> dict[str, Any]:
    """The builtins of an answer."""
    real = {name: getattr(builtins, name) for name in BUILTINS if hasattr(builtins, name)}
    errors = {n: e for n, e in vars(builtins).items() if isinstance(e, type) and issubclass(e, BaseException)}
    return (
        real
        | errors
        | {
            "__import__": importer(own),
            "getattr": _getattr,
            "setattr": _setattr,
            "hasattr": _hasattr,
            "delattr": _delattr,
            "print": lambda *_, **__: None,
            "type": _TypeOf,
        }
    )


class _Type(type):
    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, type)

    def __call__(cls, value: Any) -> type:
        return type(value)


class _TypeOf(metaclass=_Type):
    """`type(x)`; classes are made by `class` statements only."""


_MISSING = object()


def _named(name: Any) -> str:
    if type(name) is not str or attribute_problem(name):
        raise OutsideError(f"the attribute {name}")
    return name


def _getattr(value: Any, name: str, default: Any = _MISSING) -> Any:
    return getattr(value, _named(name)) if default is _MISSING else getattr(value, _named(name), default)


def _hasattr(value: Any, name: str) -> bool:
    return hasattr(value, _named(name))


def _setattr(value: Any, name: str, new: Any) -> None:
    _changeable(value, _named(name))
    setattr(value, name, new)


def _delattr(value: Any, name: str) -> None:
    _changeable(value, _named(name))
    delattr(value, name)


def _changeable(value: Any, name: str) -> None:
    kind = value if isinstance(value, type) else type(value)
    if isinstance(value, Facade) or (isinstance(value, type) and kind.__module__ != "__main__"):
        raise OutsideError(f"an assignment to {getattr(kind, '__name__', kind)}.{name}")
