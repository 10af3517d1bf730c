"""The report on disk: the page and the three CSV files, each replaced as a whole."""

from pathlib import Path

from classroom.class_report.build import ClassReport
from classroom.class_report.csv_files import canvas_csv, grades_csv, moodle_csv
from classroom.class_report.links import FORMGRADER, Links
from classroom.class_report.page import page
from classroom.errors import ClassroomError


def write(report: ClassReport, out: Path, formgrader: str = FORMGRADER) -> list[Path]:
    """Writes the files into `out`; their paths, the page's first.

    Raises:
        ClassroomError: they cannot be written there.
    """
    links = Links(report.course, report.assignment, out, formgrader)
    content = {
        "index.html": page(report, links),
        "grades.csv": grades_csv(report.standings, report.points, report.max_score),
        "canvas.csv": canvas_csv(report.standings, report.assignment, report.max_score),
        "moodle.csv": moodle_csv(report.standings, report.max_score, report.built),
    }
    written = []
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in content.items():
            part = out / f".{name}.part"
            # A student's name may hold half a character; a file cannot.
            part.write_bytes(text.encode("utf-8", "replace"))
            written.append(part.replace(out / name))
    except OSError as error:
        raise ClassroomError(f"the report cannot be written into {out}: {error.strerror}") from None
    return written
