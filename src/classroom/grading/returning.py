"""Feedback on its way back: the zip file from which Moodle gives every student their own page.

Moodle (mod/assign/feedback/file/importziplib.php, `is_valid_filename_for_import`) finds a student by the participant's
number in a folder's name, NAME_NUMBER_assignsubmission_file_, the one that its download had.
"""

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from classroom.errors import ClassroomError
from classroom.grading.course_dir import Course


@dataclass(frozen=True)
class Returned:
    """What was packed: students, and a sentence for each one who is not in the file."""

    path: Path
    students: tuple[str, ...]
    problems: tuple[str, ...]


def moodle_zip(course: Course, assignment: str, path: Path) -> Returned:
    """Packs the feedback pages of everybody whom `course collect` took from Moodle.

    Raises:
        ClassroomError: nobody was, nobody has a page, or the file cannot be written.
    """
    senders = _senders(course, assignment)
    packed, problems = [], []
    pages: dict[str, Path] = {}
    for student, sender in sorted(senders.items()):
        found = sorted((course.root / "feedback" / student / assignment).glob("*.html"))
        late = [page.name for page in found if _is_old(course, assignment, student, page)]
        if not found or late:
            why = f"{', '.join(late)} is older than the grade" if late else "there is no feedback page"
            problems.append(f"{student}: {why}; run `nbgrader generate_feedback {assignment} --force` in the course.")
            continue
        packed.append(student)
        folder = f"{sender['name'].replace('_', ' ')}_{sender['number']}_assignsubmission_file_"
        pages |= {f"{folder}/{page.name}": page for page in found}
    if not packed:
        raise ClassroomError(
            f"nobody has a feedback page that is up to date: run `nbgrader generate_feedback {assignment} --force` in "
            f"{course.root}"
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
            for name, page in pages.items():
                archive.write(page, name)
    except OSError as error:
        raise ClassroomError(f"{path} cannot be written: {error.strerror}") from error
    return Returned(path, tuple(packed), tuple(problems))


def _senders(course: Course, assignment: str) -> Mapping[str, Mapping[str, str]]:
    path = course.root / "results" / assignment / "senders.json"
    try:
        senders = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        senders = {}
    found = {student: sender for student, sender in senders.items() if sender["platform"] == "Moodle"}
    if not found:
        raise ClassroomError(
            f"no submission of {assignment} was collected from Moodle with `course collect`, so its numbers for the "
            f"students are not known; the pages are in {course.root / 'feedback'}"
        )
    return found


def _is_old(course: Course, assignment: str, student: str, page: Path) -> bool:
    graded = course.root / "autograded" / student / assignment / f"{page.stem}.ipynb"
    return graded.exists() and graded.stat().st_mtime > page.stat().st_mtime
