"""What chapters and benchmarks measure about a computation: the time it takes and the memory it needs at its peak."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from torch.profiler import ProfilerActivity, profile


def seconds(compute: Callable[[], object], repeats: int = 5) -> float:
    """The shortest of several runs, after one that is not counted.

    The shortest, because other programs can only make a run longer.
    """
    compute()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        compute()
        times.append(time.perf_counter() - start)
    return min(times)


def peak_memory(compute: Callable[[], object]) -> int:
    """The most bytes of CPU tensors that `compute` holds at any moment, beyond those that were there before it.

    Every allocation of torch counts, also the buffers inside a fused kernel; what Python itself needs does not.
    """
    with _quiet(), profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        result = compute()
    del result
    # Each event is one allocation (positive) or release (negative) of torch's CPU allocator.
    events = [event for event in recorded.profiler.kineto_results.events() if event.name() == "[memory]"]
    held = peak = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        held += event.nbytes()
        peak = max(peak, held)
    return peak


@contextmanager
def _quiet() -> Iterator[None]:
    """Sends the profiler's own lines, which it writes past Python to file descriptor 2, nowhere."""
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
