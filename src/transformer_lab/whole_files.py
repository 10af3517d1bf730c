"""Files that are written whole or not at all, at whatever moment a program is stopped."""

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from transformer_lab.errors import LabError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

ENDING = "[a-z0-9_]{8}"  # what tempfile adds to a name


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Opens a temporary file beside `path` for bytes; leaving the block puts it in place, an error removes it.

    Raises:
        LabError: it cannot be written there: no directory, no permission, a full disk, a directory of that name.
    """
    with _errors_in_words(path), _temporary_file(path) as (temporary, file):
        yield file
        file.flush()
        os.fsync(file.fileno())  # else a power cut could leave the new name without its content
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)  # mkstemp's files are private
        file.close()
        temporary.replace(path)


def check_writable(path: Path) -> None:
    """Tries what `atomic_write` will do, and leaves nothing behind. For before long work whose result goes there.

    Raises:
        LabError: as `atomic_write`.
    """
    with _errors_in_words(path), _temporary_file(path):
        pass


@contextmanager
def only_writer(path: Path) -> Iterator[None]:
    """Inside, a second program that calls this for the same directory is refused; it is made if missing.

    The directory itself is locked, by the system, which ends the lock with the program, however it ends. Where the
    system has no such locks, nothing is locked.

    Raises:
        LabError: another program does already; or, as `atomic_write`, nothing can be written there.
    """
    with contextlib.ExitStack() as held:
        with _errors_in_words(path):
            held.enter_context(_directory_of(path))
            if fcntl:
                directory = os.open(path.parent, os.O_RDONLY)
                held.callback(os.close, directory)
                if not _locked(directory):
                    raise LabError(
                        f"another program is writing {path}; wait for it, stop it with Ctrl-C, or choose another place."
                    )
        yield


def _locked(directory: int) -> bool:
    """Locks an open directory, unless somebody else has."""
    try:
        fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # some network file systems have no locks
        pass
    return True


def remove_rests(directory: Path, names: str) -> None:
    """Removes what `atomic_write` left where the program was killed within it. `names` matches the names of its files.

    One that cannot be removed stays; it does no harm.
    """
    rest = re.compile(rf"\.(?:{names})\.{ENDING}")
    for file in directory.glob(".*"):
        if rest.fullmatch(file.name) and file.is_file():
            with suppress(OSError):
                file.unlink()


@contextmanager
def _temporary_file(path: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """A new file beside `path`, gone in the end unless it was moved; so are directories made for it that are empty."""
    if path.exists() and not path.is_file():
        raise LabError(f"{path} is {'a directory' if path.is_dir() else 'not a file'}; name a file to be written.")
    with _directory_of(path), contextlib.ExitStack() as undo:
        number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        undo.callback(Path(name).unlink, missing_ok=True)
        file = os.fdopen(number, "wb")
        undo.callback(_without_complaint, file.close)  # where the disk is full, closing fails too
        yield Path(name), file


@contextmanager
def _directory_of(path: Path) -> Iterator[None]:
    """Makes the directories that `path` needs; in the end, those of them that stayed empty are gone again."""
    nearest = next(parent for parent in path.parents if parent.exists())
    if not nearest.is_dir():
        raise LabError(f"{path} cannot be written: {nearest} is a file, not a directory; choose another place.")
    missing = [parent for parent in path.parents if not parent.exists()]  # the innermost first
    with contextlib.ExitStack() as undo:
        for parent in reversed(missing):
            undo.callback(_without_complaint, parent.rmdir)
        path.parent.mkdir(parents=True, exist_ok=True)
        yield


def _without_complaint(action) -> None:
    with suppress(OSError):
        action()


@contextmanager
def _errors_in_words(path: Path) -> Iterator[None]:
    """What the system refuses, as a LabError. torch.save's own error hides what the system said: a full disk."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        refused = error if isinstance(error, OSError) else error.__context__
        if not isinstance(refused, OSError):
            raise
        raise LabError(
            f"{path} cannot be written: {refused.strerror or refused}; choose another place, or see to its permissions "
            "and free space."
        ) from error
