"""Who is who: the students of the gradebook, found again under the names that a learning platform gives them.

A number that is known decides. A name finds a student only where nothing speaks against it: nobody else has it, here
or in the download, and the student's place is not somebody else's already. Otherwise a person is asked.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from classroom.collecting.lms_names import Sender, split_name

NEW = "new"  # what a person says instead of a student


@dataclass(frozen=True)
class Student:
    """A student of the gradebook, and what the platforms know them by."""

    id: str
    first_name: str = ""
    last_name: str = ""
    lms_user_id: str = ""
    team: str = ""

    @property
    def said(self) -> str:
        """The student in a sentence."""
        name = f"{self.first_name} {self.last_name}".strip()
        return f"{self.id} ({name})" if name and name != self.id else self.id


class UnclearError(Exception):
    """Who it is has to be asked. Its text completes "…: was not taken: "."""


class Roster:
    """Finds a sender's student; names a new one.

    `senders`: whom a platform's number means, as far as this assignment's downloads (Canvas: any assignment's) and
    people have said. `occupied`: students who have handed in something that no sender is known of.
    """

    def __init__(
        self,
        students: Iterable[Student],
        senders: Mapping[str, Sender] | None = None,
        occupied: Collection[str] = (),
    ):
        self._students = {student.id: student for student in students}
        self._senders = dict(senders or {})
        self._occupied = set(occupied)
        self._numbers = {(s.platform, s.number): id for id, s in self._senders.items()}
        for student in self._students.values():
            if student.lms_user_id:
                self._numbers.setdefault(("Canvas", student.lms_user_id), student.id)

    def __contains__(self, student: str) -> bool:
        return student in self._students

    def __getitem__(self, student: str) -> Student:
        return self._students[student]

    def known(self, sender: Sender) -> Student | None:
        """The student whom the sender's number means."""
        return self._students.get(self._numbers.get((sender.platform, sender.number), ""))

    def named(self, name: str) -> list[Student]:
        """The students of this name."""
        return [s for s in self._students.values() if plain(name) in _names(s)]

    def find(self, sender: Sender, namesakes: Collection[Sender] = ()) -> Student | None:
        """The sender's student; None for somebody new. `namesakes` are others of this name in the download.

        Raises:
            UnclearError: the name is not enough to tell.
        """
        known = self.known(sender)
        if known is not None:
            return known
        named = self.named(sender.name)
        unknown = [other for other in namesakes if self.known(other) is None]
        if not named:
            return None
        if len(named) == 1 and not unknown and not self._taken(named[0], sender):
            return named[0]
        reasons = [f"{s.said} has this name{self._taken(s, sender)}" for s in named]
        reasons += [f"{other} has it too" for other in unknown]
        raise UnclearError(
            f"{_and(reasons)}. Say who it is: --who {sender.number}={named[0].id}, or --who {sender.number}={NEW}"
        )

    def team(self, sender: Sender) -> list[Student]:
        """The members of the team that the sender is named after."""
        return [s for s in self._students.values() if s.team and plain(s.team) == plain(sender.name)]

    def bind(self, sender: Sender, student: str) -> None:
        """From now on the sender's number means this student."""
        self._numbers[sender.platform, sender.number] = student

    def new(self, sender: Sender, numbered: bool = False) -> Student:
        """A student for a sender that the roster lacks; its id is not taken yet, nor one that differs in case only."""
        wanted = re.sub(r"[^\w]+", "-", sender.name.lower()).strip("-_") or f"{sender.platform.lower()}-{sender.number}"
        taken = wanted in {id.casefold() for id in self._students}
        first, last = split_name(sender.name) if sender.platform == "Moodle" else ("", sender.name)
        id = f"{wanted}-{sender.number}" if taken or numbered else wanted
        student = Student(id, first, last, sender.number if sender.platform == "Canvas" else "")
        self._students[student.id] = student
        self.bind(sender, student.id)
        return student

    def _taken(self, student: Student, sender: Sender) -> str:
        """Why the student is not free for a sender of this name, to be put behind it; nothing where they are."""
        there = self._senders.get(student.id)
        if there is not None and there.platform == sender.platform:
            return f" and is {there}"
        if sender.platform == "Canvas" and student.lms_user_id:
            return f" and is Canvas {student.lms_user_id}"
        return " and has a submission of unknown origin" if student.id in self._occupied else ""


@lru_cache(maxsize=2**16)
def plain(name: str) -> str:
    """A name without case, spaces and punctuation."""
    composed = unicodedata.normalize("NFC", name).casefold()
    return re.sub(r"[\W_]+", "", composed)


def _names(student: Student) -> set[str]:
    """How a platform may write the student's name."""
    first, last = student.first_name, student.last_name
    return {plain(name) for name in (f"{first} {last}", f"{last} {first}", student.id) if name.strip()}


def _and(sentences: list[str]) -> str:
    return " and ".join([", ".join(sentences[:-1]), sentences[-1]] if len(sentences) > 1 else sentences)
