"""Everything that a course holds of a student, wherever it is. `export` gives it, `remove` removes it."""

import json
import re
import sqlite3
import zipfile
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from classroom.collecting.lms_names import parse
from classroom.collecting.senders import read_senders
from classroom.errors import ClassroomError
from classroom.grading.course_dir import Course
from classroom.keeping.audit import read_log
from classroom.keeping.backup import backups, gradebook_file
from classroom.students.allowances import read_allowances
from classroom.students.details import read_details

REPORT_FILES = ("*.html", "*.csv", "*.json", "*.zip")


@dataclass(frozen=True)
class Held:
    """Where something is. Paths are in the course."""

    student: str
    gradebooks: list[Path] = field(default_factory=list)  # the gradebook, and its copies
    files: list[Path] = field(default_factory=list)  # files and folders of this student alone
    members: dict[Path, list[str]] = field(default_factory=dict)  # the platforms' archives: what is theirs in them
    lists: list[Path] = field(default_factory=list)  # files that hold a line about them among others
    reports: list[Path] = field(default_factory=list)  # made of the whole class, and can be made again
    mentions: list[Path] = field(default_factory=list)  # other files of the course that name them

    @property
    def places(self) -> list[str]:
        """What there is, for a person to read."""
        members = [f"{path}: {len(names)} file{'s' * (len(names) != 1)} in it" for path, names in self.members.items()]
        return [*map(str, [*self.gradebooks, *self.files]), *members, *map(str, [*self.lists, *self.reports])]


def held(course: Course, student: str) -> Held:
    """Looks everywhere.

    Raises:
        ClassroomError: nothing is held of such a student.
    """
    root = course.root
    if student in ("", ".", "..") or set(student) & set("/\\\0"):  # no name of a folder: it would lead elsewhere
        raise ClassroomError(f"nothing is held of a student {student!r}; an id has no slashes")
    found = Held(student)
    database = gradebook_file(course)
    for path in [*([database] if database else []), *(backup.path for backup in backups(course))]:
        if _is_in(path, student):
            found.gradebooks.append(path)
    patterns = [f"{step}/{_literal(student)}" for step in ("submitted", "autograded", "feedback")]
    patterns += [f"downloaded/*/extracted/_taken/{_literal(student)}", f"results/*/students/{_literal(student)}.json"]
    patterns += [f"backups/*.records/*/{_literal(student)}.json"]
    for pattern in patterns:
        found.files.extend(sorted(root.glob(pattern)))
    replaced = re.compile(re.escape(student) + r"-\d+")
    found.files.extend(sorted(p for p in root.glob("downloaded/*/replaced/*") if replaced.fullmatch(p.name)))
    for assignment in sorted(path.parent.name for path in root.glob("results/*/senders.json")):
        sent = read_senders(root, assignment).get(student)
        if sent is None:
            continue
        key = (sent.sender.platform, sent.sender.number)
        found.lists.append(root / "results" / assignment / "senders.json")
        for archive in sorted((root / "downloaded" / assignment / "archive").glob("*.zip")):
            names = _members(archive, key)
            if names:
                found.members[archive] = names
        for path in sorted((root / "downloaded" / assignment / "extracted").rglob("*")):
            if not path.is_dir() and _sender(str(path.relative_to(root / "downloaded"))) == key:
                found.files.append(path)
    if student in read_details(course):
        found.lists.append(root / "students.json")
    if any(who == student for _, who in read_allowances(root)):
        found.lists.append(root / "allowances.json")
    if any(line.get("student") == student for line in read_log(course)):
        found.lists.append(root / "audit.jsonl")
    if not (found.gradebooks or found.files or found.members or found.lists):
        raise ClassroomError(f"nothing is held of a student {student!r}; `course students list` shows who there is")
    last = root / ".audit-scores.json"
    if last.is_file() and any(row[1] == student for row in json.loads(last.read_text(encoding="utf-8"))):
        found.lists.append(last)
    for pattern in REPORT_FILES:
        found.reports.extend(sorted(p for p in root.glob(f"reports/**/{pattern}") if _names(p, student)))
    found.mentions.extend(
        sorted(p for p in root.glob("*") if p.suffix in (".csv", ".json", ".txt", ".html") and p not in found.lists
               and p.is_file() and _names(p, student))
    )  # fmt: skip
    return found


def gradebook_rows(course: Course, student: str) -> dict[str, Any]:
    """What the gradebook holds, as plain data."""
    with course.gradebook() as gradebook:
        row = next((s for s in gradebook.students if s.id == student), None)
        if row is None:
            return {}
        return {
            "student": {k: getattr(row, k) for k in ("id", "first_name", "last_name", "email", "lms_user_id")},
            "submissions": [
                {
                    "assignment": submission.assignment.name,
                    "handed_in": submission.timestamp,
                    "extension": submission.extension,
                    "notebooks": [
                        {
                            "notebook": notebook.name,
                            "late_submission_penalty": notebook.late_submission_penalty,
                            "grades": [
                                {k: getattr(g, k) for k in ("name", "auto_score", "manual_score", "extra_credit")}
                                for g in notebook.grades
                            ],
                            "comments": [
                                {"name": c.name, "auto_comment": c.auto_comment, "manual_comment": c.manual_comment}
                                for c in notebook.comments
                            ],
                        }
                        for notebook in submission.notebooks
                    ],
                }
                for submission in gradebook.student_submissions(student)
            ],
        }


def _is_in(database: Path, student: str) -> bool:
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as opened:
            return opened.execute("SELECT 1 FROM student WHERE id = ?", (student,)).fetchone() is not None
    except sqlite3.Error:
        return False


def _members(archive: Path, key: tuple[str, str]) -> list[str]:
    try:
        with zipfile.ZipFile(archive) as opened:
            return [name for name in opened.namelist() if _sender(name) == key]
    except (OSError, zipfile.BadZipFile):
        return []


def _sender(path: str) -> tuple[str, str] | None:
    named = parse(path)
    return (named.sender.platform, named.sender.number) if named else None


def _names(path: Path, student: str) -> bool:
    if path.suffix == ".zip":  # feedback for a platform, under its names
        return True
    try:
        return re.search(rb"(?<![\w-])" + re.escape(student.encode()) + rb"(?![\w-])", path.read_bytes()) is not None
    except OSError:
        return False


def _literal(text: str) -> str:
    """For a glob pattern, in which brackets, stars and question marks mean something."""
    return re.sub(r"([*?\[])", r"[\1]", text)
