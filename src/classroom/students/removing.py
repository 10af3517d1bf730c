"""`course students remove`: a student leaves, and with them all that the course holds of them, copies included."""

import json
import shutil
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

from nbgrader.api import Gradebook

from classroom.collecting.senders import read_senders, write_senders
from classroom.errors import ClassroomError
from classroom.grading.course_dir import Course
from classroom.keeping import audit
from classroom.keeping.private import write_private
from classroom.students.allowances import read_allowances, write_allowances
from classroom.students.details import read_details, write_details
from classroom.students.held import Held


def remove(course: Course, found: Held) -> None:
    """Removes all of it. What is shared with others is written anew without the student.

    The gradebook goes last: a removal that is cut short can be repeated.

    Raises:
        ClassroomError: something cannot be removed; the same command goes on with the rest.
    """
    student = found.student
    try:
        for path in found.files:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
        for path, names in found.members.items():
            _rewrite(path, set(names))
        for path in found.reports:
            path.unlink(missing_ok=True)
        for path in found.lists:
            if path.name == "senders.json":
                assignment = path.parent.name
                kept = {s: sent for s, sent in read_senders(course.root, assignment).items() if s != student}
                write_senders(course.root, assignment, kept)
        write_details(course, {s: of for s, of in read_details(course).items() if s != student})
        allowances = read_allowances(course.root)
        write_allowances(course.root, {key: of for key, of in allowances.items() if key[1] != student})
        for path in reversed(found.gradebooks):
            _remove_from(path, student)
        _rewrite_log(course, student)
    except (OSError, zipfile.BadZipFile, sqlite3.Error) as error:
        raise ClassroomError(f"not all of {student} could be removed ({error}); mend that, and try again") from error
    audit.note(course, "remove a student")


def _remove_from(database: Path, student: str) -> None:
    with Gradebook(f"sqlite:///{database}") as gradebook:
        gradebook.remove_student(student)
    with closing(sqlite3.connect(database)) as opened:
        opened.execute("VACUUM")  # else the rows could still be read in the file


def _rewrite(archive: Path, without: set[str]) -> None:
    part = archive.with_suffix(".part")
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            if info.filename not in without:
                new.writestr(info, old.read(info))
    part.replace(archive)


def _rewrite_log(course: Course, student: str) -> None:
    lines = audit.read_log(course)
    kept = [line for line in lines if line.get("student") != student]
    if len(kept) != len(lines):
        write_private(course.root / audit.LOG, "".join(json.dumps(k, ensure_ascii=False) + "\n" for k in kept))
    last = course.root / audit.LAST
    if last.is_file():
        rows = [row for row in json.loads(last.read_text(encoding="utf-8")) if row[1] != student]
        write_private(last, json.dumps(rows, ensure_ascii=False) + "\n")
