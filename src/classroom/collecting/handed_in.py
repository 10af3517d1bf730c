"""When work was handed in. Only the platform's word counts, or the instructor's.

Moodle's archives hold the time of each upload. Canvas's hold those of the download, and a mark in the names of late
files: such work is late, by how much is not known, and its penalty waits until somebody says the time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path

from classroom.collecting.choose import Chosen
from classroom.collecting.clock import parse_time
from classroom.collecting.lms_names import Sender
from classroom.collecting.roster import Roster
from classroom.errors import ClassroomError
from classroom.students.tables import read_table

STUDENT = ("student", "student id", "id", "user id", "user_id", "sis login id", "login_id", "name", "full name")
TIME = ("handed_in", "handed in", "submitted_at", "submitted at", "submitted", "submission time", "time", "timestamp")


@dataclass(frozen=True)
class HandedIn:
    """A time in UTC, or none; and whether the work is late without one."""

    time: datetime | None
    late_unknown: bool = False


def handed_in(sender: Sender, choice: Chosen, said: datetime | None) -> HandedIn:
    """What is known; `said` is what the instructor said."""
    if said is not None:
        return HandedIn(said)
    if sender.platform == "Canvas":
        return HandedIn(None, choice.late is True)
    return HandedIn(choice.handed_in)


def read_times(path: Path, roster: Roster, zone: tzinfo) -> dict[str, datetime]:
    """The times in a CSV file, by student. One column says who (id, Canvas's number or a name), another one when.

    Raises:
        ClassroomError: the file cannot be read, or a row means nobody, several, or no time.
    """
    table = read_table(path)
    who, when = table.column(STUDENT, "who it is"), table.column(TIME, "when it was handed in")
    times = {}
    for number, row in enumerate(table.rows, start=2):
        if not row[who].strip() or not row[when].strip():
            continue
        try:
            times[student_meant(row[who].strip(), roster)] = parse_time(row[when], zone)
        except ClassroomError as error:
            raise ClassroomError(f"{path.name}, line {number}: {error}; nothing was changed") from None
    return times


def student_meant(text: str, roster: Roster) -> str:
    """The student whom an id, Canvas's number or a name means.

    Raises:
        ClassroomError: nobody or several.
    """
    if text in roster:
        return text
    known = roster.known(Sender("Canvas", text, ""))
    found = [known] if known else roster.named(text)
    if len(found) != 1:
        several = f"several students are called {text!r} ({', '.join(s.id for s in found)})"
        raise ClassroomError(several if found else f"there is no student {text!r} in the gradebook")
    return found[0].id


def said_times(said: Sequence[str], roster: Roster, zone: tzinfo) -> dict[str, datetime]:
    """The times of `--handed-in STUDENT=TIME`.

    Raises:
        ClassroomError: one is not written like that, or means nobody.
    """
    times = {}
    for text in said:
        student, equals, time = text.partition("=")
        if not equals:
            raise ClassroomError(f"--handed-in {text}: write STUDENT=TIME, amy=2026-11-30T23:59 for example")
        times[student_meant(student, roster)] = parse_time(time, zone)
    return times
