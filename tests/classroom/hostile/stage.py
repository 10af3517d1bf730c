"""A course with canaries in it: secrets that nobody may read, files that nobody may change, ports that nobody calls."""

import hashlib
import json
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import uuid4

import psutil
import pytest
from attacks import ANSWERS, NAME, Submission, notebook_of, official_cells, placed
from proof import weaknesses
from submissions import SELF_ATTENTION, answered, submit

import classroom
from classroom.grading.course_dir import init_course, open_course
from classroom.grading.judge import judge
from classroom.grading.outcome import NotebookReport
from classroom.grading.run import Run, prepare
from classroom.processes.limits import Limits
from classroom.processes.sandbox import Sandbox
from classroom.submissions.submitted import read_submitted

SEED = 20
# For what runs out of time: honest work in it takes a few milliseconds a cell.
HASTY = Limits(
    cell_seconds=2.0,
    call_seconds=1.2,
    total_seconds=6,
    grace_seconds=0.4,
    memory=2**29,
    processor_seconds=6,
    processes=64,
    disk=32 * 2**20,
)
# For all else, alone and in the class: a busy machine must not end it, nor decide who has full marks.
STEADY = replace(HASTY, cell_seconds=6, call_seconds=3, total_seconds=20)
PATIENT = Limits(cell_seconds=20, call_seconds=20, total_seconds=60, memory=2 * 2**30)


@dataclass
class Stage:
    """The course, its run and the sandbox; what hostile code is told to look for; what reached the listeners."""

    root: Path
    home: Path
    run: Run
    sandbox: Sandbox
    places: Mapping[str, str]
    secret: str
    token: str
    reached: list[str] = field(default_factory=list)

    def grade(self, submission: Submission, limits: Limits = HASTY) -> NotebookReport:
        """Judges one submission, alone."""
        student = "".join(c if c.isalnum() else "-" for c in submission.name)
        submit_to(self.root, student, submission, self.places)
        submitted = read_submitted(self.root, self.run.assignment, student, [NAME])
        (report,) = judge(replace(self.run.task, limits=limits), self.sandbox, submitted)
        return report

    def canaries(self) -> dict[str, tuple[str, int]]:
        """Content and time of every file that hostile code must leave alone, but the submissions themselves."""
        folders = (self.home, self.root)
        files = [p for folder in folders for p in sorted(folder.rglob("*")) if p.is_file()]
        own = self.root / "submitted"
        kept = [p for p in files if not p.is_relative_to(own) or p.is_relative_to(own / "victim")]
        return {str(p): (hashlib.sha256(p.read_bytes()).hexdigest(), p.stat().st_mtime_ns) for p in kept}

    def traces(self) -> list[str]:
        """Files outside that bear the token: in their name, or at the end of what could have been appended to."""
        import IPython
        import numpy
        import torch

        modules = (classroom, classroom.questions, IPython, numpy, torch)
        packages = [Path(module.__file__).parent for module in modules]
        folders = [*packages, packages[-1].parent, *map(Path, ("/", "/tmp", "/var/tmp", "/dev/shm")), Path.home()]
        folders += [Path.cwd(), self.root, self.home]
        named = [str(p) for folder in folders for p in folder.iterdir() if self.token in p.name]
        written = [str(p) for package in packages for p in package.glob("*.py") if self.token in p.read_text()]
        return named + written

    def settled(self) -> set[int]:
        """`processes()`, once those that proved the sandbox have gone: one that was killed may still be ending."""
        deadline = time.monotonic() + 30
        while any(_is_forked(child) for child in _alive()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return self.processes()

    def processes(self) -> set[int]:
        """The grader's child processes and theirs, those that have ended and wait to be collected left out."""
        return {child.pid for child in _alive()}


def _alive() -> list[psutil.Process]:
    alive = []
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if child.status() != psutil.STATUS_ZOMBIE:
                alive.append(child)
    return alive


def _is_forked(process: psutil.Process) -> bool:
    """Whether a Python other than this one, the fork server, is the parent: a submission is, the server is not."""
    with suppress(psutil.NoSuchProcess):
        parent = process.parent()
        return parent is not None and parent.pid != os.getpid() and parent.name().startswith("python")
    return False


def submit_to(course: Path, student: str, submission: Submission, places: Mapping[str, str]) -> None:
    """Puts the submission where it is collected."""
    directory = course / "submitted" / student / SELF_ATTENTION.name
    directory.mkdir(parents=True)
    (directory / f"{NAME}.ipynb").write_bytes(notebook_of(submission, places))
    for name, content in submission.files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else placed(content, places).encode())


