"""A student's process in namespaces of its own, inside the sandbox that it shares with the fork server.

The sandbox (`sandbox.py`) has no network and shows files read-only; in it, every submission gets its own
process ids, network, host name and scratch file system, and no privileges. Three processes make one:

    the fork server ── forks ──> the entrant, which enters new namespaces, forks, and ends
                                    └──> the supervisor: process 1 of the namespace
                                            └──> the student's process

The supervisor runs none of the student's code and cannot be signalled or traced by it. It watches what all of the
namespace's processes use together, reports how the student's process ended, and ends: the kernel then ends
everything else in the namespace. The scratch file system is in memory and is gone with it.
"""

import json
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from classroom.processes import namespaces, system_calls
from classroom.processes.limits import Limits

SCRATCH = Path("/scratch")  # the mount point, in the sandbox
WORK, HOME, TEMPORARY, SHARED_MEMORY = (SCRATCH / name for name in ("work", "home", "tmp", "shm"))
FILES = 20_000  # that a submission may make in its scratch directory
TERMINALS = "newinstance,ptmxmode=0666,mode=620"
WATCH_SECONDS = 0.1  # between two looks at what the namespace uses
REAPED = 1000  # at a time: processes may be started and end without end
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = resource.getpagesize()


@dataclass
class Report:
    """The reading end of what a supervisor has to say."""

    pid: int
    descriptor: int
    received: bytes = b""

    def read(self) -> dict[str, Any]:
        """How the student's process ended: `status` as `waitpid` says, and which limit was `exceeded`."""
        try:
            while got := os.read(self.descriptor, 4096):
                self.received += got
        except BlockingIOError:
            return {"status": None}
        # The supervisor ended: with its report, or killed.
        return json.loads(self.received) if self.received else {"status": signal.SIGKILL}

    def close(self) -> None:
        """Nothing more will be read."""
        os.close(self.descriptor)


def launch(live: Callable[[], None], limits: Limits, connection: int | None = None) -> Report:
    """Starts a process that does `live`, in namespaces of its own. Called by the fork server.

    `connection` is a descriptor that only this process shall hold.

    Raises:
        OSError: the kernel refuses.
    """
    reading, writing = os.pipe()
    entrant = os.fork()
    if entrant == 0:
        os.close(reading)
        _enter(live, connection, writing, limits)
    os.close(writing)
    os.waitpid(entrant, 0)
    os.set_blocking(reading, False)
    started, ended = _first_words(reading)
    if "error" in started:
        os.close(reading)
        raise OSError(started["error"])
    return Report(started["pid"], reading, ended)


def _first_words(reading: int) -> tuple[dict[str, Any], bytes]:
    """What the entrant said, which has ended; and what the supervisor did, if the student's process has ended too."""
    try:
        lines = os.read(reading, 65536).splitlines(keepends=True)
    except BlockingIOError:
        lines = []
    ended = [line for line in lines if b'"status"' in line]
    said = [json.loads(line) for line in lines if line not in ended]
    return said[0] if said else {"error": "a process for a submission could not be started"}, b"".join(ended)


def _enter(live: Callable[[], None], connection: int | None, report: int, limits: Limits) -> NoReturn:
    try:
        uid, gid = os.getuid(), os.getgid()
        namespaces.unshare(namespaces.EVERYTHING_NEW)
        namespaces.keep_identity(uid, gid)
        ready, started = os.pipe()
        supervisor = os.fork()
        if supervisor == 0:
            os.close(ready)
            _supervise(live, connection, report, started, limits)
        os.close(started)
        problem = os.read(ready, 4096).decode()
        _say(report, {"error": problem} if problem else {"pid": supervisor})
    except OSError as error:
        _say(report, {"error": str(error)})
    finally:
        os._exit(0)


def _supervise(live: Callable[[], None], connection: int | None, report: int, started: int, limits: Limits) -> NoReturn:
    try:
        # Blocked signals wait to be asked for; process 1 receives no others from its own namespace.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD, signal.SIGINT})
        _furnish(limits)
        namespaces.forbid_privileges()
        system_calls.restrict()
        hidden, hide = os.pipe()
        student = os.fork()
        if student == 0:
            os.close(hide)
            os.close(started)
            os.read(hidden, 1)  # until its supervisor cannot be traced
            _become_student(live, limits)
        namespaces.hide_from_debuggers()
        for descriptor in (hide, hidden, connection):
            if descriptor is not None:
                os.close(descriptor)
        os.close(started)
        _say(report, _watch(student, limits))
    except OSError as error:
        with suppress(OSError):
            os.write(started, (str(error) or type(error).__name__).encode())
    finally:
        os._exit(0)


