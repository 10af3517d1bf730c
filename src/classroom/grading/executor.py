"""Where submissions are judged: the seam between a grading run and the processes or machines that work for it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator

from classroom.grading.outcome import NotebookReport
from classroom.grading.task import Task
from classroom.processes.launcher import Launcher
from classroom.submissions.submitted import Submitted

# Makes a launcher where the work is done: a class or a function that can be imported there.
MakeLauncher = Callable[[], Launcher]


class Executor(ABC):
    """Judges submissions, several at a time."""

    @abstractmethod
    def judge(self, task: Task, submissions: Iterable[Submitted]) -> Iterator[list[NotebookReport]]:
        """Each submission's reports, as they are ready, in any order. Called by the grading run.

        A submission is taken from the iterable when there is room for it, in any thread, one at a time; so a class
        of any size needs no more memory than a small one. When the iterator is closed, what is not ready is dropped.

        Raises:
            ClassroomError: nothing can be judged here at all.
        """

    @abstractmethod
    def close(self) -> None:
        """Ends what the executor started. Safe to call twice."""

    def __enter__(self) -> "Executor":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
