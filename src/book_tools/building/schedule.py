"""Tasks side by side, as many at once as there are cores: what others wait for first, then the longest."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Task:
    """Something to do in a process of its own, which `run` starts and waits for."""

    name: str
    run: Callable[[], Any]
    seconds: float = float("inf")  # that it may take: unknown ones come first
    needs: frozenset[str] = frozenset()


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def side_by_side(tasks: Iterable[Task], workers: int, stop: Callable[[], None]) -> Iterator[tuple[Task, Future]]:
    """Runs all tasks and yields each when it has ended, with its result or error.

    A task begins when those it needs have ended, well or not: it has to say itself what it misses. A need that is not
    among the tasks counts as done. If the caller goes away before the end (Ctrl-C), `stop` has to end what is running.
    """
    waiting = list(tasks)
    needed = set().union(*(task.needs for task in waiting))
    waiting.sort(key=lambda task: (task.name not in needed, -task.seconds))
    unfinished = {task.name for task in waiting}
    running: dict[Future, Task] = {}
    with ThreadPoolExecutor(workers) as pool:
        try:
            while waiting or running:
                for task in [task for task in waiting if not task.needs & unfinished][: workers - len(running)]:
                    waiting.remove(task)
                    running[pool.submit(task.run)] = task
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    task = running.pop(future)
                    unfinished.discard(task.name)
                    yield task, future
        except BaseException:
            stop()
            raise
