"""The most memory that torch's tensors take during a piece of work.

Not the resident memory of the process: that also has pages of libraries and what the system's allocator keeps of
earlier work (a third more for a training step, on both sides alike), which hide what is small. On CUDA torch's own
allocator keeps the maximum. On the CPU its profiler notes each allocation and release, of tensors and of the scratch
memory of torch's kernels, and they are added up.
"""

import contextlib
import gc
import os
from collections.abc import Callable, Iterator

import torch
from torch.autograd.profiler import profile

Work = Callable[[], object]


def peak_bytes(make: Callable[[], Work], device: str = "cpu") -> int:
    """Bytes at the peak while `make` builds something (a model and its optimizer, say) and its work runs twice.

    Twice, because an optimizer makes its state in its first step, and a compiler works before the first result.
    """
    gc.collect()
    return _on_cuda(make) if device == "cuda" else _on_cpu(make)


def _on_cuda(make: Callable[[], Work]) -> int:
    torch.cuda.synchronize()
    before = torch.cuda.memory_allocated()
    work = make()
    work()
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    work()
    torch.cuda.synchronize()
    return torch.cuda.max_memory_allocated() - before


def _on_cpu(make: Callable[[], Work]) -> int:
    with _quiet(), profile(use_kineto=True, profile_memory=True) as profiler:
        work = make()
        work()
        work()
    events = [event for event in profiler.kineto_results.events() if event.name() == "[memory]"]
    size = peak = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        size += event.nbytes()
        peak = max(peak, size)
    return peak


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Nothing on stderr: the profiler's library announces there that it starts and stops."""
    kept = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
