"""Giving a student more time, or an excuse, before the first grading or after it."""

from collections.abc import Sequence
from datetime import timedelta

from nbgrader.api import MissingEntry

from classroom.collecting.clock import course_zone, parse_time, shown
from classroom.errors import ClassroomError
from classroom.grading.course_dir import Course
from classroom.keeping import audit
from classroom.students.allowances import Allowance, Allowances, read_allowances, write_allowances
from classroom.students.penalties import late_days_used, settle
from classroom.wide import padded


def extend(
    course: Course,
    assignment: str,
    students: Sequence[str],
    until: str | None = None,
    days: float | None = None,
    excused: bool = False,
    reason: str = "",
) -> int:
    """Allows these students a later due date, or not to hand in; with none of the three, takes it back.

    Gives how many late penalties are others now.

    Raises:
        ClassroomError: a student is not known, or the time is before the due date; nothing was changed.
    """
    known = set(course.students(assignment))
    unknown = [student for student in students if student not in known]
    if unknown:
        raise ClassroomError(f"there is no student {unknown[0]!r} in this course; `course students list` shows them")
    zone, _, _ = course_zone(course.root)
    with course.gradebook() as gradebook:
        duedate = gradebook.find_assignment(assignment).duedate
    if duedate is None and not excused and (until or days):
        raise ClassroomError(
            f"{assignment} has no due date, so nobody can be late: set it with `nbgrader db assignment add "
            f'{assignment} --duedate "2026-11-30 23:59 Europe/Berlin"`'
        )
    time = parse_time(until, zone) if until else duedate + timedelta(days=days) if days else None
    if time is not None and time <= duedate:
        raise ClassroomError(f"{shown(time, zone)} is not after the due date of {assignment}, {shown(duedate, zone)}")
    allowances = read_allowances(course.root)
    what = "excused" if excused else f"until {shown(time, zone)}" if time else "taken back"
    with audit.changing(course, f"extend {assignment}", reason):
        for student in students:
            if excused or time:
                allowances[assignment, student] = Allowance(time, excused, reason)
            else:
                allowances.pop((assignment, student), None)
                _forget(course, assignment, student)
            audit.note(course, f"extend {assignment}", reason, student=student, assignment=assignment, what=what)
        write_allowances(course.root, allowances)
        return settle(course, students)


def told(course: Course, allowances: Allowances) -> str:
    """What was allowed, for a terminal."""
    used = late_days_used(course)
    days = [f"\nLate days used: {', '.join(f'{student} {number}' for student, number in used.items())}"] if used else []
    if not allowances:
        return "\n".join(["No extensions and no excuses.", *days])
    zone, name, _ = course_zone(course.root)
    rows = [("assignment", "student", f"until ({name})", "reason")]
    for (assignment, student), of in sorted(allowances.items()):
        rows.append((assignment, student, "excused" if of.excused else shown(of.until, zone), of.reason))
    return "\n".join([*padded(rows), *days])


def _forget(course: Course, assignment: str, student: str) -> None:
    with course.gradebook() as gradebook:
        try:
            gradebook.find_submission(assignment, student).extension = None
        except MissingEntry:
            return
        gradebook.db.commit()
