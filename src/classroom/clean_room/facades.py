"""Modules as an answer finds them: the listed names of the real ones, and stand-ins for a few that are not needed.

A facade holds nothing. What is asked of it is looked up in the real module when it is asked, so that a name which the
question forbids is the one that raises.
"""

import functools
import importlib
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from classroom.clean_room.listed import MODULES, ONLY, OUTSIDE, OutsideError, names_of, words
from classroom.clean_room.stand_ins import REPLACED, STAND_INS

TORCH_ORIGINS = tuple(
    words("""torch.nn torch.functional torch.autograd torch.random torch.func torch._functorch torch.amp torch.optim
    torch.distributions torch.testing torch.masked torch.sparse torch.nested torch.cuda torch.linalg torch.special
    torch.fft torch._linalg_utils torch._lowrank torch._tensor_str torch.utils.data torch._C._nn torch._C._fft
    torch._C._linalg torch._C._special torch._C._sparse torch._C._nested torch._tensor torch.mps torch.xpu torch.types
    torch.backends torch._torch_docs torch.return_types""")
)
# Classes and functions of `torch` itself that are no operations on tensors.
TORCH_ITSELF = words(
    """Size Tensor device dtype finfo iinfo layout memory_format qscheme OutOfMemoryError Generator default_generator
    BFloat16Tensor BoolTensor ByteTensor DoubleTensor FloatTensor HalfTensor IntTensor LongTensor ShortTensor compile
    is_tensor is_storage set_default_dtype get_default_dtype get_default_device set_printoptions typename
    use_deterministic_algorithms are_deterministic_algorithms_enabled set_float32_matmul_precision
    get_float32_matmul_precision set_warn_always get_num_threads set_num_threads is_grad_enabled
    is_inference_mode_enabled is_autocast_enabled numel"""
)


class Facade:
    """A module as an answer finds it."""

    __slots__ = ("_Facade__module", "_Facade__replaced")

    def __init__(self, module: ModuleType, replaced: Mapping[str, Any]):
        object.__setattr__(self, "_Facade__module", module)
        object.__setattr__(self, "_Facade__replaced", replaced)

    def __getattr__(self, name: str) -> Any:
        module, replaced = self.__module, self.__replaced
        dotted = f"{module.__name__}.{name}"
        if name in replaced:
            return replaced[name]
        if dotted in MODULES:
            return facade(dotted)
        if not hasattr(module, name):
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
        value = getattr(module, name)
        if isinstance(value, ModuleType) and value.__name__ in MODULES:
            return facade(value.__name__)
        if name not in public_names(module.__name__):
            raise OutsideError(dotted)
        return value

    def __setattr__(self, name: str, value: object) -> None:
        raise OutsideError(f"an assignment to {self.__module.__name__}.{name}")

    def __dir__(self) -> list[str]:
        return sorted(public_names(self.__module.__name__))

    def __repr__(self) -> str:
        return f"<module {self.__module.__name__!r}>"


@functools.cache
def facade(dotted: str) -> Any:
    """The module of this name.

    Raises:
        OutsideError: it is not listed.
        ModuleNotFoundError: it is not installed.
    """
    if dotted in STAND_INS:
        return STAND_INS[dotted]
    if dotted not in MODULES:
        raise OutsideError(f"the module {dotted}")
    return Facade(importlib.import_module(dotted), REPLACED.get(dotted, {}))


@functools.cache
def public_names(dotted: str) -> frozenset[str]:
    """The listed names of a module that are no modules; none of one that is not listed or not installed.

    Names are decided the first time, before anything in the module is replaced.
    """
    if dotted in STAND_INS:
        return frozenset(name for name in dir(STAND_INS[dotted]) if not name.startswith("_"))
    if dotted not in MODULES:
        return frozenset()
    try:
        module = importlib.import_module(dotted)
    except ImportError:
        return frozenset()
    only, outside = names_of(ONLY, dotted), names_of(OUTSIDE, dotted)
    fits = _fits(dotted)
    return frozenset(
        name
        for name in dir(module)
        if not name.startswith("_")
        and name not in outside
        and (not only or name in only)
        and (name in REPLACED.get(dotted, {}) or fits(name, getattr(module, name, None)))
    )


def _fits(dotted: str) -> Callable[[str, Any], bool]:
    if not dotted.startswith("torch"):
        return lambda name, value: not isinstance(value, ModuleType)
    import torch

    operations = frozenset(dir(torch._C._VariableFunctions))

    def fits(name: str, value: Any) -> bool:
        if isinstance(value, ModuleType):
            return False
        origin = getattr(value, "__module__", None)
        if dotted == "torch" and (name in TORCH_ITSELF or name in operations):
            return True
        if isinstance(value, bool | int | float | str | tuple | torch.dtype | torch.layout | None):
            return True
        if isinstance(value, torch.memory_format | torch.qscheme):
            return True
        if origin == "torch":
            return dotted != "torch" and (name in operations or name in TORCH_ITSELF)
        if origin == "typing":
            return True
        return isinstance(origin, str) and f"{origin}.".startswith(tuple(f"{o}." for o in TORCH_ORIGINS))

    return fits
