"""Who sent what: the platforms' names and numbers of an assignment's senders, in `results/ASSIGNMENT/senders.json`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from classroom.collecting.lms_names import Sender
from classroom.keeping.private import write_private


@dataclass(frozen=True)
class Sent:
    """One student's last submission: who sent it, its last attachment, and whether it is late without a time."""

    sender: Sender
    attachment: int = 0
    late_unknown: bool = False
    said: datetime | None = None  # when it came (UTC), where an instructor said so


def read_senders(course: Path, assignment: str) -> dict[str, Sent]:
    """By student; what cannot be read is left out."""
    try:
        rows = json.loads(_file(course, assignment).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    found = {}
    for student, row in rows.items():
        try:
            sender = Sender(row["platform"], row["number"], row["name"])
            said = datetime.fromisoformat(row["said"]) if "said" in row else None
            late_unknown = bool(row.get("late_unknown", False))
            found[student] = Sent(sender, int(row.get("attachment", 0)), late_unknown, said)
        except (KeyError, TypeError, ValueError):
            continue
    return found


def write_senders(course: Path, assignment: str, senders: Mapping[str, Sent]) -> None:
    """Replaces them all."""
    rows: dict[str, dict[str, Any]] = {}
    for student, sent in sorted(senders.items()):
        rows[student] = {"platform": sent.sender.platform, "number": sent.sender.number, "name": sent.sender.name}
        if sent.attachment:
            rows[student]["attachment"] = sent.attachment
        if sent.late_unknown:
            rows[student]["late_unknown"] = True
        if sent.said:
            rows[student]["said"] = sent.said.isoformat()
    path = _file(course, assignment)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_private(path, json.dumps(rows, ensure_ascii=False, indent=1) + "\n")


def known_numbers(course: Path, assignment: str) -> dict[str, Sender]:
    """Whom numbers mean in this assignment: its own senders, and Canvas's of all, whose numbers are the users'."""
    found: dict[str, Sender] = {}
    for path in sorted(course.glob("results/*/senders.json")):
        found |= {
            student: sent.sender
            for student, sent in read_senders(course, path.parent.name).items()
            if sent.sender.platform == "Canvas"
        }
    return found | {student: sent.sender for student, sent in read_senders(course, assignment).items()}


def late_without_a_time(course: Path, assignment: str) -> list[str]:
    """The students whose work the platform marks late without saying by how much; no penalty is taken from them."""
    return sorted(student for student, sent in read_senders(course, assignment).items() if sent.late_unknown)


def _file(course: Path, assignment: str) -> Path:
    return course / "results" / assignment / "senders.json"
