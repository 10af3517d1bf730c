"""A command and everything that it starts: wall time, processor time, and memory as it goes."""

import os
import resource
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

EVERY = 1.0  # seconds between two looks at the memory


@dataclass
class Watched:
    """What running a command took. `memory` holds (what `progress` said, MiB) from the start to the end."""

    status: int
    seconds: float
    cpu_seconds: float
    output: str
    memory: list[tuple[int, float]] = field(default_factory=list)

    @property
    def peak(self) -> float:
        """MiB at the largest look."""
        return max(size for _, size in self.memory)

    def memory_at(self, progress: int) -> float:
        """MiB when `progress` was first reached."""
        return next(size for at, size in self.memory if at >= progress)


def watch(
    command: Sequence[str],
    directory: Path,
    environment: Mapping[str, str],
    progress: Callable[[], int] = lambda: 0,
) -> Watched:
    """Runs a command to its end. Processor time is that of all descendants whose parents waited for them."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    with (directory / "output.txt").open("w+", encoding="utf-8") as output:
        process = subprocess.Popen(command, cwd=directory, env=environment, stdout=output, stderr=subprocess.STDOUT)
        memory = []
        while process.poll() is None:
            memory.append((progress(), memory_of_tree(process.pid) / 2**20))
            try:
                process.wait(EVERY)
            except subprocess.TimeoutExpired:
                continue
        seconds = time.perf_counter() - started
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        output.seek(0)
        text = output.read()
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    memory.append((progress(), memory[-1][1]))
    return Watched(process.returncode, seconds, cpu, text, memory)


def memory_of_tree(root: int) -> float:
    """Bytes of a process and its descendants, a page that several share counted once (proportional set size)."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                parent = int(Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()[1])
            except OSError:  # it has ended
                continue
            children.setdefault(parent, []).append(int(entry))
    total, todo = 0.0, [root]
    while todo:
        pid = todo.pop()
        todo += children.get(pid, [])
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total
