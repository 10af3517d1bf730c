"""A term as files: a page, and CSV for everybody, Canvas and Moodle."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from classroom.class_report.csv_files import CANVAS_COLUMNS, POINTS_POSSIBLE, defused
from classroom.class_report.wordings import number
from classroom.errors import ClassroomError
from classroom.keeping.private import write_private
from classroom.term.build import EXCUSED, Result, TermReport
from classroom.term.page import term_page

TOTAL = "Term total"
MOST = 100  # points that the total is given in


def write_term(report: TermReport, out: Path) -> list[Path]:
    """Writes them into `out`; their paths, the page's first.

    Raises:
        ClassroomError: they cannot be written there.
    """
    content = {
        "index.html": term_page(report),
        "grades.csv": grades_csv(report),
        "canvas.csv": canvas_csv(report),
        "moodle.csv": moodle_csv(report),
    }
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ClassroomError(f"the report cannot be written into {out}: {error.strerror}") from None
    for name, text in content.items():
        write_private(out / name, text)
    return [out / name for name in content]


def grades_csv(report: TermReport) -> str:
    """Everybody: points by assignment, the total in percent, and what was dropped."""
    names = [assignment.name for assignment in report.assignments]
    rows = [["student", "first_name", "last_name", "email", "team", *names, "total_percent", "dropped"]]
    rows.append(["maximum", "", "", "", "", *(number(a.max_score) for a in report.assignments), "100", ""])
    for row in report.rows:
        who = row.person
        dropped = ", ".join(names[i] for i in sorted(row.total.dropped))
        identity = map(defused, (who.id, who.first_name, who.last_name, who.email, row.details.team))
        rows.append([*identity, *map(_cell, row.results), _total(row.total.share), dropped])
    return _text(rows)


def canvas_csv(report: TermReport) -> str:
    """Canvas's gradebook import, with the total as one assignment of 100 points.

    Canvas finds a student by ID, else SIS User ID, else name (gradebook_importer.rb, `process_student`).
    """
    rows = [[*CANVAS_COLUMNS, TOTAL], [f"    {POINTS_POSSIBLE}", "", "", "", "", number(MOST)]]
    for row in report.rows:
        if row.total.share is not None and not row.waits:
            who = row.person
            canvas = who.lms_user_id if who.lms_user_id.isdecimal() else ""
            name = defused(who.sortable_name or who.id)
            rows.append([name, canvas, defused(row.details.id_number), "", "", _total(row.total.share)])
    return _text(rows)


def moodle_csv(report: TermReport) -> str:
    """Moodle's general grade import: choose there which column finds students. A column is here if all have it."""
    chosen = [row for row in report.rows if row.total.share is not None and not row.waits]
    columns = {
        "Full name": [row.person.name or row.person.id for row in chosen],
        "ID number": [row.details.id_number for row in chosen],
        "Email address": [row.person.email for row in chosen],
    }
    kept = {name: cells for name, cells in columns.items() if all(cells)}
    rows = [[*kept, TOTAL]]
    for i, row in enumerate(chosen):
        rows.append([*(defused(cells[i]) for cells in kept.values()), _total(row.total.share)])
    return _text(rows)


def _cell(result: Result) -> str:
    if result.note == EXCUSED:
        return EXCUSED
    return "" if result.score is None else number(result.score)


def _total(share: float | None) -> str:
    return "" if share is None else number(MOST * share)


def _text(rows: Sequence[Sequence[str]]) -> str:
    made = io.StringIO()
    csv.writer(made, lineterminator="\r\n").writerows(rows)  # RFC 4180
    return made.getvalue()
