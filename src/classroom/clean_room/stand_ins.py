"""What stands in for parts of Python and of packages: it gives the same values, and no way out.

jaxtyping evaluates the text in its brackets, so here a shape is only a tensor. Threads run at once: an answer's values
do not depend on when they run. Compiled functions are the functions themselves. Printing does nothing.
"""

import functools
import types
from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import Any


class _Shaped(type):
    def __getitem__(cls, described: Any) -> Any:
        return described[0] if isinstance(described, tuple) else described


class _AnyShape(metaclass=_Shaped):
    """`Float[Tensor, "b n"]` is Tensor."""


class _Done:
    def __init__(self, value: Any = None, error: Exception | None = None):
        self.value, self.error = value, error

    def result(self, timeout: float | None = None) -> Any:
        if self.error is not None:
            raise self.error
        return self.value

    def done(self) -> bool:
        return True

    def exception(self, timeout: float | None = None) -> Exception | None:
        return self.error


class _Executor:
    """A pool that does at once what it is given."""

    def __init__(self, *_: Any, **__: Any):
        pass

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> _Done:
        try:
            return _Done(function(*arguments, **named))
        except Exception as error:
            return _Done(error=error)

    def map(self, function: Callable[..., Any], *iterables: Iterable[Any], **_: Any) -> Iterable[Any]:
        return iter([function(*each) for each in zip(*iterables, strict=False)])

    def shutdown(self, *_: Any, **__: Any) -> None:
        pass

    def __enter__(self) -> "_Executor":
        return self

    def __exit__(self, *_: object) -> None:
        pass


class _Thread:
    """A thread that has done its work when it is started."""

    def __init__(
        self,
        group: None = None,
        target: Callable[..., Any] | None = None,
        name: str | None = None,
        args: Iterable[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        daemon: bool | None = None,
    ):
        self._work = functools.partial(target, *args, **(kwargs or {})) if target else lambda: None
        self.name, self.daemon = name, daemon

    def start(self) -> None:
        self.run()

    def run(self) -> None:
        self._work()

    def join(self, timeout: float | None = None) -> None:
        pass

    def is_alive(self) -> bool:
        return False


class _Lock:
    def acquire(self, *_: Any, **__: Any) -> bool:
        return True

    def release(self) -> None:
        pass

    def __enter__(self) -> bool:
        return True

    def __exit__(self, *_: object) -> None:
        pass


def _itself(function: Any = None, **_: Any) -> Any:
    """For decorators with and without arguments: the function as it is."""
    return (lambda function: function) if function is None else function


def _wraps(wrapped: Any) -> Callable[[Any], Any]:
    return lambda wrapper: _update_wrapper(wrapper, wrapped)


def _update_wrapper(wrapper: Any, wrapped: Any) -> Any:
    for name in ("__name__", "__doc__", "__qualname__"):
        if isinstance(wrapper, types.FunctionType) and isinstance(getattr(wrapped, name, None), str):
            setattr(wrapper, name, getattr(wrapped, name))
    return wrapper


def _nothing(*_: Any, **__: Any) -> None:
    pass


def _progress(iterable: Any = (), *_: Any, **__: Any) -> Any:
    return iterable


SHAPED = """Shaped Num Inexact Real Float Float16 Float32 Float64 BFloat16 Complex Complex64 Complex128 Int Int8 Int16
    Int32 Int64 UInt UInt8 UInt16 UInt32 UInt64 Integer Bool Key Array ArrayLike Scalar ScalarLike PyTree"""
_LOGGER = SimpleNamespace(**dict.fromkeys(("debug", "info", "warning", "error", "setLevel", "addHandler"), _nothing))
STAND_INS: Mapping[str, Any] = {
    "jaxtyping": SimpleNamespace(**dict.fromkeys(SHAPED.split(), _AnyShape), jaxtyped=_itself),
    "beartype": SimpleNamespace(beartype=_itself),
    "concurrent.futures": SimpleNamespace(
        ThreadPoolExecutor=_Executor,
        Executor=_Executor,
        as_completed=iter,
        wait=lambda done, *_: (set(done), set()),
    ),
    "threading": SimpleNamespace(Thread=_Thread, Lock=_Lock, RLock=_Lock, current_thread=lambda: _Thread()),
    "logging": SimpleNamespace(
        **dict.fromkeys(("debug", "info", "warning", "error", "basicConfig"), _nothing),
        getLogger=lambda *_: _LOGGER,
        DEBUG=10,
        INFO=20,
        WARNING=30,
        ERROR=40,
    ),
    **{name: SimpleNamespace(tqdm=_progress, trange=range) for name in ("tqdm", "tqdm.auto", "tqdm.notebook")},
}
# Of modules that are otherwise as they are.
REPLACED: Mapping[str, Mapping[str, Any]] = {
    "torch": {"compile": _itself},
    "torch.compiler": {"disable": _itself, "is_compiling": lambda: False},
    "functools": {"wraps": _wraps, "update_wrapper": _update_wrapper},
    "warnings": {"warn": _nothing},
    "time": {"sleep": _nothing},
}
