"""What answers need: modules and what may be reached through them, builtins, attributes. Everything else is outside.

The list is generous where nothing can be gained, and closed where code could reach the process that runs it: names
made at run time, code made of text, frames, descriptors, programs, what lies below PyTorch's own interface.
"""

import re


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


# Modules as they are, or as `stand_ins` has them; of each, its public names that are no modules.
MODULES = words(
    """
    torch torch.nn torch.nn.functional torch.nn.init torch.nn.parameter torch.nn.utils torch.nn.utils.rnn
    torch.nn.modules torch.linalg torch.special torch.fft torch.func torch.functional torch.autograd
    torch.autograd.functional torch.optim torch.optim.lr_scheduler torch.distributions torch.testing torch.masked
    torch.sparse torch.nested torch.random torch.cuda torch.backends torch.backends.mps torch.amp torch.utils
    torch.utils.data torch.types torch.version torch.compiler torch.mps torch.xpu
    numpy numpy.linalg numpy.random numpy.typing numpy.fft
    einops einops.layers einops.layers.torch jaxtyping beartype
    math cmath itertools functools operator collections collections.abc contextlib dataclasses typing
    typing_extensions time datetime warnings random enum abc copy numbers statistics fractions decimal string bisect
    heapq textwrap re sys concurrent concurrent.futures threading logging tqdm tqdm.auto tqdm.notebook __future__
    """
)
# By module: names that look into or change what runs, read or write files, or take names that are made at run time.
OUTSIDE = {
    "torch": """load save from_file set_default_device set_default_tensor_type get_device_module to_dlpack from_dlpack
        cond while_loop classproperty get_file_path prepare_multiprocessing_environment quantized_gru quantized_lstm
        """,
    "numpy": """load loads save savez savez_compressed savetxt loadtxt genfromtxt fromfile fromregex memmap DataSource
        frompyfunc getbufsize setbufsize seterrcall geterrcall show_config show_runtime info test lib core ctypeslib
        f2py from_dlpack""",
    "torch.cuda": "memory graphs graph make_graphed_callables caching_allocator_alloc caching_allocator_delete",
    "typing": "get_type_hints ForwardRef",
    "typing_extensions": "get_type_hints ForwardRef evaluate_forward_ref",
    "operator": "attrgetter methodcaller call",
    "dataclasses": "make_dataclass",
    "warnings": "sys WarningMessage showwarning formatwarning",
    "random": "SystemRandom",
    "enum": "sys",
}
# Of these modules nothing but this.
ONLY = {
    "sys": "maxsize float_info version version_info byteorder getsizeof getrecursionlimit",
    "functools": "partial reduce lru_cache cache wraps update_wrapper cached_property singledispatch total_ordering",
    "torch.compiler": "disable is_compiling",
    "torch.backends": "mps",
    "torch.utils": "data",
    "torch.nn.utils": "clip_grad_norm_ clip_grad_value_ parameters_to_vector vector_to_parameters rnn",
    "torch.version": "cuda git_version hip",
    "logging": "getLogger info debug warning error INFO DEBUG WARNING ERROR basicConfig",
    "threading": "Thread Lock RLock current_thread",
    "copy": "copy deepcopy",
    "re": "sub split findall match fullmatch search escape IGNORECASE MULTILINE",
}
BUILTINS = words(
    """
    abs all any ascii bin bool bytearray bytes callable chr classmethod complex delattr dict divmod enumerate filter
    float format frozenset getattr hasattr hash hex id int isinstance issubclass iter len list map max min next object
    oct ord pow print property range repr reversed round set setattr slice sorted staticmethod str sum super tuple type
    zip True False None NotImplemented Ellipsis __build_class__ __debug__
    """
)
# Of names with two underscores: those that classes define and code calls.
SPECIAL = frozenset(
    f"__{name}__"
    for name in words("""
    init call repr str len getitem setitem delitem iter next reversed contains bool int float index hash eq ne lt le gt
    ge add radd iadd sub rsub isub mul rmul imul matmul rmatmul imatmul truediv rtruediv itruediv floordiv rfloordiv mod
    rmod pow rpow ipow neg pos abs invert and rand or ror xor rxor enter exit post_init doc name version all slots
    class_getitem annotations round trunc floor ceil
    """)
)
READ_ONLY = frozenset({"__class__", "__qualname__", "__module__"})
PRIVATE = frozenset({"_replace", "_asdict", "_fields", "_make", "_parameters", "_modules", "_buffers"})
# Public names of frames, code, memory and classes.
ATTRIBUTES_OUTSIDE = words(
    """
    gi_frame gi_code gi_yieldfrom cr_frame cr_code cr_await cr_origin ag_frame ag_code ag_await tb_frame tb_next
    tb_lasti f_back f_globals f_locals f_builtins f_code f_trace func_globals mro ctypes tofile dump dumps storage
    untyped_storage data_ptr share_memory_ share_memory set_ fileno _typed_storage _make_subclass
    _make_wrapper_subclass
    """
)
NAME = re.compile(r"[^\W\d]\w*")


class OutsideError(Exception):
    """Code asks, while it runs, for what is not listed."""


def names_of(table: dict[str, str], module: str) -> frozenset[str]:
    """What one of the tables above has for a module."""
    return words(table.get(module, ""))


def attribute_problem(name: str, own: frozenset[str] = frozenset()) -> bool:
    """Whether an attribute of this name is outside; `own` are the private names that the code itself defines."""
    if name in ATTRIBUTES_OUTSIDE:
        return True
    if name.startswith("__") and name.endswith("__"):
        return name not in SPECIAL and name not in READ_ONLY
    return name.startswith("_") and name not in own and name not in PRIVATE
