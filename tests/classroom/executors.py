"""Judging in this very process, where starting others would take longer than the test."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed

from classroom.grading.executor import Executor
from classroom.grading.judge import judge
from classroom.grading.outcome import NotebookReport
from classroom.grading.task import Task
from classroom.processes.launcher import Launcher
from classroom.submissions.submitted import Submitted


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
