"""What a chapter reads while it is executed: recorded inside its kernel, and looked at again before the next build.

Python reports every file that it opens and every folder that it lists to an audit hook (`sys.addaudithook`). Code of
the library is left out: it is followed by its imports, before a chapter has ever been executed.
"""

import hashlib
import importlib.metadata
import os
import sys
from collections.abc import Iterable
from pathlib import Path

LISTINGS = ("os.listdir", "os.scandir")
# Lists the folders where it looks for modules, and for the versions of packages; the current folder is one of them.
IMPORT_SYSTEM = ("<frozen importlib", importlib.metadata.__file__)
# Built or installed, or followed in another way: claims by the rows that a chapter decides, models by their files.
ELSEWHERE = (".git", ".venv", "_build", "book/claims.yml", "book/models.yml")
MODELS = "_build/models"
SHELLS = ("sh", "bash", "dash", "zsh")  # may start anything
SHELL_EVENTS = ("os.system", "os.forkpty")  # `!command` in a notebook
PROGRAMS = "programs of this project"  # stands for all that a program started by the chapter may have read


class Recorder:
    """Notes the files and folders under `root` that this process reads. There is no way to stop: a hook stays."""

    def __init__(self, root: Path):
        self.root = root
        self._seen: set[str] = set()
        self.starts_programs = False

    def __call__(self, event: str, arguments: tuple) -> None:
        """The audit hook: nothing slow here, it is called for every event of the interpreter."""
        if event == "open":
            path, mode, flags = arguments
            reads = mode is None or "r" in mode or "+" in mode
            if reads and isinstance(path, str | bytes | os.PathLike) and not (mode is None and flags & os.O_WRONLY):
                self._seen.add(os.path.abspath(os.fsdecode(path)))
        elif event in LISTINGS:
            path = arguments[0]
            importing = sys._getframe(1).f_code.co_filename.startswith(IMPORT_SYSTEM)
            if isinstance(path, str | bytes | os.PathLike) and not importing:
                self._seen.add(os.path.abspath(os.fsdecode(path)))
        elif event == "subprocess.Popen":
            self.starts_programs |= _is_ours(arguments[0], arguments[1], self.root)
        elif event in SHELL_EVENTS:
            self.starts_programs = True

    def read(self) -> list[str]:
        """What was read, relative to the root, sorted."""
        found = {path.relative_to(self.root) for path in map(Path, self._seen) if path.is_relative_to(self.root)}
        names = sorted(path.as_posix() for path in found if not _is_elsewhere(path))
        return names + [PROGRAMS] * self.starts_programs


def _is_elsewhere(path: Path) -> bool:
    """Followed in another way, or not to be followed."""
    if path == Path() or path.name.startswith(".") or "__pycache__" in path.parts or path.suffix == ".pyc":
        return True
    if path.is_relative_to(MODELS):
        return False
    if path.parts[0] == "src":
        return path.suffix in (".py", "")
    return any(path.is_relative_to(name) for name in ELSEWHERE)


def _is_ours(executable: object, arguments: object, root: Path) -> bool:
    """A program of the virtual environment or the repository, or a shell, which may start one."""
    words = [executable, *(arguments if isinstance(arguments, list | tuple) else [arguments])]
    named = [os.fsdecode(word) for word in words if isinstance(word, str | bytes | os.PathLike)]
    places = (os.path.dirname(sys.executable), str(root))
    return any(word.startswith(places) or os.path.basename(word) in SHELLS for word in named)


RECORDERS: list[Recorder] = []


def start(root: str) -> None:
    """Records from now on, in this process; the newest of RECORDERS has the list."""
    RECORDERS.append(Recorder(Path(root)))
    sys.addaudithook(RECORDERS[-1])


def fingerprint(root: Path, name: str) -> str:
    """What a recorded name stands for now: a file's content, a folder's list, or that there is none."""
    if name == PROGRAMS:
        return files_fingerprint(path for path in (root / "src").rglob("*") if path.suffix != ".pyc")
    path = root / name
    if path.is_dir():
        names = sorted(entry.name for entry in path.iterdir() if entry.name != "__pycache__")
        return hashlib.sha256("\n".join(names).encode()).hexdigest()
    return files_fingerprint([path])


def files_fingerprint(paths: Iterable[Path]) -> str:
    """A digest of the names and contents of files. A missing one counts as such."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        if path.is_dir():
            continue
        content = path.read_bytes() if path.exists() else None
        digest.update(f"{path.name} {len(content) if content is not None else 'missing'}\n".encode())
        digest.update(content or b"")
    return digest.hexdigest()
