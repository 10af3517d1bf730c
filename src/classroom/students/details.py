"""What a course knows of its students beside nbgrader's gradebook: team, section, number at the university."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from classroom.errors import ClassroomError
from classroom.grading.course_dir import Course
from classroom.keeping.private import write_private

FILE = "students.json"


@dataclass(frozen=True)
class Details:
    """Of one student; empty where nobody said."""

    team: str = ""
    section: str = ""
    id_number: str = ""  # the university's: Moodle's "ID number", Canvas's "SIS User ID"


def read_details(course: Course) -> dict[str, Details]:
    """By student.

    Raises:
        ClassroomError: the file is damaged.
    """
    path = course.root / FILE
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return {student: Details(**row) for student, row in rows.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError) as error:
        raise ClassroomError(f"{path} is damaged ({error}); import the class list again, with it moved away") from error


def write_details(course: Course, details: Mapping[str, Details]) -> None:
    """Replaces them all; students of whom nothing is known are left out."""
    known = {student: asdict(of) for student, of in sorted(details.items()) if of != Details()}
    write_private(course.root / FILE, json.dumps(known, ensure_ascii=False, indent=1) + "\n")
