"""What nbgrader's gradebook holds about an assignment: names, and scores with manual grades and late penalties."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime

from nbgrader.api import (
    Assignment,
    BaseCell,
    Grade,
    Notebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)

from classroom.grading.course_dir import Course
from classroom.students.details import Details, read_details


@dataclass(frozen=True)
class Person:
    """A student as the course knows them: `id` names the directory, the rest is there where somebody entered it."""

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_user_id: str = ""
    id_number: str = ""  # the university's, from a class list

    @property
    def name(self) -> str:
        """First and last name, or nothing."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def sortable_name(self) -> str:
        """ "Last, First", as far as known, or nothing."""
        return ", ".join(filter(None, (self.last_name, self.first_name)))


@dataclass(frozen=True)
class Final:
    """A student's grade as it stands in the gradebook."""

    raw: float  # the sum of the questions, manual grades and extra credit included
    penalty: float  # for lateness
    questions: dict[str, float] = field(default_factory=dict)
    manual: frozenset[str] = frozenset()  # questions whose score a person gave or raised
    waiting: frozenset[str] = frozenset()  # questions that wait for a person
    timestamp: datetime | None = None  # when it was handed in
    formgrader: dict[str, str] = field(default_factory=dict)  # its id there, by notebook

    @property
    def score(self) -> float:
        """The grade: never below 0, as nbgrader exports it."""
        return max(0.0, round(self.raw - self.penalty, 2))


@dataclass(frozen=True)
class Finals:
    """An assignment in the gradebook."""

    people: dict[str, Person]
    grades: dict[str, Final]  # of those who have a submission there
    points: dict[str, float]  # what each question is worth, in the notebook's order
    notebooks: tuple[str, ...]

    @property
    def max_score(self) -> float:
        """What the assignment is worth."""
        return round(sum(self.points.values()), 2)


def read_finals(course: Course, assignment: str) -> Finals:
    """Reads it in a handful of queries: a class of thousands takes no longer than its rows."""
    details, nothing = read_details(course), Details()
    with course.gradebook() as gradebook:
        db = gradebook.db
        people = {
            row.id: Person(
                row.id,
                *(getattr(row, key) or "" for key in ("first_name", "last_name", "email", "lms_user_id")),
                details.get(row.id, nothing).id_number,
            )
            for row in db.query(Student.id, Student.first_name, Student.last_name, Student.email, Student.lms_user_id)
        }
        notebooks = gradebook.find_assignment(assignment).notebooks
        points = {c.name: float(c.max_score) for n in notebooks for c in (*n.grade_cells, *n.task_cells)}
        place = {cell.name: (n.name, i) for n in notebooks for i, cell in enumerate(n.source_cells)}
        submitted = (
            db.query(
                SubmittedAssignment.student_id,
                SubmittedAssignment.timestamp,
                SubmittedNotebook.id,
                SubmittedNotebook.late_submission_penalty,
                Notebook.name,
            )
            .join(Assignment, SubmittedAssignment.assignment_id == Assignment.id)
            .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            .join(Notebook, SubmittedNotebook.notebook_id == Notebook.id)
            .filter(Assignment.name == assignment)
            .order_by(Notebook.name)
            .all()
        )
        rows = (
            db.query(
                SubmittedAssignment.student_id,
                BaseCell.name,
                Grade.auto_score,
                Grade.manual_score,
                Grade.extra_credit,
                Grade.needs_manual_grade,
            )
            .join(Assignment, SubmittedAssignment.assignment_id == Assignment.id)
            .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
            .join(BaseCell, Grade.cell_id == BaseCell.id)
            .filter(Assignment.name == assignment)
            .all()
        )
    questions: dict[str, dict[str, float]] = defaultdict(dict)
    raw: dict[str, float] = defaultdict(float)
    manual, waiting = defaultdict(set), defaultdict(set)
    for student, question, auto, by_hand, extra, waits in rows:
        base = by_hand if by_hand is not None else auto or 0.0
        questions[student][question] = round(base + (extra or 0.0), 6)
        raw[student] += base + (extra or 0.0)
        if by_hand is not None or extra:
            manual[student].add(question)
        if waits and by_hand is None:
            waiting[student].add(question)
    by_student = defaultdict(list)
    for row in submitted:
        by_student[row.student_id].append(row)
    grades = {
        student: Final(
            raw=raw[student],
            penalty=sum(row.late_submission_penalty or 0.0 for row in found),
            questions=questions[student],
            manual=frozenset(manual[student]),
            waiting=frozenset(waiting[student]),
            timestamp=found[0].timestamp.replace(tzinfo=UTC) if found[0].timestamp else None,
            formgrader={row.name: row.id for row in found},
        )
        for student, found in by_student.items()
    }
    ordered = dict(sorted(points.items(), key=lambda item: place.get(item[0], ("", 0))))
    return Finals(people, grades, ordered, tuple(sorted(notebook.name for notebook in notebooks)))
