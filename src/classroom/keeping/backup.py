"""Copies of the gradebook, one before each change, in `backups/`; and going back to one.

A copy is made by SQLite's own backup, so it is whole even while somebody else writes. The newest copies are kept, and
the last one of every day.
"""

import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.engine import make_url

from classroom.errors import ClassroomError
from classroom.grading.course_dir import Course

DIRECTORY = "backups"
KEPT = 30  # newest copies; of older ones the last of each day
NAME = re.compile(r"gradebook-(\d{8}T\d{6})-?(\d*)Z(?:-(.*))?\.db")


@dataclass(frozen=True)
class Backup:
    """One copy: when it was made, and before what."""

    path: Path
    made: datetime
    before: str

    @property
    def name(self) -> str:
        """What `course restore` calls it."""
        return f"{self.made:%Y-%m-%dT%H:%M:%S}"


def back_up(course: Course, before: str) -> Backup | None:
    """Copies the gradebook as it is; None where it is not a file of SQLite, or not there yet.

    Raises:
        ClassroomError: the copy cannot be made, so nothing should be changed.
    """
    gradebook = gradebook_file(course)
    if gradebook is None or not gradebook.exists():
        return None
    directory = course.root / DIRECTORY
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        path = _free(directory, datetime.now(UTC), before)
        part = path.with_suffix(".part")
        part.unlink(missing_ok=True)
        part.touch(mode=0o600)
        _copy(gradebook, part)
        part.replace(path)
    except (OSError, sqlite3.Error) as error:
        raise ClassroomError(
            f"the gradebook of {course.root} could not be backed up ({error}); nothing was changed"
        ) from error
    if not before.startswith("restore"):  # the copy that is to be restored may be the oldest
        _thin_out(course)
    return _read(path)


def backups(course: Course) -> list[Backup]:
    """All copies, the oldest first."""
    found = [_read(path) for path in (course.root / DIRECTORY).glob("gradebook-*.db")]
    return sorted((b for b in found if b is not None), key=lambda b: (b.made, b.path.name))


def pick(course: Course, part: str | None) -> Backup:
    """The copy whose time begins like `part`; the newest one for None.

    Raises:
        ClassroomError: there is none, or several.
    """
    known = backups(course)
    if not known:
        raise ClassroomError(f"{course.root} has no backups yet; one is made before every change of the gradebook")
    if part is None:
        return known[-1]
    found = [b for b in known if b.path.name == part] or [b for b in known if b.name.startswith(part)]
    if len(found) != 1:
        what = "several backups begin" if found else "no backup begins"
        listed = ", ".join(b.path.name if len(found) > 1 else b.name for b in (found or known)[-5:])
        raise ClassroomError(f"{what} with {part!r}; the newest are: {listed}")
    return found[0]


def restore(course: Course, backup: Backup) -> tuple[Backup, Sequence[Path]]:
    """Makes the copy the gradebook again. Gives a copy of what it replaced, and the records that were set aside.

    A record of the grading run that is newer than the copy speaks of grades that the gradebook no longer has. It is
    moved beside the copy, so that the next run grades the student again.

    Raises:
        ClassroomError: the copy is damaged or cannot be put back; the gradebook is as it was.
    """
    gradebook = gradebook_file(course)
    if gradebook is None:
        raise ClassroomError(f"the gradebook of {course.root} is on a database server; restore it there")
    try:
        with closing(sqlite3.connect(f"file:{backup.path}?mode=ro", uri=True)) as opened:
            sound = opened.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            opened.execute("SELECT count(*) FROM student").fetchone()
    except sqlite3.Error as error:
        raise ClassroomError(f"{backup.path} is damaged ({error}); choose another one") from error
    if not sound:
        raise ClassroomError(f"{backup.path} is damaged; choose another one")
    replaced = back_up(course, "restore")
    try:
        _copy(backup.path, gradebook)
    except (OSError, sqlite3.Error) as error:
        raise ClassroomError(f"{gradebook} cannot be written ({error}); close what uses it, then try again") from error
    return replaced or backup, _set_aside(course, backup)


def gradebook_file(course: Course) -> Path | None:
    """Where the gradebook lies; None where it is not a file."""
    url = make_url(course.directory().db_url)
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    return (course.root / url.database).resolve()


def _copy(source: Path, to: Path) -> None:
    with closing(sqlite3.connect(source, timeout=10)) as old, closing(sqlite3.connect(to, timeout=10)) as new:
        old.backup(new)


def _set_aside(course: Course, backup: Backup) -> list[Path]:
    moved = []
    for record in sorted(course.root.glob("results/*/students/*.json")):
        if record.stat().st_mtime > backup.made.timestamp():
            place = backup.path.with_suffix(".records") / record.parent.parent.name / record.name
            place.parent.mkdir(parents=True, exist_ok=True)
            moved.append(record.replace(place))
    return moved


def _free(directory: Path, now: datetime, before: str) -> Path:
    words = re.sub(r"[^\w]+", "-", before).strip("-")[:60]
    number = 0
    while True:
        more = f"-{number}" if number else ""
        path = directory / f"gradebook-{now:%Y%m%dT%H%M%S}{more}Z-{words}.db"
        if not list(directory.glob(f"gradebook-{now:%Y%m%dT%H%M%S}{more}Z*.db")):
            return path
        number += 1


def _read(path: Path) -> Backup | None:
    found = NAME.fullmatch(path.name)
    if found is None:
        return None
    made = datetime.strptime(found[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC, microsecond=min(int(found[2] or 0), 999))
    return Backup(path, made, (found[3] or "").replace("-", " "))


def _thin_out(course: Course) -> None:
    known = backups(course)
    last_of_day = {b.made.date(): b for b in known}
    for old in known[:-KEPT]:
        if last_of_day[old.made.date()] is not old:
            old.path.unlink(missing_ok=True)
