"""What keeps a whole course from being read or written, in a sentence: a full disk, a lock, a missing right."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nbgrader.api import InvalidEntry
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from classroom.errors import ClassroomError

AGAIN = "what was graded is kept, so run the same command again after that"
SYSTEM = {
    errno.ENOSPC: "there is no space left on its disk",
    errno.EDQUOT: "there is no space left in your quota",
    errno.EROFS: "it is on a read-only file system",
    errno.EACCES: "you may not write there",
    errno.EPERM: "you may not write there",
}
DATABASE = {
    "is locked": "its gradebook.db is locked by another program (formgrader, nbgrader or a backup); close it",
    "database or disk is full": "there is no space left on its disk",
    "readonly database": "its gradebook.db may not be written",
    "unable to open database": "its gradebook.db cannot be opened",
    "disk I/O error": "its gradebook.db cannot be written",
}


@contextmanager
def told(course: Path) -> Iterator[None]:
    """Turns such an error inside into one that says so; others pass.

    Raises:
        ClassroomError: the course in this directory is blocked.
    """
    try:
        yield
    except (InvalidEntry, OSError, SQLAlchemyError) as error:
        blocked = what_blocks(error)
        if blocked is None or not _is_within(course, error):
            raise
        raise ClassroomError(f"{course} cannot be written: {blocked}; {AGAIN}") from error


def what_blocks(error: BaseException | None) -> str | None:
    """What keeps the whole course from being written, or None if the error is about something else."""
    if error is None:
        return None
    if isinstance(error, OperationalError):
        return next((says for sign, says in DATABASE.items() if sign in str(error)), None)
    if isinstance(error, OSError):
        return SYSTEM.get(error.errno)
    return what_blocks(error.__context__)  # nbgrader turns some of the database's errors into its own


def _is_within(course: Path, error: BaseException) -> bool:
    """Whether the file that an error names, if it names one, lies in the course."""
    name = error.filename if isinstance(error, OSError) else None
    return not isinstance(name, str) or Path(name).absolute().is_relative_to(course)
