"""Every score in a gradebook at one moment, and what differs between two."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nbgrader.api import Assignment, BaseCell, Grade, Notebook, SubmittedAssignment, SubmittedNotebook

from classroom.grading.course_dir import Course

LATE = "late penalty"  # stands where a question's id stands

# (assignment, student, notebook, question or LATE) -> the score that counts, and whether a person gave it
Scores = Mapping[tuple[str, str, str, str], tuple[float | None, bool]]


@dataclass(frozen=True)
class ScoreChange:
    """One score that is another one now. None: there was, or there is, none."""

    assignment: str
    student: str
    notebook: str
    question: str
    old: float | None
    new: float | None
    by_hand: bool

    def to_json(self) -> dict[str, Any]:
        """As the log writes it."""
        return {key: getattr(self, key) for key in self.__dataclass_fields__}


def read_scores(course: Course) -> dict[tuple[str, str, str, str], tuple[float | None, bool]]:
    """Reads them in two queries."""
    with course.gradebook() as gradebook:
        grades = (
            gradebook.db.query(
                Assignment.name, SubmittedAssignment.student_id, Notebook.name, BaseCell.name,
                Grade.auto_score, Grade.manual_score, Grade.extra_credit,
            )
            .join(SubmittedAssignment, SubmittedAssignment.assignment_id == Assignment.id)
            .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            .join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
            .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
            .join(BaseCell, BaseCell.id == Grade.cell_id)
            .all()
        )  # fmt: skip
        penalties = (
            gradebook.db.query(
                Assignment.name, SubmittedAssignment.student_id, Notebook.name,
                SubmittedNotebook.late_submission_penalty,
            )
            .join(SubmittedAssignment, SubmittedAssignment.assignment_id == Assignment.id)
            .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            .join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
            .all()
        )  # fmt: skip
    scores: dict[tuple[str, str, str, str], tuple[float | None, bool]] = {}
    for assignment, student, notebook, question, auto, by_hand, extra in grades:
        base = by_hand if by_hand is not None else auto
        score = None if base is None and not extra else round((base or 0.0) + (extra or 0.0), 6)
        scores[assignment, student, notebook, question] = (score, by_hand is not None or bool(extra))
    for assignment, student, notebook, penalty in penalties:
        if penalty:
            scores[assignment, student, notebook, LATE] = (-round(penalty, 6), False)
    return scores


def differences(old: Scores, new: Scores) -> Iterator[ScoreChange]:
    """What is another score in `new`, in order."""
    nothing = (None, False)
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key, nothing), new.get(key, nothing)
        if before[0] != after[0]:
            yield ScoreChange(*key, before[0], after[0], after[1] or (before[1] and after[0] is None))
