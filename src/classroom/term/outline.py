"""A term for the terminal and for programs."""

from typing import Any

from classroom.class_report.wordings import percent
from classroom.term.build import EXCUSED, Result, TermReport
from classroom.wide import padded


def outline(report: TermReport) -> str:
    """A line a student, then what comes back most."""
    rows = [("student", *(a.name for a in report.assignments), "total")]
    for row in report.rows:
        share = "–" if row.total.share is None else percent(row.total.share)
        cells = [_cell(result, i in row.total.dropped) for i, result in enumerate(row.results)]
        rows.append((row.person.id, *cells, share + (" so far" if row.waits else "")))
    lines = padded(rows, right=range(1, len(rows[0])))
    again = [m for m in report.mistakes if m.again][:5]
    if again:
        lines.append("\nMistakes that come back:")
        lines += [f"  {len(m.again)} × {m.sentence}" for m in again]
    return "\n".join(lines)


def to_json(report: TermReport) -> dict[str, Any]:
    """The term as JSON-able data."""
    return {
        "built": report.built.isoformat(timespec="seconds"),
        "drop": report.settings.drop,
        "assignments": [vars(a) for a in report.assignments],
        "students": [
            {
                "student": row.person.id,
                "results": [vars(result) for result in row.results],
                "total": row.total.share,
                "dropped": sorted(row.total.dropped),
            }
            for row in report.rows
        ],
        "mistakes": [
            {"sentence": m.sentence, "students": {k: list(v) for k, v in m.students.items()}, "again": sorted(m.again)}
            for m in report.mistakes
        ],
    }


def _cell(result: Result, dropped: bool) -> str:
    if result.share is None:
        return EXCUSED if result.note == EXCUSED else "–"
    return f"({percent(result.share)})" if dropped else percent(result.share)
