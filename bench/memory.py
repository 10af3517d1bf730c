"""The most memory that torch's tensors take during a piece of work.

Not the resident memory of the process: that also has pages of libraries and what the system's allocator keeps of
earlier work (a third more for a training step, on both sides alike), which hide what is small. On CUDA torch's own
allocator keeps the maximum. On the CPU its profiler notes each allocation and release, of tensors and of the scratch
memory of torch's kernels, and they are added up.
"""

import gc
from collections.abc import Callable

import torch

from book_tools.measure import peak_memory

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
    def run() -> None:
        work = make()
        work()
        work()

    return peak_memory(run)
