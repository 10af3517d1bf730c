"""A process that judges submissions, one after the other, with a launcher of its own.

What a submission makes of its judge (a notebook that takes all memory to read, a bug of ours) stays in this process:
it is started again and the run goes on. The process ends when the one that started it is gone.
"""

import os
import select
import signal
import socket
import subprocess
import sys
import threading
from multiprocessing.connection import Connection

from classroom.errors import ClassroomError
from classroom.grading.executor import MakeLauncher
from classroom.grading.judge import judge, not_judged
from classroom.grading.outcome import NotebookReport
from classroom.grading.task import Task
from classroom.submissions.submitted import Submitted

TRIES = 2  # of one submission, where its judge dies
END_SECONDS = 10
PATIENCE = 300  # seconds for a submission beyond what its process may take: to read, clean and judge it


class JudgeProcess:
    """The grading run's side. Used by one thread; `kill` by any."""

    def __init__(self, make_launcher: MakeLauncher):
        self._make_launcher = make_launcher
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._task: Task | None = None
        self._killed = False

    def judge(self, task: Task, submitted: Submitted) -> list[NotebookReport]:
        """See `judge.judge`. A judge that dies is tried once more; then, or if it hangs, the reports say so.

        Raises:
            ClassroomError: no judge can be started on this machine.
            ConnectionError: it was killed by `kill`.
        """
        for _ in range(TRIES):
            try:
                return self._ask(task, submitted)
            except (EOFError, OSError):
                killed = self._killed
                self.close()
                if killed:
                    raise ConnectionError("the judge was stopped") from None
        reason = f"The process that judges died {TRIES} times on this submission; it was not judged."
        return not_judged(task, self._sandboxed, submitted, reason)

    def kill(self) -> None:
        """Ends it at once, whatever it does."""
        self._killed = True
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """Ends it and what it started. Safe to call twice."""
        if self._process is not None:
            try:
                self._connection.send(None)
                self._process.wait(END_SECONDS)
            except (OSError, subprocess.TimeoutExpired):
                self._process.kill()
                self._process.wait()
            self._connection.close()
        self._process = self._connection = self._task = None
        self._killed = False

    def _ask(self, task: Task, submitted: Submitted) -> list[NotebookReport]:
        if self._killed:
            raise ConnectionError("the judge was stopped")
        if self._process is None:
            self._start()
        if self._task is not task:
            self._connection.send(task)
            self._task = task
        self._connection.send(submitted)
        seconds = PATIENCE + task.limits.total_seconds * len(task.official)
        if not self._connection.poll(seconds):
            self._process.kill()
            self.close()
            reason = f"Judging took longer than {seconds:g} s and was stopped: look at what this submission holds."
            return not_judged(task, self._sandboxed, submitted, reason)
        reply = self._connection.recv()
        if isinstance(reply, ClassroomError):
            self.close()
            raise reply
        return reply

    @property
    def _sandboxed(self) -> bool:
        return getattr(self._make_launcher, "sandboxed", False)

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "classroom.grading.judge_main", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is the grading run's to handle
            )
        self._connection = Connection(ours.detach())
        self._connection.send(self._make_launcher)


def serve(connection: Connection) -> None:
    """The inside: judges what comes until None does, or the grading run hangs up."""
    try:
        with connection.recv()() as launcher:
            task = None
            while (message := connection.recv()) is not None:
                if isinstance(message, Task):
                    task = message
                else:
                    connection.send(judge(task, launcher, message))
    except ClassroomError as error:
        connection.send(error)
    except (EOFError, ConnectionError):
        return


def _end_with(descriptor: int) -> None:
    """Ends this process as soon as the other end is closed, also in the middle of judging."""
    hung_up = select.poll()
    hung_up.register(descriptor, select.POLLHUP | select.POLLRDHUP)
    hung_up.poll()
    os.kill(os.getpid(), signal.SIGKILL)  # the launcher's processes end when they see it gone


def main(descriptor: int) -> None:
    """The process from its start; the other end of `descriptor` is the grading run's."""
    threading.Thread(target=_end_with, args=(descriptor,), daemon=True).start()
    serve(Connection(descriptor))