def _furnish(limits: Limits) -> None:
    """The file system and the names that a submission finds."""
    namespaces.mount("none", "/", flags=namespaces.PRIVATE | namespaces.RECURSIVE)
    safe = namespaces.NO_SETUID | namespaces.NO_DEVICES
    namespaces.mount("tmpfs", str(SCRATCH), "tmpfs", safe, f"size={limits.disk},nr_inodes={FILES},mode=700")
    for path in (WORK, HOME, TEMPORARY, SHARED_MEMORY):
        path.mkdir()
    namespaces.mount(str(TEMPORARY), "/tmp", flags=namespaces.BIND)
    namespaces.mount(str(SHARED_MEMORY), "/dev/shm", flags=namespaces.BIND)
    namespaces.mount("devpts", "/dev/pts", "devpts", namespaces.NO_SETUID | namespaces.NO_PROGRAMS, TERMINALS)
    namespaces.mount("proc", "/proc", "proc", safe | namespaces.NO_PROGRAMS)
    Path("/proc/sys/user/max_user_namespaces").write_text("0")  # a new one would bring privileges back
    namespaces.set_host_name("sandbox")


def _become_student(live: Callable[[], None], limits: Limits) -> NoReturn:
    try:
        os.setsid()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD, signal.SIGINT})
        Path("/proc/self/oom_score_adj").write_text("1000")  # where memory ends, students' processes go first
        resource.setrlimit(resource.RLIMIT_NPROC, (limits.processes, limits.processes))
        resource.setrlimit(resource.RLIMIT_NOFILE, (limits.open_files, limits.open_files))
        resource.setrlimit(resource.RLIMIT_FSIZE, (limits.disk, limits.disk))
        resource.setrlimit(resource.RLIMIT_MSGQUEUE, (0, 0))
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))
        live()
    except OSError:
        traceback.print_exc()
    finally:
        os._exit(0)


def _watch(student: int, limits: Limits) -> dict[str, Any]:
    """Waits until the student's process ends, or the namespace has used too much; says which."""
    preloaded = _resident(os.getpid())  # what every process shares with the fork server
    look = time.monotonic() + WATCH_SECONDS
    while True:
        caught = signal.sigtimedwait({signal.SIGCHLD, signal.SIGINT}, max(0.0, look - time.monotonic()))
        # From outside the namespace a sender has no process id here; what the student's code sends is its own affair.
        if caught is not None and caught.si_signo == signal.SIGINT and caught.si_pid == 0:
            with suppress(ProcessLookupError):
                os.kill(student, signal.SIGINT)
        status = _reap(student)
        if status is not None:
            return {"status": status}
        if time.monotonic() >= look:  # by the clock: signals may come without end
            if limit := exceeded(limits, preloaded):
                return {"status": signal.SIGKILL, "exceeded": limit}
            look = time.monotonic() + WATCH_SECONDS


def _reap(student: int) -> int | None:
    """Collects processes that have ended; the student's status, if it is among them."""
    with suppress(ChildProcessError):
        for _ in range(REAPED):
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            if pid == student:
                return status
    return None


def exceeded(limits: Limits, preloaded: int) -> str | None:
    """Which limit all processes of this namespace exceed together: of memory, `preloaded` bytes are not theirs."""
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    others = [pid for pid in pids if pid != os.getpid()]
    memory = sum(map(_resident, others))
    if len(others) > 1 and memory - preloaded > limits.memory:  # pages that they share count once: exact, and slower
        memory = min(memory, sum(map(_proportional, others)))
    if memory - preloaded > limits.memory:
        return "memory"
    return "processor" if sum(map(_processor, pids)) > limits.processor_seconds else None


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) * PAGE
    except (OSError, IndexError):  # it has just ended
        return 0


def _proportional(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_bytes().splitlines():
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return _resident(pid)


def _processor(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / TICKS  # its own and its collected children's, user and system


def _say(descriptor: int, what: Mapping[str, Any]) -> None:
    with suppress(OSError):
        os.write(descriptor, json.dumps(what).encode() + b"\n")


def main() -> None:
    """Tries whether this machine allows all of it: ends with status 0, or with a sentence on stderr."""
    try:
        report = launch(lambda: None, Limits())
        while (ended := report.read())["status"] is None:
            time.sleep(0.005)
    except OSError as error:
        sys.exit(str(error))
    sys.exit(f"a process in namespaces of its own ended with status {ended['status']}" if ended["status"] else 0)


if __name__ == "__main__":
    main()