def build_stage(root: Path) -> Iterator[Stage]:
    """Builds it, yields it, and takes it down."""
    token, half, rest = (uuid4().hex for _ in range(3))
    secret = half + rest
    home, course = root / "home", root / "course"
    home.mkdir()
    for name in (".bashrc", "diary.txt", ".netrc"):
        (home / name).write_text(f"# {secret}\n")
    init_course(course, [SELF_ATTENTION])
    run = prepare(open_course(course), SELF_ATTENTION, SEED, HASTY)
    (course / "solutions").mkdir(exist_ok=True)
    (course / "solutions" / "canary.py").write_text(f"SECRET = {secret!r}\n")
    (course / "results" / "canary.json").write_text(json.dumps({"secret": secret}))
    victim = answered(official_cells(), ANSWERS | {"steer": ANSWERS["steer"] + f"\n# {secret}"})
    submit(course, "victim", SELF_ATTENTION, NAME, victim)
    with pytest.MonkeyPatch.context() as patched, Listeners(root) as listeners:
        patched.setenv("GRADER_SECRET", secret)
        patched.setenv("HOME", str(home))
        places = listeners.places | {
            "COURSE": str(course),
            "HOME": str(home),
            "SOLUTIONS": str(SELF_ATTENTION.directory.parent),
            "TOKEN": token,
            "HALF": half,
        }
        with Sandbox() as sandbox:
            outside = [str(home), str(course), str(SELF_ATTENTION.directory), str(Path(classroom.__file__).parents[2])]
            if found := weaknesses(sandbox, HASTY, outside):
                pytest.fail(f"The sandbox does not hold, so nothing hostile runs here. {' '.join(found)}")
            yield Stage(course, home, run, sandbox, places, rest, token, listeners.reached)


class Listeners:
    """A TCP port, a UDP port and two Unix sockets of this machine, which note whoever calls."""

    def __init__(self, directory: Path):
        self.reached: list[str] = []
        path, abstract = str(directory / "socket"), f"course-{uuid4().hex}"
        self._tcp = socket.create_server(("0.0.0.0", 0))
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("0.0.0.0", 0))
        self._unix, self._abstract = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
        self._unix.bind(path)
        os.chmod(path, 0o777)
        self._abstract.bind(f"\0{abstract}")
        for listening in (self._unix, self._abstract):
            listening.listen()
        self.places = {
            "TCP": str(self._tcp.getsockname()[1]),
            "UDP": str(self._udp.getsockname()[1]),
            "UNIX": path,
            "ABSTRACT": abstract,
            "ADDRESS": _address(),
        }

    def __enter__(self) -> "Listeners":
        for name, take in {
            "tcp": self._tcp.accept,
            "udp": lambda: self._udp.recvfrom(100),
            "unix": self._unix.accept,
            "abstract": self._abstract.accept,
        }.items():
            threading.Thread(target=self._listen, args=(name, take), daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        for listening in (self._tcp, self._udp, self._unix, self._abstract):
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            listening.close()

    def _listen(self, name: str, take) -> None:
        while True:
            try:
                take()
            except OSError:
                return
            self.reached.append(name)


def _address() -> str:
    """An address of this machine on its network, where it has one."""
    for addresses in psutil.net_if_addrs().values():
        for address in addresses:
            if address.family is socket.AF_INET and not address.address.startswith("127."):
                return address.address
    return "127.0.0.1"
