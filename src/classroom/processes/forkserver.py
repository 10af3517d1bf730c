"""The process that imports torch once and forks a clean process for every submission.

Run as `python -m classroom.processes.forkserver FD [--isolate] [--few]`, where FD is one end of a Unix socket. One
request at a time, each a JSON object, each answered with a line of JSON:

    {"do": "launch", "limits": {…}, "directory": path or null}, a socket attached
                              → {"pid": …} of a process that serves the socket; or {"error": …}
    {"do": "interrupt", "pid": …} → {}: as Ctrl-C does
    {"do": "kill", "pid": …}      → {}: it and everything that it started
    {"do": "status", "pid": …}    → {"status": how it ended, as `waitpid` says, null while it runs, "exceeded": …}
    {"do": "forget", "pid": …}    → {}: kill it; its id and its scratch directory are free again

Forking is safe only while there is a single thread, so the BLAS libraries are told to start none, and nothing here
computes. The environment that students' code sees is the one this process was started with. When the grader is
gone, whatever ended it, its end of the socket closes, and this process ends with everything that it started.
"""

import gc
import importlib
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from classroom.processes import namespaces

REQUEST = 65536  # bytes; a path and a few numbers
# What every notebook imports, and what some make torch import: for gradients along a direction, for optimisers.
PRELOADED = (
    *("torch", "numpy", "einops", "jaxtyping", "matplotlib.pyplot", "classroom.check", "classroom.processes.worker"),
    "classroom.processes.isolation",
)
SOMETIMES = ("torch.fx.experimental.symbolic_shapes", "torch._dynamo")


@dataclass
class Child:
    """A student's process: in a sandbox, the supervisor of its namespace, which reports how the student's ended."""

    pid: int
    scratch: Path | None = None
    report: Any = None  # the supervisor's `classroom.processes.isolation.Report`
    status: int | None = None


class ForkingServer:
    """Answers the grader's requests."""

    def __init__(self, isolated: bool):
        self.isolated = isolated
        self.children: dict[int, Child] = {}
        self.ending: set[int] = set()

    def serve(self, grader: socket.socket) -> None:
        """Until the grader closes its end; then nothing that was started is left."""
        try:
            grader.sendall(b'{"ready": true}\n')
            while True:
                content, attached, _, _ = socket.recv_fds(grader, REQUEST, 1)
                if not content:
                    return
                self._reap()
                reply = self._answer(json.loads(content), attached)
                grader.sendall(json.dumps(reply).encode() + b"\n")
        except ConnectionError:
            return
        finally:
            for pid in list(self.children):
                self._forget(pid)
            self._end_orphans()

    def _answer(self, request: dict[str, Any], attached: list[int]) -> dict[str, Any]:
        if request["do"] == "launch":
            try:
                return self._launch(attached[0], request)
            finally:
                os.close(attached[0])
        pid = request["pid"]
        match request["do"]:
            case "interrupt":
                _signal(pid, signal.SIGINT)
            case "kill":
                self._kill(pid)
            case "status" if pid in self.children:
                return self._status(self.children[pid])
            case "forget":
                self._forget(pid)
        return {}

    def _launch(self, descriptor: int, request: dict[str, Any]) -> dict[str, Any]:
        from classroom.processes import isolation, worker
        from classroom.processes.limits import Limits

        limits = Limits(**request["limits"])
        if self.isolated:
            try:
                live = partial(worker.become, descriptor, isolation.WORK, isolation.HOME, limits)
                report = isolation.launch(live, limits, descriptor)
            except OSError as error:
                return {"error": str(error)}
            self.children[report.pid] = Child(report.pid, report=report)
            return {"pid": report.pid}
        scratch = Path(tempfile.mkdtemp(prefix="course-"))
        home, work = scratch / "home", Path(request["directory"] or scratch / "work")
        home.mkdir()
        work.mkdir(exist_ok=True)
        pid = os.fork()
        if pid == 0:
            try:
                os.setsid()
                worker.become(descriptor, work, home, limits)
            finally:
                os._exit(0)
        self.children[pid] = Child(pid, scratch)
        return {"pid": pid}

    def _status(self, child: Child) -> dict[str, Any]:
        if child.report is not None:
            return child.report.read()
        # Left unreaped, so that its id is not given to another process before its group is killed.
        seen = os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if seen is None:
            return {"status": None}
        return {"status": seen.si_status << 8 if seen.si_code == os.CLD_EXITED else seen.si_status}

    def _kill(self, pid: int) -> None:
        if pid in self.children:
            if not self.isolated:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, signal.SIGKILL)
            _signal(pid, signal.SIGKILL)

    def _forget(self, pid: int) -> None:
        child = self.children.get(pid)
        if child is None:
            return
        self._kill(pid)
        del self.children[pid]
        if child.report is not None:
            child.report.close()
            self.ending.add(pid)
        if child.scratch is not None:
            os.waitpid(pid, 0)  # what it leaves behind becomes ours only then
            self._end_orphans()
            shutil.rmtree(child.scratch, ignore_errors=True)

    def _reap(self) -> None:
        for pid in list(self.ending):
            if os.waitpid(pid, os.WNOHANG)[0]:
                self.ending.discard(pid)

    def _end_orphans(self) -> None:
        """Ends what a student's process had started in a session of its own: its parent is this process now."""
        for _ in range(100):  # an orphan's children become orphans in turn
            listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
            orphans = [int(pid) for pid in listed if int(pid) not in self.children and int(pid) not in self.ending]
            if not orphans:
                return
            for pid in orphans:
                _signal(pid, signal.SIGKILL)
                with suppress(ChildProcessError):
                    os.waitpid(pid, 0)


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def preload(many: bool = True) -> None:
    """Imports what notebooks import, so that no submission pays for it; for a few, only what each of them imports."""
    gc.disable()  # there is no garbage among what is imported, and looking for it takes a tenth of the time
    for name in PRELOADED + (SOMETIMES if many else ()):
        importlib.import_module(name)
    importlib.import_module("torch").set_num_threads(1)
    if many:
        with tempfile.TemporaryDirectory(prefix="course-") as directory:
            importlib.import_module("classroom.processes.worker").prepare(Path(directory))
        gc.collect()
    gc.enable()
    gc.freeze()  # collections in the children pass over what is here, and leave the shared pages alone
    if many:
        namespaces.use_large_pages()


def main(descriptor: int, isolated: bool, many: bool) -> None:
    """Serves until the grader closes its end."""
    preload(many)
    namespaces.adopt_orphans()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the grader's to handle
    with socket.socket(fileno=descriptor) as grader:
        ForkingServer(isolated).serve(grader)
    os._exit(0)  # everything is ended and deleted; taking the interpreter apart would only take time


if __name__ == "__main__":
    main(int(sys.argv[1]), isolated="--isolate" in sys.argv[2:], many="--few" not in sys.argv[2:])
