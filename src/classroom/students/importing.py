"""`course students import`: a class list into the gradebook. Whoever is there already is found again, not doubled.

Numbers and accounts decide. A name alone finds a student only where it is the only one of its kind, here and in the
list, and nothing that is known of the two differs.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from classroom.collecting.roster import NEW, plain
from classroom.errors import ClassroomError
from classroom.grading.course_dir import Course
from classroom.keeping import audit
from classroom.students.class_list import Entry, safe_id
from classroom.students.details import Details, read_details, write_details


@dataclass(frozen=True)
class Known:
    """A student of the course, as far as a list may say it."""

    id: str
    first_name: str
    last_name: str
    email: str
    canvas: str
    details: Details


@dataclass
class Imported:
    """What became of the list."""

    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """As `course students import --json` writes it."""
        return asdict(self)


def known_students(course: Course) -> dict[str, Known]:
    """Everybody in the gradebook."""
    details, nothing = read_details(course), Details()
    with course.gradebook() as gradebook:
        return {
            s.id: Known(
                s.id, s.first_name or "", s.last_name or "", s.email or "", s.lms_user_id or "",
                details.get(s.id, nothing),
            )
            for s in gradebook.students
        }  # fmt: skip


def import_list(course: Course, entries: Sequence[Entry], who: Mapping[str, str] | None = None) -> Imported:
    """Takes the list over. `who`: a student, or "new", by an entry's id, e-mail address or line.

    Raises:
        ClassroomError: `who` names somebody who is not there; nothing was changed.
    """
    known, said, done = known_students(course), dict(who or {}), Imported()
    for key, student in said.items():
        if student != NEW and student not in known:
            raise ClassroomError(f"--who {key}={student}: there is no student {student!r}; nothing was changed")
    names = Counter(_name(entry) for entry in entries)
    chosen: dict[str, Entry] = {}
    for entry in entries:
        answer = next((said[key] for key in (entry.id, entry.email, str(entry.line)) if key in said), None)
        try:
            student = answer if answer not in (None, NEW) else _find(entry, known, names, answer == NEW)
        except _UnclearError as unclear:
            done.problems.append(f"{entry} was not taken: {unclear}.")
            continue
        student = student or _new_id(entry, {id.casefold() for id in known.keys() | chosen.keys()})
        if student in chosen:
            done.problems.append(f"{entry} was not taken: it is {student}, like {chosen[student]}.")
            continue
        chosen[student] = entry
    with audit.changing(course, "import a class list"):
        details = read_details(course)
        with course.gradebook() as gradebook:
            for student, entry in chosen.items():
                was = known.get(student)
                now = _merged(student, was, entry)
                kind = done.new if was is None else done.unchanged if now == was else done.changed
                kind.append(student)
                details[student] = now.details
                if now != was:
                    gradebook.update_or_create_student(
                        student, first_name=now.first_name, last_name=now.last_name, email=now.email or None,
                        lms_user_id=now.canvas or None,
                    )  # fmt: skip
        write_details(course, details)
    return done


class _UnclearError(Exception):
    """Who it is has to be asked."""


def _find(entry: Entry, known: Mapping[str, Known], names: Mapping[str, int], is_new: bool) -> str | None:
    if is_new:
        return None
    for matches in (
        lambda k: entry.canvas and k.canvas == entry.canvas,
        lambda k: entry.id_number and k.details.id_number == entry.id_number,
        lambda k: entry.id and k.id.casefold() == entry.id.casefold(),
        lambda k: entry.email and k.email.casefold() == entry.email.casefold(),
    ):
        found = [k.id for k in known.values() if matches(k)]
        if len(found) == 1:
            return found[0]
    same = [k for k in known.values() if _name(entry) and _name(entry) in _names(k)]
    free = [k for k in same if not _differs(entry, k)]
    if not free:
        return None
    key = entry.id or entry.email or entry.line
    if len(free) > 1 or names[_name(entry)] > 1:
        others = ", ".join(k.id for k in free)
        raise _UnclearError(f"more than one has this name ({others}). Say who it is: --who {key}={free[0].id}, or "
                            f"--who {key}={NEW}")  # fmt: skip
    return free[0].id


def _differs(entry: Entry, known: Known) -> bool:
    """Whether something is known of both that is not the same."""
    pairs = ((entry.canvas, known.canvas), (entry.id_number, known.details.id_number),
             (entry.email.casefold(), known.email.casefold()))  # fmt: skip
    return any(there and here and there != here for there, here in pairs)


def _merged(student: str, was: Known | None, entry: Entry) -> Known:
    """What is known afterwards: the list's word where it says something."""
    was = was or Known(student, "", "", "", "", Details())
    names = (entry.first_name, entry.last_name) if _name(entry) else (was.first_name, was.last_name)
    details = replace(
        was.details,
        **{k: v for k in ("team", "section", "id_number") if (v := getattr(entry, k))},
    )
    return Known(student, *names, entry.email or was.email, entry.canvas or was.canvas, details)


def _new_id(entry: Entry, taken: set[str]) -> str:
    wanted = entry.id or safe_id(entry.email.partition("@")[0]) or safe_id(
        f"{entry.first_name} {entry.last_name}".strip().lower()
    )  # fmt: skip
    id, number = wanted, 1
    while id.casefold() in taken:
        number += 1
        id = f"{wanted}-{number}"
    return id


def _name(entry: Entry) -> str:
    return plain(f"{entry.first_name}{entry.last_name}")


def _names(known: Known) -> set[str]:
    return {
        plain(f"{known.first_name}{known.last_name}"),
        plain(f"{known.last_name}{known.first_name}"),
        plain(known.id),
    } - {""}
