"""Moodle's own grading worksheet with the grades filled in: the same headings, in whatever language Moodle gave them.

Moodle's importer finds columns by the headings of its interface's language (importgradeslib.php). So nothing is
translated here: the column of the maximum is the one that holds the assignment's points in every row, and the grades
stand before it (locallib.php, `get_grading_worksheet`, in all versions since 2.3).
"""

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

from classroom.class_report.standing import Standing
from classroom.class_report.wordings import number
from classroom.collecting.roster import plain
from classroom.errors import ClassroomError
from classroom.students.tables import decoded


def fill(path: Path, standings: Sequence[Standing], max_score: float) -> tuple[str, list[str]]:
    """The worksheet with grades, and a sentence for everybody who has a grade and no row.

    Raises:
        ClassroomError: it is no worksheet of this assignment.
    """
    try:
        text = decoded(path, path.read_bytes())
    except OSError as error:
        raise ClassroomError(f"{path} cannot be read: {error.strerror}") from None
    header, *rows = [row for row in csv.reader(io.StringIO(text, newline="")) if any(row)] or [[]]
    grade = _grade_column(path, rows, max_score)
    chosen = [s for s in standings if s.gradable and not s.excused]
    keys = {key: s for s in chosen for key in _keys(s)}
    several = {key for key in keys if sum(key in _keys(s) for s in chosen) > 1}
    found = set()
    for row in rows:
        participant = re.search(r"\d+$", row[0].strip())
        cells = [f"participant {participant[0]}"] if participant else []
        cells += [plain(cell) for cell in row[1:grade] if cell.strip()]
        standing = next((keys[cell] for cell in cells if cell in keys and cell not in several), None)
        if standing is not None:
            row[grade] = number(standing.score)
            found.add(standing.person.id)
    made = io.StringIO()
    csv.writer(made, lineterminator="\r\n").writerows([header, *rows])
    return made.getvalue(), [
        f"{s.person.id} has a grade and no row in {path.name}." for s in chosen if s.person.id not in found
    ]


def _keys(standing: Standing) -> set[str]:
    """What a row of the worksheet may say of a student."""
    person = standing.person
    known = {plain(text) for text in (person.id_number, person.email, person.name) if text}
    participant = standing.number_at("Moodle")
    return known | ({f"participant {participant}"} if participant else set())


def _grade_column(path: Path, rows: Sequence[Sequence[str]], max_score: float) -> int:
    columns = range(2, min(map(len, rows), default=0))
    same = {c: value for c in columns if (value := _same(rows, c)) is not None}
    found = [c for c, value in same.items() if abs(value - max_score) < 0.005]
    if len(found) != 1:
        there = ", ".join(number(value) for value in same.values())
        raise ClassroomError(
            f"{path} is not Moodle's grading worksheet of this assignment: no column holds its {number(max_score)} "
            f"points in every row{f' (there are: {there})' if there else ''}; set the maximum grade in Moodle to "
            f"{number(max_score)}, then download the worksheet again"
        )
    return found[0] - 1


def _same(rows: Sequence[Sequence[str]], column: int) -> float | None:
    """The number that the column holds in every row."""
    values = {row[column].strip().replace(",", ".") for row in rows}
    try:
        return float(values.pop()) if len(values) == 1 else None
    except ValueError:
        return None
