"""Who is who: the students of the gradebook, found again under the names that a learning platform gives them."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from classroom.collecting.lms_names import Sender


@dataclass(frozen=True)
class Student:
    """A student of the gradebook, and what the platforms know them by."""

    id: str
    first_name: str = ""
    last_name: str = ""
    lms_user_id: str = ""


class Roster:
    """Finds a sender's student; names a new one."""

    def __init__(self, students: Iterable[Student]):
        self._students = {student.id: student for student in students}

    def find(self, sender: Sender) -> list[Student]:
        """The students that the sender can be: one, none, or several of the same name.

        Canvas's number is the user's and decides. Moodle's is another one in every assignment, so there the name
        decides, and the number only between people of one name.
        """
        numbered = [s for s in self._students.values() if s.lms_user_id == sender.number]
        if sender.platform == "Canvas" and numbered:
            return numbered
        named = [s for s in self._students.values() if _plain(sender.name) in _names(s)]
        if len(named) > 1:
            return [s for s in named if s in numbered] or named
        return named

    def new(self, sender: Sender) -> Student:
        """A student for a sender that the roster lacks; its id is not taken yet."""
        wanted = re.sub(r"[^\w]+", "-", sender.name.lower()).strip("-_") or f"{sender.platform.lower()}-{sender.number}"
        taken = wanted in self._students
        first, _, last = sender.name.rpartition(" ") if sender.platform == "Moodle" else ("", "", "")
        student = Student(f"{wanted}-{sender.number}" if taken else wanted, first, last, sender.number)
        self._students[student.id] = student
        return student


def _names(student: Student) -> set[str]:
    """How a platform may write the student's name, spaces, case and punctuation left out."""
    first, last = student.first_name, student.last_name
    return {_plain(name) for name in (f"{first} {last}", f"{last} {first}", student.id) if name.strip()}


def _plain(name: str) -> str:
    composed = unicodedata.normalize("NFC", name).casefold()
    return re.sub(r"[\W_]+", "", composed)
