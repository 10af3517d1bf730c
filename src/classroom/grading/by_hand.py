"""The totals of notebooks in which a person gave points in formgrader: what the gradebook says, not the run alone."""

from nbgrader.api import Assignment, Grade, Notebook, SubmittedAssignment, SubmittedNotebook
from sqlalchemy import or_

from classroom.grading.course_dir import Course


def totals_by_hand(course: Course, assignment: str) -> dict[tuple[str, str], tuple[float, float]]:
    """Points and their maximum, before late penalties, by student and notebook."""
    with course.gradebook() as gradebook:
        rows = (
            gradebook.db.query(SubmittedNotebook, SubmittedAssignment.student_id, Notebook.name)
            .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
            .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
            .join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
            .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
            .filter(Assignment.name == assignment, or_(Grade.manual_score.isnot(None), Grade.extra_credit > 0))
        )
        found = {(student, name): stored for stored, student, name in rows}
        return {key: (float(stored.score), float(stored.max_score)) for key, stored in found.items()}
