"""Where each student stands with an assignment: the records of the grading run joined to the gradebook."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from classroom.class_report.finals import Final, Finals, Person
from classroom.grading import records
from classroom.grading.course_dir import Course
from classroom.students.allowances import read_allowances

NOT_GRADED = "not graded"  # handed in, and no grading run has seen it
NO_RECORD = "no record"  # in the gradebook, and not by `course grade`
ABSENT = "missing"
EXCUSED = "excused"  # missing, and may be
UNJUDGED = {ABSENT, EXCUSED, "invalid", "failed", NOT_GRADED, NO_RECORD}  # there was no code to judge


@dataclass(frozen=True)
class Standing:
    """One student: who they are, what the run found, what the gradebook says."""

    person: Person
    reports: tuple[Mapping[str, Any], ...]  # one a notebook, as `course grade --json` writes them
    final: Final | None
    graded: datetime | None  # when the run wrote the record
    submitted: bool
    changed: bool  # handed in again since it was graded
    sender: Mapping[str, str] | None = None  # as `course collect` met them: `platform` and `number` there
    excused: bool = False  # need not hand in
    late_unknown: bool = False  # the platform marks it late without a time, so no penalty is taken yet

    def number_at(self, platform: str) -> str:
        """The number that "Canvas" or "Moodle" knows them by, or nothing.

        Moodle's is another one in every assignment, so only the download of this one tells it. Canvas's is the
        user's: without a download the gradebook's `lms_user_id` is taken for it.
        """
        if self.sender is not None:
            number = self.sender.get("number", "") if self.sender.get("platform") == platform else ""
        else:
            number = self.person.lms_user_id if platform == "Canvas" else ""
        return number if number.isdecimal() else ""

    @property
    def outcome(self) -> str:
        """The first outcome that is not `graded`, of all notebooks."""
        if not self.reports:
            found = NO_RECORD if self.final is not None else NOT_GRADED if self.submitted else ABSENT
        else:
            found = next((r["outcome"] for r in self.reports if r["outcome"] != "graded"), "graded")
        return EXCUSED if found == ABSENT and self.excused else found

    @property
    def judged(self) -> bool:
        """Whether there was code to judge: what statistics count."""
        return self.outcome not in UNJUDGED

    @property
    def reasons(self) -> list[str]:
        """Why an outcome is not `graded`."""
        return [r["reason"] for r in self.reports if r["reason"]]

    @property
    def flags(self) -> list[str]:
        """What an instructor should look at."""
        return [flag for r in self.reports for flag in r["flags"]]

    @property
    def sandboxed(self) -> bool | None:
        """How the code was run; None where none was."""
        ran = [bool(r["sandboxed"]) for r in self.reports if r["outcome"] not in UNJUDGED]
        return all(ran) if ran else None

    @property
    def questions(self) -> dict[str, float]:
        """Points by question: the gradebook's, else the run's."""
        judged = {q["id"]: float(q["score"]) for r in self.reports for q in r["questions"]}
        return judged | (self.final.questions if self.final else {})

    @property
    def score(self) -> float | None:
        """The grade: the gradebook's; 0 where nothing was submitted; None where nothing was graded yet."""
        if self.final is not None:
            return self.final.score
        if self.outcome == ABSENT:
            return 0.0
        return None if not self.reports or self.outcome == EXCUSED else round(sum(r["score"] for r in self.reports), 2)

    @property
    def gradable(self) -> bool:
        """Whether the grade rests on something that was handed in and judged, by the run or by a person."""
        if self.score is None:
            return False
        by_hand = self.final is not None and bool(self.final.manual)
        return by_hand or self.outcome not in {ABSENT, EXCUSED, "failed", NOT_GRADED}


def standings(course: Course, assignment: str, finals: Finals) -> list[Standing]:
    """Everybody in the gradebook or in submitted/, in the order of their names."""
    recorded = records.last_records(course.root, assignment)
    senders = _senders(course, assignment)
    allowances = read_allowances(course.root)
    found = []
    for student in course.students(assignment):
        record = recorded.get(student)
        directory = course.root / "submitted" / student / assignment
        found.append(
            Standing(
                person=finals.people.get(student, Person(student)),
                reports=tuple(sorted(record.reports, key=lambda r: r["notebook"])) if record else (),
                final=finals.grades.get(student),
                graded=record.written if record else None,
                submitted=directory.is_dir(),
                changed=record is not None and _handed_in(directory) > record.written,
                sender=senders.get(student),
                excused=(assignment, student) in allowances and allowances[assignment, student].excused,
                late_unknown=bool(senders.get(student, {}).get("late_unknown")),
            )
        )
    return sorted(found, key=lambda s: (s.person.sortable_name.casefold() or s.person.id.casefold(), s.person.id))


def _handed_in(directory: Path) -> datetime:
    times = [path.stat().st_mtime for path in directory.glob("*.ipynb") if path.is_file()]
    return datetime.fromtimestamp(max(times, default=0), UTC)


def _senders(course: Course, assignment: str) -> dict[str, Mapping[str, str]]:
    """Who sent what, as `course collect` remembers it."""
    try:
        found = json.loads((course.root / "results" / assignment / "senders.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return {student: sender for student, sender in found.items() if isinstance(sender, dict)}
