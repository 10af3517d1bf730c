"""The sandbox: a fork server shut in by bubblewrap, whose processes are shut in once more, each on its own.

bubblewrap (https://github.com/containers/bubblewrap) gives it a file system that holds Python's environment and
nothing of the instructor's, all of it read-only; no network; process ids of its own; no privileges. What separates
one submission from another is in `classroom.processes.isolation`.
"""

import importlib.metadata
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import classroom
from classroom.errors import ClassroomError
from classroom.processes.launcher import SINGLE_THREADED, Command, ForkServer, QuickStart

# What notebooks import of the course: the checker, and the style of plots. Not the library, which holds solutions.
SHOWN = ("classroom", "book_tools")
ENVIRONMENT, PACKAGE = Path("/environment"), Path("/course")  # where they are, inside
NOBODY = 65534
OF_ITS_OWN = ("/tmp", "/var/tmp", "/dev", "/proc", "/scratch")  # directories that hold other things inside
# Not shown: where containers keep what they were built for, often the course itself.
SOURCES = ("/usr/src", "/usr/local/src")
SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
SETTINGS = ("ld.so.cache", "localtime", "fonts", "alternatives", "nsswitch.conf")  # of /etc
FEW = 4  # submissions; to make many quick costs each processor three seconds at the start
INSTALL = "install it (Debian, Ubuntu: apt install bubblewrap; Fedora: dnf install bubblewrap)"


class Sandbox(ForkServer):
    """Starts students' processes that see, reach and keep nothing.

    Raises:
        ClassroomError: bubblewrap is not installed, or this machine does not let it work.
    """

    sandboxed = True

    def __init__(self) -> None:
        check_machine()
        super().__init__()

    def command(self, descriptor: int) -> Command:
        """See `ForkServer.command`."""
        return sandboxed(["classroom.processes.forkserver", str(descriptor), "--isolate"], [descriptor])


class QuickSandbox(QuickStart, Sandbox):
    """For a few submissions: does not prepare what would only pay for many."""


