"""What an instructor has allowed a student in an assignment: more time, or not to hand it in.

nbgrader keeps an extension with a submission, which is there only after the first grading. Here it is kept by itself,
in `allowances.json`, and every grading run takes it over.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from nbgrader.api import SubmittedAssignment

from classroom.errors import ClassroomError
from classroom.keeping.private import write_private

FILE = "allowances.json"


@dataclass(frozen=True)
class Allowance:
    """For one student and assignment: a later due date (UTC), or none at all."""

    until: datetime | None = None
    excused: bool = False
    reason: str = ""


Allowances = Mapping[tuple[str, str], Allowance]  # by assignment and student


def read_allowances(course: Path) -> dict[tuple[str, str], Allowance]:
    """All of the course in this directory.

    Raises:
        ClassroomError: the file is damaged.
    """
    path = course / FILE
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return {
            (row["assignment"], row["student"]): Allowance(
                datetime.fromisoformat(row["until"]) if row["until"] else None, bool(row["excused"]), row["reason"]
            )
            for row in rows
        }
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, KeyError) as error:
        raise ClassroomError(f"{path} is damaged ({error}); mend it, or move it away and extend again") from error


def write_allowances(course: Path, allowances: Allowances) -> None:
    """Replaces them all."""
    rows = [
        {
            "assignment": assignment,
            "student": student,
            **asdict(of),
            "until": of.until.isoformat() if of.until else None,
        }
        for (assignment, student), of in sorted(allowances.items())
    ]
    write_private(course / FILE, json.dumps(rows, ensure_ascii=False, indent=1) + "\n")


def due_for(duedate: datetime | None, allowance: Allowance | None) -> datetime | None:
    """When the work is due for this student; None where it never is."""
    if allowance is not None and allowance.excused:
        return None
    return max(duedate, allowance.until) if duedate and allowance and allowance.until else duedate


def take_over(submission: SubmittedAssignment, allowance: Allowance | None) -> None:
    """Writes an allowance into nbgrader's submission. Where there is none, what nbgrader has stays.

    nbgrader knows no excuse; for an excused student the due date is moved to when the work came.
    """
    duedate = submission.assignment.duedate
    if allowance is None or duedate is None:
        return
    until = submission.timestamp if allowance.excused else allowance.until
    submission.extension = max(until - duedate, timedelta()) if until else None
