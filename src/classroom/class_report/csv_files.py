"""The grades as files: plain, for Canvas, for Moodle.

The two for an LMS hold the grades of what was handed in and judged. Who handed in nothing, or could not be graded
yet, is left out, so that the import changes nothing there: what a missing submission is worth is the LMS's rule. Whom
the instructor has excused is excused in Canvas, too.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

from classroom.class_report.misconceptions import MISCONCEPTION, diagnosed
from classroom.class_report.standing import Standing
from classroom.class_report.wordings import number
from classroom.questions.results import NOT_WRITTEN

# A spreadsheet takes a cell for a formula when it begins like this, or where a semicolon, tab or line break makes it
# begin a cell under other settings (OWASP, CSV Injection).
FORMULA = re.compile(r"(^|[;\t\r\n])(\s*)(?=[=+\-@＝＋－＠|%])")
CANVAS_COLUMNS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
EXCUSED = "EX"  # what Canvas reads as an excuse
POINTS_POSSIBLE = "Points Possible"  # Canvas takes a row whose first cell has these words for the maxima


def defused(text: str) -> str:
    """The text as a cell that no spreadsheet calculates: an apostrophe before what would begin a formula."""
    return FORMULA.sub(r"\1\2'", text.replace("\0", ""))


def grades_csv(standings: Sequence[Standing], points: Mapping[str, float], max_score: float) -> str:
    """Everybody: names, score, outcome, how and when it was graded, points by question."""
    header = ["student", "first_name", "last_name", "email", "score", "max_score", "before_penalty", "late_penalty"]
    header += ["outcome", "sandboxed", "graded_at", "handed_in_at", *points]
    rows = [header]
    for standing in standings:
        person, final = standing.person, standing.final
        sandboxed = {True: "yes", False: "no", None: ""}[standing.sandboxed]
        earned = standing.questions
        rows.append(
            [
                *map(defused, (person.id, person.first_name, person.last_name, person.email)),
                _score(standing.score),
                number(max_score),
                _score(final.raw if final else standing.score),
                number(final.penalty) if final else "0",
                standing.outcome,
                sandboxed,
                _time(standing.graded),
                _time(final.timestamp if final else None),
                *(_score(earned.get(question)) for question in points),
            ]
        )
    return _text(rows)


def canvas_csv(standings: Iterable[Standing], assignment: str, max_score: float) -> str:
    """Canvas's gradebook import: the columns that it exports, its row of maxima, one assignment.

    Canvas finds a student by ID, else SIS User ID, else SIS Login ID, else name (gradebook_importer.rb,
    `process_student`). The assignment's column is found by title; Canvas asks before it makes a new one.
    """
    rows = [[*CANVAS_COLUMNS, assignment], [f"    {POINTS_POSSIBLE}", "", "", "", "", number(max_score)]]
    for standing in standings:
        if standing.gradable or standing.excused:
            person = standing.person
            score = EXCUSED if standing.excused else _score(standing.score)
            name = person.sortable_name or person.id
            name = person.id if POINTS_POSSIBLE in name else name
            rows.append(
                [defused(name), standing.number_at("Canvas"), defused(person.id_number), defused(person.id), "", score]
            )
    return _text(rows)


def moodle_csv(standings: Iterable[Standing], max_score: float, written: datetime) -> str:
    """Moodle's offline grading worksheet, which Moodle's general grade import (CSV) reads as well.

    The worksheet finds a student by Identifier, "Participant N" with the number that Moodle puts into the names of
    the files that are downloaded (importgradeslib.php: it needs Identifier, Grade and Last modified (grade)); without
    one it passes the row over. It knows the headings in the language of Moodle's own interface alone, so this file is
    for an English one; `worksheet.py` fills in the worksheet that Moodle gave, in any language. The general import
    matches any column that is chosen there. It gives a row whose chosen column is empty to the student above
    (load_data.php), so a column for numbers or e-mail addresses is here only when everybody has one.
    """
    chosen = [standing for standing in standings if standing.gradable and not standing.excused]
    mail = all(standing.person.email for standing in chosen)
    ids = all(standing.person.id_number for standing in chosen)
    header = ["Identifier", "Full name", *(["ID number"] if ids else []), *(["Email address"] if mail else [])]
    rows = [[*header, "Grade", "Maximum Grade", "Last modified (grade)", "Feedback comments"]]
    for standing in chosen:
        person = standing.person
        number_there = standing.number_at("Moodle")
        identifier = f"Participant {number_there}" if number_there else ""
        rows.append(
            [
                identifier,
                defused(person.name or person.id),
                *([defused(person.id_number)] if ids else []),
                *([defused(person.email)] if mail else []),
                _score(standing.score),
                number(max_score),
                f"{written:%Y-%m-%dT%H:%M:%SZ}",
                defused(feedback(standing)),
            ]
        )
    return _text(rows)


def feedback(standing: Standing) -> str:
    """A student's comment in a few lines of HTML, as Moodle shows it: what lost points, and the mistake's sentence."""
    lines = [escape(reason, quote=False) for reason in standing.reasons]
    earned = standing.questions
    for report in standing.reports:
        for question in report["questions"]:
            score = earned.get(question["id"], question["score"])
            if score < question["max_score"]:
                points = f"{number(score)} of {number(question['max_score'])}"
                said = " ".join([f"{question['title']}: {points}.", _why(question, report["reason"])])
                lines.append(escape(said.strip(), quote=False))
    if standing.final and standing.final.penalty:
        lines.append(f"Handed in late: {number(standing.final.penalty)} points less.")
    return "<br>".join(lines)


def _why(question: Mapping[str, Any], reason: str | None) -> str:
    if question["diagnosis"] == NOT_WRITTEN:
        return "Not written."
    known = diagnosed(question, reason)
    if known and known[0] == MISCONCEPTION:
        return known[1]
    failed = [criterion["name"] for criterion in question["criteria"] if not criterion["passed"]]
    return f"Not fulfilled: {', '.join(failed)}." if failed and question["diagnosis"] != reason else ""


def _score(value: float | None) -> str:
    return "" if value is None else number(value)


def _time(time: datetime | None) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}" if time else ""


def _text(rows: Sequence[Sequence[str]]) -> str:
    made = io.StringIO()
    csv.writer(made, lineterminator="\r\n").writerows(rows)  # RFC 4180
    return made.getvalue()
