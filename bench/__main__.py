"""`python -m bench [NAME…]`: runs the benchmarks, or those named, and prints their tables.

`python -m bench readme` only rewrites the table in bench/README.md from bench/results/*.json.
"""

import sys

from bench import grading, training_step, translation
from bench.report import table

BENCHMARKS = {
    "training_step": (training_step.HEADER, training_step.run),
    "grading": (grading.HEADER, grading.run),
}


def main(names: list[str]) -> int:
    """Runs what is named, or everything. Exit status 2 for an unknown name."""
    for name in names:
        if name not in BENCHMARKS and name != "readme":
            print(f"bench: there is no benchmark {name!r}; choose from {', '.join(BENCHMARKS)}.", file=sys.stderr)
            return 2
    for name in names or BENCHMARKS:
        if name in BENCHMARKS:
            header, run = BENCHMARKS[name]
            print(table(header, run()))
    translation.write_readme()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
