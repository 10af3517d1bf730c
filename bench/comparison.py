"""One comparison: the same work done by several sides in turns, with time, memory and distance to the limits."""

import gc
from collections.abc import Callable
from typing import Any

from bench.cost import Cost
from bench.limits import Yardsticks
from bench.memory import Work, peak_bytes
from bench.report import alternate, summary

Make = Callable[[], Work]


def compare(
    sides: dict[str, Make],
    costs: dict[str, Cost],
    amount: float,
    rounds: int,
    device: str = "cpu",
    lighter: dict[str, Make] | None = None,
) -> dict[str, Any]:
    """What each side needs for the same work, and how many times faster the first side is than each other one.

    A side is made anew for the memory (see `peak_bytes`) and for the time. `amount` is the work's size in units of
    the reader's choice (tokens, say), for the speed. `lighter` has sides that are too slow to be run in full just to
    measure memory and to warm up: with less work, and the same peak.
    """
    lighter = lighter or {}
    peaks = {name: peak_bytes(lighter.get(name, make), device) for name, make in sides.items()}
    gc.collect()
    yardsticks = Yardsticks(device)
    works = {name: make() for name, make in sides.items()}
    for name, work in works.items():
        if name not in lighter:
            work()
    seconds = alternate(works | yardsticks.works(), rounds, warmup=0)
    limits = yardsticks.limits(seconds)
    first = next(iter(sides))
    measured = {}
    for name, cost in costs.items():
        taken = summary(seconds[name])
        measured[name] = {
            "seconds": taken,
            "rate": summary(amount / one for one in seconds[name]),
            "peak_bytes": peaks[name],
            "flops": cost.flops,
            "bytes": cost.bytes,
            "bound": limits.bound(cost),
            "share": limits.share(cost, taken["median"]),
        }
        if name != first:
            pairs = zip(seconds[first], seconds[name], strict=True)
            measured[name]["ratio"] = summary(theirs / ours for ours, theirs in pairs)
    return {"amount": amount, "rounds": rounds, "limits": limits.to_dict(), "sides": measured}
