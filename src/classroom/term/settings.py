"""How a term is counted: `term.json` in the course. Every assignment weighs 1 until somebody says otherwise."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from classroom.errors import ClassroomError
from classroom.grading.course_dir import Course
from classroom.keeping.private import write_private

FILE = "term.json"


@dataclass(frozen=True)
class TermSettings:
    """Weights by assignment, and how many of the lowest results are dropped."""

    weights: Mapping[str, float] = field(default_factory=dict)
    drop: int = 0

    def weight(self, assignment: str) -> float:
        """What it counts."""
        return self.weights.get(assignment, 1.0)


def read_settings(course: Course) -> TermSettings:
    """As they were last said.

    Raises:
        ClassroomError: the file is damaged.
    """
    path = course.root / FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return TermSettings({str(k): float(v) for k, v in found["weights"].items()}, int(found["drop"]))
    except FileNotFoundError:
        return TermSettings()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ClassroomError(f"{path} is damaged ({error}); delete it and say weights and drops again") from error


def write_settings(course: Course, settings: TermSettings) -> None:
    """Remembers them."""
    text = json.dumps({"weights": dict(sorted(settings.weights.items())), "drop": settings.drop}, indent=1)
    write_private(course.root / FILE, text + "\n")


def changed(course: Course, weights: list[str], drop: int | None) -> TermSettings:
    """The settings with what was said on the command line, remembered.

    Raises:
        ClassroomError: a weight is not one, or of no assignment.
    """
    before = read_settings(course)
    said = dict(before.weights)
    for text in weights:
        part, equals, weight = text.rpartition("=")
        try:
            value = float(weight)
        except ValueError:
            value = -1.0
        if not equals or not 0 <= value < 1e6:
            raise ClassroomError(f"--weight {text}: write ASSIGNMENT=NUMBER, 02=1.5 for example")
        said[course.pick_assignment(part)] = value
    settings = TermSettings(said, before.drop if drop is None else drop)
    if settings != before:
        write_settings(course, settings)
    return settings
