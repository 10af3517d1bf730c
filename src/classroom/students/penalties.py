"""Late penalties of what is graded, worked out again: after an extension, a new time, a new policy.

They are what nbgrader's own step gives with the course's plugin, so grading again would give the same. Nothing is run.
"""

from collections.abc import Iterable
from types import SimpleNamespace

from nbgrader.api import MissingEntry
from nbgrader.preprocessors import AssignLatePenalties

from classroom.grading.autograde import LOG
from classroom.grading.course_dir import Course
from classroom.late import LateDays, by_due_date
from classroom.students.allowances import read_allowances, take_over


def settle(course: Course, students: Iterable[str] | None = None, assignment: str | None = None) -> int:
    """Works them out for these students (None: everybody), in one assignment or in all; how many are others now."""
    allowances, config = read_allowances(course.root), course.config
    step = AssignLatePenalties(config=config, log=LOG)
    changed = 0
    with course.gradebook() as gradebook:
        step.gradebook = gradebook
        everybody = sorted(student.id for student in gradebook.students) if students is None else list(students)
        step.init_plugin()
        for student in everybody:
            try:
                submissions = list(gradebook.student_submissions(student))
            except MissingEntry:  # a class list may be ahead of the gradebook
                continue
            for submission in submissions:
                take_over(submission, allowances.get((submission.assignment.name, student)))
            gradebook.db.flush()
            for submission in submissions:
                if assignment in (None, submission.assignment.name):
                    step.assignment_id, step.student_id = submission.assignment.name, student
                    for notebook in submission.notebooks:
                        penalty = _penalty(step, student, submission, notebook)
                        changed += (penalty or 0.0) != (notebook.late_submission_penalty or 0.0)
                        notebook.late_submission_penalty = penalty
        gradebook.db.commit()
    return changed


def late_days_used(course: Course) -> dict[str, int]:
    """Of the days that cost nothing, those that each student has used; nobody where the course has no such policy."""
    if not over_the_term(course):
        return {}
    step = AssignLatePenalties(config=course.config, log=LOG)
    step.init_plugin()
    used = {}
    with course.gradebook() as gradebook:
        for student in gradebook.students:
            submissions = sorted(student.submissions, key=by_due_date)
            late = [step.plugin_inst.days_late(submission.total_seconds_late) for submission in submissions]
            if any(late):
                used[student.id] = sum(step.plugin_inst.free_days(late))
    return used


def over_the_term(course: Course) -> bool:
    """Whether a penalty depends on other assignments, so that grading one may change those of another."""
    plugin = AssignLatePenalties(config=course.config, log=LOG).plugin_class
    return isinstance(plugin, type) and issubclass(plugin, LateDays)


def _penalty(
    step: AssignLatePenalties, student: str, submission: SimpleNamespace, notebook: SimpleNamespace
) -> float | None:
    seconds = submission.total_seconds_late
    if seconds <= 0:
        return None
    penalty = step.plugin_inst.late_submission_penalty(student, notebook.score, seconds)
    return None if penalty is None else step._check_late_penalty(notebook, penalty)
