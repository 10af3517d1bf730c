"""Judging on this machine: as many judging processes as there are jobs, each led by a thread."""

import queue
import threading
from collections.abc import Iterable, Iterator

from classroom.grading.executor import Executor, MakeLauncher
from classroom.grading.judge_process import JudgeProcess
from classroom.grading.outcome import NotebookReport
from classroom.grading.task import Task
from classroom.submissions.submitted import Submitted


class LocalExecutor(Executor):
    """Judges in `jobs` processes, which are started when there is work for them and kept until `close`."""

    def __init__(self, make_launcher: MakeLauncher, jobs: int):
        self._judges = [JudgeProcess(make_launcher) for _ in range(jobs)]

    def judge(self, task: Task, submissions: Iterable[Submitted]) -> Iterator[list[NotebookReport]]:
        """See `Executor.judge`."""
        waiting = _Shared(submissions)
        ready: queue.Queue[list[NotebookReport] | BaseException | None] = queue.Queue(2 * len(self._judges))
        threads = [threading.Thread(target=_work, args=(judge, task, waiting, ready)) for judge in self._judges]
        for thread in threads:
            thread.start()
        working = len(threads)
        try:
            while working:
                done = ready.get()
                if done is None:
                    working -= 1
                elif isinstance(done, BaseException):
                    raise done
                else:
                    yield done
        finally:
            if working:
                self._stop(waiting, ready, threads)

    def close(self) -> None:
        """See `Executor.close`."""
        for judge in self._judges:
            judge.close()

    def _stop(self, waiting: "_Shared", ready: queue.Queue, threads: list[threading.Thread]) -> None:
        waiting.end()
        for judge in self._judges:
            judge.kill()
        while any(thread.is_alive() for thread in threads):
            try:
                ready.get(timeout=0.05)  # makes room for a thread that has something to say
            except queue.Empty:
                continue
        self.close()


def _work(judge: JudgeProcess, task: Task, waiting: "_Shared", ready: queue.Queue) -> None:
    try:
        while (submitted := waiting.next()) is not None:
            ready.put(judge.judge(task, submitted))
    except Exception as error:  # the run's thread raises it
        ready.put(error)
    finally:
        ready.put(None)


class _Shared:
    """An iterator for several threads."""

    def __init__(self, submissions: Iterable[Submitted]):
        self._iterator = iter(submissions)
        self._lock = threading.Lock()

    def next(self) -> Submitted | None:
        """The next one, or None after the last or `end`."""
        with self._lock:
            return next(self._iterator, None)

    def end(self) -> None:
        """Gives no more."""
        with self._lock:
            self._iterator = iter(())
