"""Starting students' processes. This is the place where a sandbox will enter: another `Launcher`."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from classroom.errors import ClassroomError
from classroom.limits import Limits

START_SECONDS = 120  # importing torch from a cold disk
# One thread a process: forking needs it, and as many submissions run at a time as there are jobs.
SINGLE_THREADED = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
INHERITED = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "MPLCONFIGDIR", "HOME")


@dataclass(eq=False)
class Process:
    """A student's process: its id (also its process group's) and the socket that it serves."""

    pid: int
    connection: socket.socket

    def interrupt(self) -> None:
        """Asks the running code to stop, as Ctrl-C does."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGINT)

    def kill(self) -> None:
        """Ends it and every process of its group."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


class Launcher(ABC):
    """Starts students' processes. Used by several threads of a grading run at once."""

    sandboxed: bool

    @abstractmethod
    def launch(self, directory: Path, home: Path, limits: Limits) -> Process:
        """A new process that serves `classroom.worker`'s messages, in its own process group.

        It works in `directory`, where the notebook's files are, and writes what is its own into `home`.

        Raises:
            ClassroomError: no process can be started on this machine.
        """

    @abstractmethod
    def ended(self, process: Process, wait: bool = False) -> int | None:
        """How the process ended, as `waitpid` says; None while it runs or where nobody knows.

        Called with `wait` after `kill`, and then the process id is free again.
        """

    @abstractmethod
    def kill_all(self) -> None:
        """Ends every process that it launched; whoever waits for one sees it lost. Called when a run is stopped."""

    @abstractmethod
    def close(self) -> None:
        """Ends what the launcher itself started."""

    def __enter__(self) -> "Launcher":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class ForkServer(Launcher):
    """Forks students' processes from one that has imported torch already; starts it again if it is gone.

    It starts at once, and is waited for when the first process is wanted.
    """

    sandboxed = False

    def __init__(self) -> None:
        if sys.platform != "linux":
            raise ClassroomError(
                "running a notebook in a process of its own needs Linux (on Windows: WSL); "
                "the check cells in Jupyter work everywhere"
            )
        self._lock = threading.Lock()
        self._server: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._ready = False
        self._running: list[Process] = []
        self._start()

    def launch(self, directory: Path, home: Path, limits: Limits) -> Process:
        """See `Launcher.launch`."""
        ours, theirs = socket.socketpair()
        request = {"launch": str(directory), "home": str(home), "limits": asdict(limits)}
        with theirs, self._lock:
            # Students' code runs as the same user, so it can kill the server; one more try starts a new one.
            reply = self._ask(request, theirs) or self._ask(request, theirs)
        if reply is None:
            ours.close()
            raise ClassroomError("no process could be started for a submission: the machine may be out of memory")
        process = Process(reply["pid"], ours)
        self._running.append(process)
        return process

    def ended(self, process: Process, wait: bool = False) -> int | None:
        """See `Launcher.ended`."""
        with self._lock:
            if self._server is None:
                return None
            reply = self._ask({"status": process.pid, "wait": wait})
            if wait and process in self._running:
                self._running.remove(process)
        return reply and reply["status"]

    def kill_all(self) -> None:
        """See `Launcher.kill_all`."""
        for process in list(self._running):
            process.kill()

    def close(self) -> None:
        """Ends the server. Processes that it forked end when their sockets are closed."""
        with self._lock:
            self._stop()

    def _ask(self, request: dict[str, Any], attached: socket.socket | None = None) -> dict[str, Any] | None:
        if self._server is None:
            self._start()
        if not self._ready:
            self._wait_for_start()
        try:
            content = json.dumps(request).encode()
            if attached is None:
                self._socket.sendall(content)
            else:
                socket.send_fds(self._socket, [content], [attached.fileno()])
            return self._reply()
        except OSError:
            self._stop()
            return None

    def _reply(self) -> dict[str, Any]:
        line = b""
        while not line.endswith(b"\n"):
            got = self._socket.recv(4096)
            if not got:
                raise ConnectionError("the fork server is gone")
            line += got
        return json.loads(line)

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
        with theirs:
            self._server = subprocess.Popen(
                # -P: the working directory must not shadow a module.
                [sys.executable, "-P", "-m", "classroom.forkserver", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env=environment | SINGLE_THREADED,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._socket = ours
        self._ready = False

    def _wait_for_start(self) -> None:
        self._socket.settimeout(START_SECONDS)
        try:
            self._reply()
            self._ready = True
        except OSError as error:
            self._stop()
            raise ClassroomError(f"the process that runs submissions did not start: {error}") from error

    def _stop(self) -> None:
        if self._socket is not None:
            self._socket.close()
        if self._server is not None:
            self._server.kill()
            self._server.wait()
        self._server = self._socket = None
