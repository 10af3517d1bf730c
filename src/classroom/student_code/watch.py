"""Watching which operations of torch the student's code runs, by whatever road it reaches them.

A name can be hidden: `getattr`, an alias bound last week, a partial, `torch.ops.aten`. What runs cannot: torch hands
every call of its own functions to a `TorchFunctionMode`, and every kernel to a `TorchDispatchMode`.
"""

import _thread
import contextlib
import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import thread as pool
from typing import Any

from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

# What an operation is called below torch's own interface. Only kernels that nothing else runs: a question that
# forbids `mean` cannot tell its kernel from the one inside a layer norm. Written as beginnings, without underscores.
_SOFTMAX = ("softmax", "safe_softmax", "masked_softmax", "special_softmax", "sparse_softmax")
_LOG_SOFTMAX = ("log_softmax", "special_log_softmax", "sparse_log_softmax")
_WHOLE_LAYERS = ("native_multi_head_attention", "transformer_encoder_layer_fwd", "triton_multi_head_attention")
_ATTENTION = (
    *("scaled_dot_product_", "flash_attention_forward", "efficient_attention_forward", "fused_sdp_choice"),
    *("triton_scaled_dot_attention", *_WHOLE_LAYERS),
)
KERNELS = {
    "softmax": _SOFTMAX,
    "log_softmax": _LOG_SOFTMAX,
    "scaled_dot_product_attention": _ATTENTION,
    "multi_head_attention_forward": _WHOLE_LAYERS,
}


class Watched:
    """The functions of torch that may not run: by identity, by torch's name for them, by kernel."""

    def __init__(self, on_use: Callable[[str], None]):
        self.on_use = on_use
        self._by_identity: dict[int, str] = {}  # functions of torch may not be hashable
        self._by_name: dict[str, str] = {}
        self._by_kernel: dict[str, str] = {}
        self._kernels: tuple[str, ...] = ()  # the keys

    def add(self, name: str, function: Any = None) -> None:
        """Watches the dotted name `name`, which stands for `function` where that is known."""
        if function is not None:
            self._by_identity[id(function)] = name
        last = name.rpartition(".")[2]
        if name.startswith("torch.") and last != "forward":
            self._by_name.setdefault(last, name)
            for kernel in KERNELS.get(last, ()):
                self._by_kernel.setdefault(kernel, name)
            self._kernels = tuple(self._by_kernel)

    def function(self, function: Any) -> str | None:
        """The watched name of a function that torch announces."""
        found = self._by_identity.get(id(function))
        if found is None and self._by_name:
            # `softmax.int` is an overload; `special_softmax` is what `torch.special.softmax` calls itself.
            own = getattr(function, "__name__", "").partition(".")[0].lstrip("_").removeprefix("special_")
            found = self._by_name.get(own) or self._behind(own)
        return found

    def kernel(self, operator: Any) -> str | None:
        """The watched name behind a kernel that torch is about to run."""
        return self._behind(_kernel_name(operator._schema.name))

    def _behind(self, own: str) -> str | None:
        if not own.startswith(self._kernels):
            return None
        return next(name for kernel, name in self._by_kernel.items() if own.startswith(kernel))

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        """Calls `on_use` with the name, before it runs: in this thread, and in those that it starts meanwhile."""
        with self._modes(), self._in_threads():
            yield

    @contextlib.contextmanager
    def _modes(self) -> Iterator[None]:
        kernels = _Kernels(self) if self._by_kernel else contextlib.nullcontext()
        with _Functions(self), kernels:
            yield

    @contextlib.contextmanager
    def _in_threads(self) -> Iterator[None]:
        """Modes belong to a thread: new threads, and what a pool of older ones is given, get their own."""
        start, run_item = _thread.start_new_thread, pool._WorkItem.run

        def watched(original: Callable[..., Any]) -> Callable[..., Any]:
            def wrapper(*arguments: Any, **named: Any) -> Any:
                with self._modes():
                    return original(*arguments, **named)

            return wrapper

        def start_watched(function: Callable[..., Any], *arguments: Any) -> int:
            return start(watched(function), *arguments)

        _thread.start_new_thread = threading._start_new_thread = start_watched
        pool._WorkItem.run = watched(run_item)
        try:
            yield
        finally:
            _thread.start_new_thread = threading._start_new_thread = start
            pool._WorkItem.run = run_item


@functools.cache
def _kernel_name(schema: str) -> str:
    return schema.partition("::")[2].lstrip("_")


class _Functions(TorchFunctionMode):
    def __init__(self, watched: Watched):
        super().__init__()
        self.watched = watched

    def __torch_function__(self, func: Any, types: Sequence[type], args: Any = (), kwargs: Any = None) -> Any:
        name = self.watched.function(func)
        if name is not None:
            self.watched.on_use(name)
        return func(*args, **(kwargs or {}))


class _Kernels(TorchDispatchMode):
    def __init__(self, watched: Watched):
        super().__init__()
        self.watched = watched

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """No: the wrapper that it asks for imports the whole compiler, seconds that a student would wait."""
        return False

    def __torch_dispatch__(self, func: Any, types: Sequence[type], args: Any = (), kwargs: Any = None) -> Any:
        name = self.watched.kernel(func)
        if name is not None:
            self.watched.on_use(name)
        return func(*args, **(kwargs or {}))