def sandboxed(module: Sequence[str], descriptors: Sequence[int] = ()) -> Command:
    """What starts a module of Python, with its arguments and open files, in the sandbox."""
    uid = NOBODY if os.getuid() == 0 else os.getuid()
    people, fonts = _in_memory(f"student:x:{uid}:{uid}::/scratch/home:/bin/sh\n".encode()), _font_list()
    temporary = [people]
    shown = _packages()
    options = [
        *("--unshare-all", "--hostname", "sandbox"),
        *("--ro-bind", "/usr", "/usr"),
        *_system(),
        *("--ro-bind-data", str(people), "/etc/passwd"),
        *("--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--dir", "/scratch"),
        *("--dir", "/var", "--symlink", "/tmp", "/var/tmp"),
    ]
    inside = _inside(Path(sys.prefix))
    variables = {
        "PATH": f"{inside}/bin:/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": "/scratch/home",
        "PYTHONPATH": str(PACKAGE),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    if fonts is not None:
        name, content = fonts
        temporary.append(content)
        options += ["--dir", "/tmp/matplotlib", "--ro-bind-data", str(content), f"/tmp/matplotlib/{name}"]
        variables["MPLCONFIGDIR"] = "/tmp/matplotlib"
    before: list[str] = []
    if os.getuid() == 0:
        before, shown = _as_nobody(shown)
    for outside, place in shown.items():
        options += ["--ro-bind", str(outside), str(place)]
    for place in _hidden():
        options += ["--tmpfs", str(place), "--remount-ro", str(place)]
    options += ["--remount-ro", "/", "--remount-ro", "/dev", "--chdir", "/"]
    python = f"{inside}/bin/{Path(sys.executable).name}"
    program = [python, "-P", "-m", *module]
    return Command(
        [*before, "bwrap", *options, "--", *program],
        variables | SINGLE_THREADED,
        [*descriptors, *temporary],
        temporary=temporary,
    )


def choose_launcher(no_sandbox: bool, trust_submissions: bool, submissions: int) -> type[ForkServer]:
    """The sandbox, unless an instructor insists on none; for a few submissions, one that starts sooner.

    Raises:
        ClassroomError: the sandbox does not work here, or it does and grading without it was not confirmed.
    """
    problem = _problem()
    if not no_sandbox:
        if problem:
            raise ClassroomError(
                f"the sandbox does not work here: {problem}; --no-sandbox grades without it, and students' code can "
                "then read, change and send whatever you can"
            )
        return QuickSandbox if submissions <= FEW else Sandbox
    if not problem and not trust_submissions:
        raise ClassroomError(
            "the sandbox works on this machine, so nothing was graded without it; leave --no-sandbox out, or confirm "
            "with --trust-submissions that students' code may read, change and send whatever you can"
        )
    return QuickStart if submissions <= FEW else ForkServer


def check_hidden(places: Iterable[Path]) -> None:
    """Makes sure that submissions cannot read what lies there, unless they run without a sandbox.

    Raises:
        ClassroomError: a place lies among what the sandbox shows.
    """
    shown = [Path("/usr"), *(path for path in _packages() if path not in _ours().values())]
    for place in (place.resolve() for place in places):
        among = next((path for path in shown if place.is_relative_to(path.resolve())), None)
        if among and not any(place.is_relative_to(path) for path in SOURCES):
            raise ClassroomError(f"submissions could read {place}, since the sandbox shows {among} to them; move it")


def _problem() -> str:
    """Why the sandbox does not hold a process on this machine; empty where it does."""
    try:
        check_machine()
    except ClassroomError as error:
        return str(error)
    return ""


def check_machine() -> None:
    """Tries the sandbox with a process that does nothing.

    Raises:
        ClassroomError: bubblewrap is not installed, or this machine or this Python does not let it work.
    """
    if sys.platform != "linux":
        raise ClassroomError("the sandbox needs Linux (on Windows: WSL)")
    base = Path(sys.base_prefix)
    if replaced := next(filter(base.is_relative_to, OF_ITS_OWN), None):
        raise ClassroomError(
            f"the sandbox has a {replaced} of its own, so it cannot show Python in {base}; install Python elsewhere"
        )
    if shutil.which("bwrap") is None:
        raise ClassroomError(f"the sandbox needs bubblewrap, and there is no `bwrap` on this machine: {INSTALL}")
    with tempfile.TemporaryFile() as complaints:
        status = sandboxed(["classroom.processes.isolation"]).start(complaints).wait()
        complaints.seek(0)
        said = complaints.read().decode(errors="replace").strip().splitlines()
    if status:
        raise ClassroomError(f"this machine does not let bubblewrap work ({said[-1] if said else status})")


def _system() -> Iterator[str]:
    for path in map(Path, SYSTEM):
        if path.is_symlink():
            yield from ("--symlink", os.readlink(path), str(path))
        elif path.is_dir():
            yield from ("--ro-bind", str(path), str(path))
    for name in SETTINGS:
        yield from ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")


def _inside(prefix: Path) -> Path:
    """Where a prefix is, inside: a virtual environment may lie anywhere, Python itself only where it was installed."""
    virtual = prefix == Path(sys.prefix) != Path(sys.base_prefix)
    return ENVIRONMENT if virtual and not _is_of_the_system(prefix) else prefix


def _packages() -> dict[Path, Path]:
    """Python, its packages and this one: where they are, and where they are inside."""
    prefix, base = Path(sys.prefix), Path(sys.base_prefix)
    shown = {path: _inside(path) for path in (base, prefix) if not _is_of_the_system(path)}
    return shown | {path: PACKAGE / name for name, path in _ours().items() if path.is_dir()}


def _ours() -> dict[str, Path]:
    return {name: Path(classroom.__file__).parent.with_name(name) for name in SHOWN}


def _hidden() -> Iterator[Path]:
    """Sources; and what the course's own distribution installs beside this package, where all of that is shown."""
    yield from (path for path in map(Path, SOURCES) if path.is_dir())
    package, prefix = Path(classroom.__file__).parent, Path(sys.prefix)
    if package.is_relative_to(prefix):
        for name in _installed_together():
            sibling = package.with_name(name)
            if sibling.is_dir() and name not in SHOWN:
                yield _inside(prefix) / sibling.relative_to(prefix)


def _as_nobody(shown: dict[Path, Path]) -> tuple[list[str], dict[Path, Path]]:
    """What comes before the sandbox where root starts it: a program that becomes nobody, and where nobody finds things.

    bubblewrap run by root could not give a process its own /proc, and root is exempt from limits. Nobody may not
    enter root's directories, so what is shown from there is mounted elsewhere first.
    """
    moved = {Path(f"/mnt/{number}"): place for number, place in enumerate(shown.values())}
    mounts = [word for path, here in zip(shown, moved, strict=True) for word in ("--ro-bind", str(path), str(here))]
    privileges = ("--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID")
    nobody = ("setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups")
    return ["bwrap", "--dev-bind", "/", "/", "--tmpfs", "/mnt", *mounts, *privileges, "--", *nobody], moved


def _installed_together() -> list[str]:
    packages = importlib.metadata.packages_distributions()
    mine = set(packages.get("classroom", ()))
    return sorted(name for name, distributions in packages.items() if mine & set(distributions))


def _is_of_the_system(path: Path) -> bool:
    return path.is_relative_to("/usr")


def _font_list() -> tuple[str, int] | None:
    """matplotlib's list of fonts, which takes seconds to make: its file's name, and its content as a descriptor."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"), "matplotlib")
    found = sorted(Path(os.environ.get("MPLCONFIGDIR", cache)).glob("fontlist-*.json"), key=os.path.getmtime)
    return (found[-1].name, _in_memory(found[-1].read_bytes())) if found else None


def _in_memory(content: bytes) -> int:
    descriptor = os.memfd_create("course")
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
