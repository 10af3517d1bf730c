"""Feedback on its way back: the zip files from which Moodle and Canvas give every student their own page.

Moodle (mod/assign/feedback/file/importziplib.php, `is_valid_filename_for_import`) finds a student by the participant's
number in a folder's name, NAME_NUMBER_assignsubmission_file_, the one that its download had. Canvas (assignment.rb,
`infer_comment_context_from_filename`) finds a submission by the first two numbers between the underscores of a file's
name: the user's and the attachment's, as its download had them.
"""

import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from classroom.collecting.senders import Sent, read_senders
from classroom.errors import ClassroomError
from classroom.grading.course_dir import Course

PLATFORMS = ("Moodle", "Canvas")


@dataclass(frozen=True)
class Returned:
    """What was packed for a platform: students, and a sentence for each one who is not in the file."""

    platform: str
    path: Path
    students: tuple[str, ...]
    problems: tuple[str, ...]


def pack(course: Course, assignment: str, directory: Path) -> list[Returned]:
    """Packs the feedback pages of everybody whom `course collect` took, a file for each platform.

    Raises:
        ClassroomError: nobody was, nobody has a page, or a file cannot be written.
    """
    senders = read_senders(course.root, assignment)
    if not senders:
        raise ClassroomError(
            f"no submission of {assignment} was collected with `course collect`, so the platform's numbers for the "
            f"students are not known; the pages are in {course.root / 'feedback'}"
        )
    notebooks = sorted(course.official(assignment))
    packed = []
    for platform in PLATFORMS:
        of_platform = {student: sent for student, sent in senders.items() if sent.sender.platform == platform}
        if of_platform:
            path = directory / f"feedback-for-{platform.lower()}.zip"
            packed.append(_pack(course, assignment, notebooks, platform, of_platform, path))
    if not any(done.students for done in packed):
        raise ClassroomError(
            f"nobody has a feedback page that is up to date: run `nbgrader generate_feedback {assignment} --force` in "
            f"{course.root}"
        )
    return packed


def _pack(
    course: Course, assignment: str, notebooks: list[str], platform: str, senders: Mapping[str, Sent], path: Path
) -> Returned:
    packed, problems = [], []
    pages: dict[str, Path] = {}
    for student, sent in sorted(senders.items()):
        # Only the notebooks' pages: nbgrader puts beside them every file that the student handed in.
        directory = course.root / "feedback" / student / assignment
        found = [page for name in notebooks if (page := directory / f"{name}.html").is_file()]
        old = [page.name for page in found if _is_old(course, assignment, student, page)]
        if not found or old:
            why = f"{', '.join(old)} is older than the grade" if old else "there is no feedback page"
            problems.append(f"{student}: {why}; run `nbgrader generate_feedback {assignment} --force` in the course.")
            continue
        if not sent.sender.number or (platform == "Canvas" and not sent.attachment):
            problems.append(f"{student}: {platform}'s numbers for this submission are not known; collect it again.")
            continue
        packed.append(student)
        pages |= {_name(sent, page): page for page in found}
    if packed:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
                for name, page in pages.items():
                    archive.write(page, name)
            part.replace(path)
        except OSError as error:
            raise ClassroomError(f"{path} cannot be written: {error.strerror}") from error
    return Returned(platform, path, tuple(packed), tuple(problems))


def _name(sent: Sent, page: Path) -> str:
    sender = sent.sender
    if sender.platform == "Moodle":
        return f"{sender.name.replace('_', ' ')}_{sender.number}_assignsubmission_file_/{page.name}"
    return f"{re.sub(r'[_/]', '', sender.name)}_{sender.number}_{sent.attachment}_{page.name}"


def _is_old(course: Course, assignment: str, student: str, page: Path) -> bool:
    graded = course.root / "autograded" / student / assignment / f"{page.stem}.ipynb"
    return graded.exists() and graded.stat().st_mtime > page.stat().st_mtime
