"""Starting students' processes: what a launcher does, and one without a sandbox. `sandbox.py` has the other."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any

from classroom.errors import ClassroomError
from classroom.processes.limits import Limits

START_SECONDS = 120  # importing torch from a cold disk
END_SECONDS = 10
# One thread a process: forking needs it, and as many submissions run at a time as there are jobs.
SINGLE_THREADED = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
INHERITED = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "MPLCONFIGDIR", "HOME")


@dataclass(eq=False)
class Process:
    """A student's process: its id for the launcher, and the socket that it serves."""

    pid: int
    connection: socket.socket


@dataclass(frozen=True)
class Ending:
    """How a student's process ended: its status as `waitpid` says, and the limit it exceeded ("memory", …), if any."""

    status: int
    exceeded: str | None = None


class Launcher(ABC):
    """Starts students' processes. Used by several threads of a grading run at once."""

    sandboxed: bool

    @abstractmethod
    def launch(self, limits: Limits, directory: Path | None = None) -> Process:
        """A new process that serves `worker.py`'s messages, with whatever it starts apart from all others.

        It works in `directory`, or where there is none in an empty one of its own, which is gone with it.

        Raises:
            ClassroomError: no process can be started on this machine.
        """

    @abstractmethod
    def interrupt(self, process: Process) -> None:
        """Asks the code that runs in it to stop, as Ctrl-C does."""

    @abstractmethod
    def kill(self, process: Process) -> None:
        """Ends it and everything that it started; whoever waits for it sees it lost."""

    @abstractmethod
    def ended(self, process: Process) -> Ending | None:
        """How it ended; None while it runs or where nobody knows. Not after `forget`."""

    @abstractmethod
    def forget(self, process: Process) -> None:
        """Kills it and frees what it had: its id, its socket, its own directory. Called once for every process."""

    @abstractmethod
    def kill_all(self) -> None:
        """Kills every process that it launched. Called when a run is stopped."""

    @abstractmethod
    def close(self) -> None:
        """Ends what the launcher itself started, and with it every process that it launched."""

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
        self._running: dict[Process, subprocess.Popen[bytes] | None] = {}
        self._start()

    def launch(self, limits: Limits, directory: Path | None = None) -> Process:
        """See `Launcher.launch`."""
        ours, theirs = socket.socketpair()
        request = {
            "do": "launch",
            "limits": asdict(limits),
            "directory": None if directory is None else str(directory),
        }
        with theirs, self._lock:
            # Where nothing shields it, students' code can kill the server; one more try starts a new one.
            reply = self._ask(request, theirs) or self._ask(request, theirs)
            server = self._server
        if reply is None or "error" in reply:
            ours.close()
            why = reply["error"] if reply else "the machine may be out of memory"
            raise ClassroomError(f"no process could be started for a submission: {why}")
        process = Process(reply["pid"], ours)
        self._running[process] = server
        return process

    def interrupt(self, process: Process) -> None:
        """See `Launcher.interrupt`."""
        self._tell("interrupt", process)

    def kill(self, process: Process) -> None:
        """See `Launcher.kill`."""
        self._tell("kill", process)

    def ended(self, process: Process) -> Ending | None:
        """See `Launcher.ended`."""
        reply = self._tell("status", process)
        if not reply or reply.get("status") is None:
            return None
        return Ending(reply["status"], reply.get("exceeded"))

    def forget(self, process: Process) -> None:
        """See `Launcher.forget`."""
        self._tell("forget", process)
        self._running.pop(process, None)
        process.connection.close()

    def kill_all(self) -> None:
        """See `Launcher.kill_all`."""
        for process in list(self._running):
            self.kill(process)

    def close(self) -> None:
        """See `Launcher.close`."""
        with self._lock:
            self._stop()

    def command(self, descriptor: int) -> "Command":
        """What starts the fork server, on its end of the socket."""
        environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
        # -P: the working directory must not shadow a module.
        arguments = [sys.executable, "-P", "-m", "classroom.processes.forkserver", str(descriptor)]
        return Command(arguments, environment | SINGLE_THREADED, [descriptor])

    def _tell(self, what: str, process: Process) -> dict[str, Any] | None:
        with self._lock:
            # The process ended with the server that knew it, and another one's ids mean other processes.
            if self._server is None or self._running.get(process) is not self._server:
                return None
            return self._ask({"do": what, "pid": process.pid})

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
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 (closed by _stop); a pipe would fill
        with theirs:
            command = self.command(theirs.fileno())
            self._server = command.start(self._complaints)
        self._socket = ours
        self._ready = False

    def _wait_for_start(self) -> None:
        self._socket.settimeout(START_SECONDS)
        try:
            self._reply()
            self._ready = True
        except OSError as error:
            reason = self._complaint() or error
            self._stop()
            raise ClassroomError(f"the process that runs submissions did not start: {reason}") from error

    def _complaint(self) -> str:
        """The last line that the server, or what was to start it, wrote to stderr."""
        with suppress(subprocess.TimeoutExpired):
            self._server.wait(1)
        self._complaints.seek(0)
        said = self._complaints.read().decode(errors="replace").strip().splitlines()
        return said[-1] if said else ""

    def _stop(self) -> None:
        if self._socket is not None:
            self._socket.close()  # it ends what it started, then itself
        if self._server is not None:
            if not self._ready:
                self._server.kill()  # it has started nothing, and would first import everything
            try:
                self._server.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()
            self._complaints.close()
        self._server = self._socket = None


class QuickStart(ForkServer):
    """For a few notebooks: does not prepare what would only pay for many."""

    def command(self, descriptor: int) -> "Command":
        """See `ForkServer.command`."""
        command = super().command(descriptor)
        return replace(command, arguments=[*command.arguments, "--few"])


@dataclass(frozen=True)
class Command:
    """A program to start: its arguments, its whole environment, and the open files that it gets."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    descriptors: Sequence[int]
    temporary: Sequence[int] = ()  # those that only the program needs

    def start(self, complaints: IO[bytes]) -> subprocess.Popen[bytes]:
        """Starts the program in a session of its own; what it writes to stderr goes into the file `complaints`."""
        try:
            return subprocess.Popen(
                self.arguments,
                pass_fds=self.descriptors,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                cwd="/",
                start_new_session=True,
            )
        finally:
            for descriptor in self.temporary:
                os.close(descriptor)
