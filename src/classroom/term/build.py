"""A term as data: what everybody has in each assignment, their totals, and the mistakes of the class."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median

from classroom.class_report.finals import Person, read_finals
from classroom.class_report.misconceptions import MISCONCEPTION, findings
from classroom.class_report.standing import ABSENT, NO_RECORD, Standing, standings
from classroom.errors import ClassroomError
from classroom.grading.course_dir import Course
from classroom.students.allowances import read_allowances
from classroom.students.details import Details, read_details
from classroom.term.settings import TermSettings
from classroom.term.totals import Total, total

EXCUSED, WAITS = "excused", "not graded"


@dataclass(frozen=True)
class Result:
    """What a student has in an assignment. `share` is None where it does not count."""

    share: float | None
    score: float | None
    note: str = ""  # EXCUSED, WAITS, "missing", or nothing


@dataclass(frozen=True)
class Row:
    """A student over the term, one result an assignment."""

    person: Person
    details: Details
    results: tuple[Result, ...]
    total: Total

    @property
    def waits(self) -> bool:
        """Whether something was handed in that is not graded yet, so the total will change."""
        return any(result.note == WAITS for result in self.results)


@dataclass(frozen=True)
class Assignment:
    """A graded assignment of the term."""

    name: str
    max_score: float
    weight: float
    median: float | None  # of the shares of those who handed in


@dataclass(frozen=True)
class Recurring:
    """A mistake, and who made it in which assignment."""

    sentence: str
    students: Mapping[str, tuple[str, ...]]  # by assignment

    @property
    def everybody(self) -> set[str]:
        """Whoever made it at least once."""
        return {student for of in self.students.values() for student in of}

    @property
    def again(self) -> set[str]:
        """Who made it in more than one assignment."""
        return {s for s in self.everybody if sum(s in of for of in self.students.values()) > 1}


@dataclass(frozen=True)
class TermReport:
    """The whole term."""

    course: Course
    built: datetime
    settings: TermSettings
    assignments: tuple[Assignment, ...]
    rows: tuple[Row, ...]
    mistakes: tuple[Recurring, ...]

    @property
    def needs_attention(self) -> bool:
        """Whether a total will still change."""
        return any(row.waits for row in self.rows)


def build_term(course: Course, settings: TermSettings) -> TermReport:
    """Reads records and gradebook, in the order of due dates.

    Raises:
        ClassroomError: nothing of this course has been graded yet.
    """
    with course.gradebook() as gradebook:
        order = sorted(gradebook.assignments, key=lambda a: (a.duedate is None, a.duedate, a.name))
        names = [assignment.name for assignment in order]
    everybody: dict[str, dict[str, Standing]] = {}
    maxima: dict[str, float] = {}
    for name in names:
        finals = read_finals(course, name)
        found = standings(course, name, finals)
        if any(s.reports or s.outcome == NO_RECORD for s in found):
            everybody[name] = {s.person.id: s for s in found}
            maxima[name] = finals.max_score
    if not everybody:
        raise ClassroomError(f"nothing in {course.root} has been graded yet: run `course grade` first")
    excused = {key for key, of in read_allowances(course.root).items() if of.excused}
    results = {
        name: {s: _result(standing, maxima[name], (name, s) in excused) for s, standing in found.items()}
        for name, found in everybody.items()
    }
    weights = [settings.weight(name) for name in everybody]
    people = {s: standing.person for found in everybody.values() for s, standing in found.items()}
    details, nothing = read_details(course), Details()
    rows = []
    for student, person in people.items():
        own = tuple(results[name].get(student, Result(0.0, 0.0, ABSENT)) for name in everybody)
        rows.append(
            Row(person, details.get(student, nothing), own, total([r.share for r in own], weights, settings.drop))
        )
    rows.sort(key=lambda r: (r.person.sortable_name.casefold() or r.person.id.casefold(), r.person.id))
    assignments = tuple(
        Assignment(name, maxima[name], settings.weight(name), _median(results[name].values())) for name in everybody
    )
    return TermReport(course, datetime.now(UTC), settings, assignments, tuple(rows), tuple(_mistakes(everybody)))


def _result(standing: Standing, max_score: float, is_excused: bool) -> Result:
    if is_excused:
        return Result(None, standing.score if standing.gradable else None, EXCUSED)
    if standing.score is None:
        return Result(None, None, WAITS)
    note = standing.outcome if standing.outcome == ABSENT and not standing.gradable else ""
    return Result(standing.score / max_score if max_score else None, standing.score, note)


def _median(results: Sequence[Result]) -> float | None:
    handed_in = [r.share for r in results if r.share is not None and r.note != ABSENT]
    return median(handed_in) if handed_in else None


def _mistakes(everybody: Mapping[str, Mapping[str, Standing]]) -> list[Recurring]:
    students: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for name, found in everybody.items():
        for finding in findings(list(found.values())):
            if finding.kind == MISCONCEPTION:
                before = students[finding.sentence].get(name, ())
                students[finding.sentence][name] = tuple(sorted({*before, *finding.students}))
    made = [Recurring(sentence, of) for sentence, of in students.items()]
    return sorted(made, key=lambda m: (-len(m.again), -len(m.everybody), m.sentence))
