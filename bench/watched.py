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
    """Runs a command to its end.

    Processor time is what the system says of all descendants whose parents waited for them, or the largest sum seen
    while they ran: a sandbox does not hand on the time of what ended in it.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    with (directory / "output.txt").open("w+", encoding="utf-8") as output:
        process = subprocess.Popen(command, cwd=directory, env=environment, stdout=output, stderr=subprocess.STDOUT)
        memory, seen = [], 0.0
        while process.poll() is None:
            size, used = look_at_tree(process.pid)
            memory.append((progress(), size / 2**20))
            seen = max(seen, used)
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
    return Watched(process.returncode, seconds, max(cpu, seen), text, memory)


def look_at_tree(root: int) -> tuple[int, float]:
    """Bytes and processor seconds of a process and its descendants, with those whose end a parent has noticed.

    A page of memory that several share is counted once (proportional set size).
    """
    children: dict[int, list[int]] = {}
    ticks: dict[int, int] = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        children.setdefault(int(fields[1]), []).append(int(entry))
        ticks[int(entry)] = sum(map(int, fields[11:15]))  # its own and its children's, user and system
    size, used, todo = 0, 0, [root]
    while todo:
        pid = todo.pop()
        todo += children.get(pid, [])
        used += ticks.get(pid, 0)
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        size += sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return size, used / os.sysconf("SC_CLK_TCK")
