"""One grading run at a time in a course: a locked file, which the system unlocks whatever ends the run."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from classroom.errors import ClassroomError

NAME = ".grading"


@contextmanager
def only_run(course: Path) -> Iterator[None]:
    """Inside, no other grading run writes into this course.

    Raises:
        ClassroomError: one does already, or the course cannot be written.
    """
    path = course / NAME
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise ClassroomError(f"{course} cannot be written: {error.strerror}; nothing was graded") from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise ClassroomError(f"{path} cannot be locked: {error.strerror}; nothing was graded") from error
            other = os.pread(lock, 100, 0).decode(errors="replace").strip() or "unknown"
            raise ClassroomError(
                f"another grading run is at work in {course} (process {other}); wait for it, or stop it with Ctrl-C"
            ) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(lock)
