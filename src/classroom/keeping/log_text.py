"""The log of changes for a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from classroom.panel import points_text


def log_text(lines: Sequence[Mapping[str, Any]]) -> str:
    """A heading for each action, and a line for each score below it."""
    if not lines:
        return "Nothing has changed a score yet."
    said: list[str] = []
    heading = None
    for line in lines:
        who = f"  by {line['who']}" if line["who"] else ""
        head = f"{line['when']}  {line['action']}{who}" + (f": {line['why']}" if line["why"] else "")
        if head != heading:
            said.append(head)
            heading = head
        if "question" in line:
            by_hand = "  by hand" if line["by_hand"] else ""
            said.append(
                f"  {line['student']}  {line['assignment']}  {line['question']}  {_points(line['old'])} → "
                f"{_points(line['new'])}{by_hand}"
            )
        elif "student" in line:
            said.append(f"  {line['student']}  {line.get('assignment', '')}  {line.get('what', '')}".rstrip())
    return "\n".join(said)


def _points(score: float | None) -> str:
    return "–" if score is None else points_text(score)
