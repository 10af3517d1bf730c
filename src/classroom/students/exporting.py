"""`course students export`: a zip file with all that a course holds of one student."""

import json
import zipfile
from pathlib import Path

from classroom.errors import ClassroomError
from classroom.grading.course_dir import Course
from classroom.keeping.audit import read_log
from classroom.students.allowances import read_allowances
from classroom.students.details import Details, read_details
from classroom.students.held import gradebook_rows, held

README = """All that the course holds of {student}.

gradebook.json    names, scores, comments
course.json       extensions, team, section, the log of what changed a score, where else something is kept
the folders       files as they are in the course: submitted, graded, feedback, the records of grading
downloads         the files of this student in what was downloaded from the learning platform

Not here: pages and tables about the whole class, because others are in them. Where the student is in one, course.json
names it.
"""


def export_student(course: Course, student: str, to: Path) -> Path:
    """Writes the file; its path.

    Raises:
        ClassroomError: nothing is held of the student, or the file cannot be written.
    """
    found = held(course, student)
    about = {
        "details": vars(read_details(course).get(student, Details())),
        "allowances": [
            {"assignment": assignment, **vars(of)} for (assignment, who), of in read_allowances(course.root).items()
            if who == student
        ],
        "log": [line for line in read_log(course) if line.get("student") == student],
        "kept_in": [place.replace(f"{course.root}/", "") for place in found.places],
    }  # fmt: skip
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        part = to.with_name(f"{to.name}.part")
        part.unlink(missing_ok=True)
        part.touch(mode=0o600)
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
            archive.writestr("README.txt", README.format(student=student))
            archive.writestr("gradebook.json", _text(gradebook_rows(course, student)))
            archive.writestr("course.json", _text(about))
            for path in found.files:
                for file in [path, *sorted(path.rglob("*"))] if path.is_dir() else [path]:
                    if file.is_file() and not file.is_symlink() and "extracted" not in file.parts:
                        archive.write(file, str(file.relative_to(course.root)))
            for source, names in found.members.items():
                with zipfile.ZipFile(source) as opened:
                    for number, name in enumerate(names):
                        archive.writestr(f"downloads/{source.stem}/{number}-{Path(name).name}", opened.read(name))
        part.replace(to)
    except (OSError, zipfile.BadZipFile) as error:
        raise ClassroomError(f"{to} cannot be written: {error}") from error
    return to


def _text(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, indent=1, default=str) + "\n"
