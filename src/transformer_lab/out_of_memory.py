"""Out of memory, as a sentence that says what to lower."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from transformer_lab.errors import LabError

# What allocators say that raise no exception of their own: those on a processor, and CUDA's libraries.
SAID = re.compile(
    r"not enough memory|can't allocate memory|std::bad_alloc|CUDA error: out of memory|_ALLOC_FAILED"
    r"|CUDA out of memory"  # while compiling, where the exception is the compiler's
    r"|Storage size calculation overflowed|integer multiplication overflow"  # sizes that no memory has
)
WANTED = re.compile(r"allocate ([\d.]+) ?(bytes|KiB|MiB|GiB)")
UNITS = {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


@contextmanager
def out_of_memory(doing: str, remedy: str) -> Iterator[None]:
    """Turns an allocation that fails inside into a LabError: what was being done, and the remedy."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        wanted = WANTED.search(str(error))
        size = f" ({float(wanted[1]) * UNITS[wanted[2]] / 2**30:,.2f} GiB more were wanted)" if wanted else ""
        raise LabError(f"{doing}: out of memory{size}; {remedy}.") from error


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an allocation failed, on whatever device."""
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or bool(SAID.search(str(error)))
