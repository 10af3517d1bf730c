"""`python -m bench [NAME…]`: runs the benchmarks, or those named, and prints their tables.

`python -m bench readme` only rewrites bench/README.md from bench/results/*.json.
"""

import sys
import time
from types import ModuleType

from bench import (
    attention_length,
    decoding,
    grading,
    grouped_query,
    readme,
    training_step,
    training_step_cuda,
)
from bench.report import SEED, record, table

# What records itself is not among them: translation (see there) and grading.
BENCHMARKS: dict[str, ModuleType] = {
    "training_step": training_step,
    "training_step_cuda": training_step_cuda,
    "decoding": decoding,
    "grouped_query": grouped_query,
    "attention_length": attention_length,
}
NAMES = [*BENCHMARKS, "grading"]


def main(names: list[str]) -> int:
    """Runs what is named, or everything. Exit status 2 for an unknown name."""
    for name in names:
        if name not in NAMES and name != "readme":
            print(f"bench: there is no benchmark {name!r}; choose from {', '.join(NAMES)}.", file=sys.stderr)
            return 2
    for name in names or NAMES:
        if name in BENCHMARKS:
            measure(name)
        elif name == "grading":
            print(table(grading.HEADER, grading.run()))
    readme.write()
    return 0


def measure(name: str) -> None:
    """Runs one benchmark, records it and prints its table."""
    benchmark = BENCHMARKS[name]
    started = time.perf_counter()
    result = benchmark.run()
    if result is None:  # not on this machine; it has said why
        return
    seconds = time.perf_counter() - started
    stored = record(result[0], f"python -m bench {name}", {"seed": SEED, "benchmark_seconds": seconds, **result[1]})
    if hasattr(benchmark, "draw"):
        benchmark.draw(stored)
    print(table(benchmark.HEADER, benchmark.rows(stored)) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
