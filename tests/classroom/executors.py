"""Judging in this very process, where starting others would take longer than the test."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed

from classroom.executor import Executor
from classroom.judge import judge
from classroom.launcher import Launcher
from classroom.outcome import NotebookReport
from classroom.run import Task
from classroom.submitted import Submitted


class InThreads(Executor):
    """Judges in threads of this process with a launcher that is there already, and leaves it open."""

    def __init__(self, launcher: Launcher, jobs: int = 2):
        self._launcher, self._jobs = launcher, jobs

    def judge(self, task: Task, submissions: Iterable[Submitted]) -> Iterator[list[NotebookReport]]:
        """See `Executor.judge`; takes all submissions at once."""
        with ThreadPoolExecutor(self._jobs) as pool:
            yield from (
                f.result() for f in as_completed([pool.submit(judge, task, self._launcher, s) for s in submissions])
            )

    def close(self) -> None:
        """Nothing to end."""
