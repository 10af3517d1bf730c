"""What a course remembers of its grading runs, in `results/`: the seed, and what each student's grade rests on.

A record is written after the gradebook, so a grade that is recorded is stored; one that is stored and not yet
recorded is only graded again.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FORMAT = 1


@dataclass(frozen=True)
class Record:
    """What the last run wrote about one student, whether or not it still holds."""

    reports: tuple[dict[str, Any], ...]
    written: datetime


def submission_digest(submitted: Path, questions: str) -> str:
    """Changes when a file in the student's directory does, or the digest of the questions."""
    content = hashlib.sha256(questions.encode())
    for path in sorted(submitted.rglob("*")):
        if path.is_file() and not path.is_symlink():
            content.update(str(path.relative_to(submitted)).encode("utf-8", "surrogateescape") + b"\0")
            with path.open("rb") as file:
                content.update(hashlib.file_digest(file, "sha256").digest())
    return content.hexdigest()


def seed(course: Path, assignment: str) -> int | None:
    """The seed that an assignment was graded with, or None before its first run."""
    try:
        return json.loads(_seed_file(course, assignment).read_text(encoding="utf-8"))["seed"]
    except (FileNotFoundError, ValueError, KeyError):
        return None


def write_seed(course: Path, assignment: str, value: int) -> None:
    """Records the seed."""
    _write(_seed_file(course, assignment), {"seed": value})


def reports(course: Path, assignment: str, student: str, digest: str) -> dict[str, dict[str, Any]]:
    """The reports of an earlier run that still hold, by notebook; none if anything has changed since."""
    try:
        record = json.loads(_file(course, assignment, student).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    if record.get("format") != FORMAT or record.get("digest") != digest:
        return {}
    return {r["notebook"]: r for r in record["reports"] if r["outcome"] != "failed"}


def last_records(course: Path, assignment: str) -> dict[str, Record]:
    """What the last run wrote about every student, by student; a record that cannot be read is left out."""
    found = {}
    for path in sorted(_file(course, assignment, "").parent.glob("*.json")):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            continue
        if record.get("format") == FORMAT:
            written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            found[path.stem] = Record(tuple(record["reports"]), written)
    return found


def write_reports(course: Path, assignment: str, student: str, digest: str, written: Sequence[dict[str, Any]]) -> None:
    """Records the reports that are now in the gradebook."""
    _write(_file(course, assignment, student), {"format": FORMAT, "digest": digest, "reports": list(written)})


def forget(course: Path, assignment: str, student: str) -> None:
    """Removes a student's record: what it says is about to change."""
    _file(course, assignment, student).unlink(missing_ok=True)


def _file(course: Path, assignment: str, student: str) -> Path:
    return course / "results" / assignment / "students" / f"{student}.json"


def _seed_file(course: Path, assignment: str) -> Path:
    return course / "results" / assignment / "seed.json"


def _write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    beside.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    beside.replace(path)
