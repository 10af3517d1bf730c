"""Late work: what it costs. nbgrader plugins that a course's nbgrader_config.py chooses and sets.

`course init` writes an example, and every grading run applies it. nbgrader counts from the assignment's due date, or
from the student's extension (`course extend`).
"""

import math
from collections.abc import Sequence
from datetime import datetime

from nbgrader.api import SubmittedAssignment
from nbgrader.plugins import LateSubmissionPlugin
from traitlets import Float, Integer

DAY = 24 * 60 * 60  # seconds


def by_due_date(submission: SubmittedAssignment) -> tuple[bool, datetime | None, str]:
    """Sorts submissions by their assignments' due dates, those without one last."""
    assignment = submission.assignment
    return assignment.duedate is None, assignment.duedate, assignment.name


class LatePenalty(LateSubmissionPlugin):
    """Takes a share of the score for every day begun, up to a bound, after a time of grace."""

    grace_minutes = Float(0, min=0, help="Handed in at most so late, nothing is taken off.").tag(config=True)
    percent_per_day = Float(10, min=0, max=100, help="Of the score, for every day begun after the due date.").tag(
        config=True
    )
    at_most_percent = Float(100, min=0, max=100, help="Of the score, however late.").tag(config=True)

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float | None:
        """Called by nbgrader for every notebook that is late; the points to take off, None for nothing."""
        days = self.days_late(total_seconds_late)
        return self.penalty(score, days) if days else None

    def days_late(self, total_seconds_late: float) -> int:
        """The days begun, none within the time of grace."""
        return math.ceil(total_seconds_late / DAY) if total_seconds_late > 60 * self.grace_minutes else 0

    def penalty(self, score: float, days: int) -> float:
        """The points that so many days cost."""
        return round(score * min(self.percent_per_day * days, self.at_most_percent) / 100, 2)


class LateDays(LatePenalty):
    """Gives every student some days for the whole term, which nobody has to ask for. Further days cost a share.

    The days are used up in the order of due dates, whatever is graded first.
    """

    days_in_a_term = Integer(5, min=0, help="Late days that cost nothing, over all assignments.").tag(config=True)
    days_in_one_assignment = Integer(365, min=0, help="Of these at most so many in one assignment.").tag(config=True)

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float | None:
        """See `LatePenalty`. nbgrader's step, this plugin's parent, has the gradebook open."""
        late: list[int] = []
        for submission in sorted(self.parent.gradebook.student_submissions(student_id), key=by_due_date):
            if submission.assignment.name == self.parent.assignment_id:
                break
            late.append(self.days_late(submission.total_seconds_late))
        late.append(self.days_late(total_seconds_late))
        charged = late[-1] - self.free_days(late)[-1]
        return self.penalty(score, charged) if charged else None

    def free_days(self, late: Sequence[int]) -> list[int]:
        """Of the late days of each assignment, in the order of due dates, those that cost nothing."""
        left, free = self.days_in_a_term, []
        for days in late:
            free.append(min(days, left, self.days_in_one_assignment))
            left -= free[-1]
        return free
