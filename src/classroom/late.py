"""Late work: a penalty that grows by the day, up to a bound, after a time of grace.

An nbgrader plugin: a course's nbgrader_config.py chooses and sets it (`course init` writes an example), and every
grading run applies it. nbgrader counts from the assignment's due date, or from the student's extension.
"""

import math

from nbgrader.plugins import LateSubmissionPlugin
from traitlets import Float

DAY = 24 * 60 * 60  # seconds


class LatePenalty(LateSubmissionPlugin):
    """Takes a share of the score for every day begun."""

    grace_minutes = Float(0, min=0, help="Handed in at most so late, nothing is taken off.").tag(config=True)
    percent_per_day = Float(10, min=0, max=100, help="Of the score, for every day begun after the due date.").tag(
        config=True
    )
    at_most_percent = Float(100, min=0, max=100, help="Of the score, however late.").tag(config=True)

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float | None:
        """Called by nbgrader for every notebook that is late; the points to take off, None for nothing."""
        if total_seconds_late <= 60 * self.grace_minutes:
            return None
        percent = min(self.percent_per_day * math.ceil(total_seconds_late / DAY), self.at_most_percent)
        return round(score * percent / 100, 2)
