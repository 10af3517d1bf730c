"""Judging on a Dask cluster: submissions travel as bytes, reports come back, and each worker has its own launcher.

Workers need this package and the sandbox, and no file of the course: what a submission needs is sent with it. A
worker that dies loses only what it was judging; the scheduler gives that to another one.
"""

import atexit
import threading
from collections.abc import Iterable, Iterator
from functools import cache

from classroom.errors import ClassroomError
from classroom.grading.executor import Executor, MakeLauncher
from classroom.grading.judge import judge, not_judged
from classroom.grading.outcome import NotebookReport
from classroom.grading.task import Task
from classroom.processes.launcher import Launcher
from classroom.submissions.submitted import Submitted

CONNECT_SECONDS = 15
WAIT_SECONDS = 60  # for a first worker
AHEAD = 2  # submissions on their way for every thread of a worker: it never waits for the network
_STARTING = threading.Lock()


class DaskExecutor(Executor):
    """Judges on the workers of the scheduler at `address`.

    Raises:
        ClassroomError: Dask is not installed, or there is no scheduler or no worker.
    """

    def __init__(self, make_launcher: MakeLauncher, address: str):
        try:
            from distributed import Client
        except ImportError:
            raise ClassroomError(
                "grading on a cluster needs Dask, and it is not installed: pip install distributed"
            ) from None
        self._make_launcher, self._address = make_launcher, address
        try:
            self._client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ClassroomError(f"there is no Dask scheduler at {address}: {error}") from error
        try:
            self._client.wait_for_workers(1, timeout=WAIT_SECONDS)
        except TimeoutError:
            self.close()
            raise ClassroomError(
                f"the scheduler at {address} has no workers; start some: dask worker {address}"
            ) from None

    def judge(self, task: Task, submissions: Iterable[Submitted]) -> Iterator[list[NotebookReport]]:
        """See `Executor.judge`."""
        from distributed import as_completed
        from distributed.client import FutureCancelledError

        shared = self._client.scatter(task, broadcast=True, hash=False)
        waiting = iter(submissions)
        sent: dict[str, Submitted] = {}  # by the future's key
        running = as_completed(loop=self._client.loop)

        def send() -> None:
            submitted = next(waiting, None)
            if submitted is not None:
                future = self._client.submit(_judge, self._make_launcher, shared, submitted, pure=False)
                sent[future.key] = submitted
                running.add(future)

        for _ in range(AHEAD * max(1, sum(self._client.nthreads().values()))):
            send()
        try:
            for future in running:
                submitted = sent.pop(future.key)
                yield self._reports(task, submitted, future)
                future.release()
                send()
        except FutureCancelledError as error:
            raise ClassroomError(
                f"the connection to the scheduler at {self._address} was lost ({error}); what was graded is kept, so "
                "run the same command again"
            ) from error
        finally:
            running.clear()

    def close(self) -> None:
        """See `Executor.close`. Scheduler and workers go on."""
        self._client.close()

    def _reports(self, task: Task, submitted: Submitted, future) -> list[NotebookReport]:
        from distributed import KilledWorker

        error = future.exception()
        if error is None:
            return future.result()
        if isinstance(error, ClassroomError):  # no submission can be judged there
            raise error
        sandboxed = getattr(self._make_launcher, "sandboxed", False)
        if isinstance(error, KilledWorker):
            return not_judged(task, sandboxed, submitted, f"Its workers died, one after the other ({error}).")
        reason = f"The worker failed ({type(error).__name__}: {error}); this submission was not judged."
        return not_judged(task, sandboxed, submitted, reason)


def _judge(make_launcher: MakeLauncher, task: Task, submitted: Submitted) -> list[NotebookReport]:
    """Runs in a worker."""
    with _STARTING:
        launcher = _launcher(make_launcher)
    return judge(task, launcher, submitted)


@cache
def _launcher(make_launcher: MakeLauncher) -> Launcher:
    """A worker's one launcher, which ends with it."""
    launcher = make_launcher()
    atexit.register(launcher.close)
    return launcher
