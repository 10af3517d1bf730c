"""What grading again would change: whose score, by how much, on which question. Nothing here reads or writes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from classroom.panel import points_text
from classroom.wide import ljust, width

Reports = Iterable[Mapping[str, Any]]  # as `course grade --json` writes them


@dataclass(frozen=True)
class QuestionChange:
    """One question's score. `by_hand` is the score that somebody gave it in formgrader: that one stays."""

    id: str
    old: float | None  # None: not graded before
    new: float
    by_hand: float | None = None


@dataclass(frozen=True)
class Change:
    """What changes for one notebook."""

    student: str
    notebook: str
    old: float | None  # None: not graded before
    new: float
    old_outcome: str | None
    new_outcome: str
    questions: tuple[QuestionChange, ...]

    def to_json(self) -> dict[str, Any]:
        """As `course grade --dry-run --json` writes it."""
        return asdict(self)


def changes(
    old: Reports, new: Reports, by_hand: Mapping[tuple[str, str, str], float] | None = None
) -> tuple[Change, ...]:
    """The notebooks of `new` whose scores or outcomes are not those of `old`, by student and notebook.

    `by_hand`: the scores given in formgrader, by student, notebook and question.
    """
    before = {(report["student"], report["notebook"]): report for report in old}
    found = []
    for report in sorted(new, key=lambda r: (r["student"], r["notebook"])):
        key = (report["student"], report["notebook"])
        earlier = before.get(key)
        scores = {q["id"]: q["score"] for q in earlier["questions"]} if earlier else {}
        questions = tuple(
            QuestionChange(q["id"], scores.get(q["id"]), q["score"], (by_hand or {}).get((*key, q["id"])))
            for q in report["questions"]
            if scores.get(q["id"]) != q["score"]
        )
        if earlier is None or questions or earlier["outcome"] != report["outcome"]:
            found.append(
                Change(
                    *key,
                    earlier["score"] if earlier else None,
                    report["score"],
                    earlier["outcome"] if earlier else None,
                    report["outcome"],
                    questions,
                )
            )
    return tuple(found)


def text(found: Sequence[Change], looked_at: int) -> str:
    """The changes as a table: a line a notebook, and one for each question that changes."""
    if not found:
        return f"Nothing would change in {_notebooks(looked_at)}. Nothing was written."
    lines = []
    students = max(width(change.student) for change in found)
    notebooks = max(width(change.notebook) for change in found)
    for change in found:
        arrow = _arrow(change.old, change.new)
        outcome = "" if change.old_outcome in (None, change.new_outcome) else (
            f"  ({change.old_outcome} → {change.new_outcome})"
        )  # fmt: skip
        lines.append(f"{ljust(change.student, students)}  {ljust(change.notebook, notebooks)}  {arrow}{outcome}")
        for question in change.questions if change.old is not None else ():
            stays = question.by_hand
            note = "" if stays is None else f"  graded by hand, so {points_text(stays)} stays"
            lines.append(f"    {question.id}  {_arrow(question.old, question.new)}{note}")
    rise, fall = (sum(_gain(change) * sign > 0 for change in found) for sign in (1, -1))
    fresh = sum(change.old is None for change in found)
    counted = [f"{rise} up", f"{fall} down", *([f"{fresh} not graded before"] if fresh else [])]
    lines.append(
        f"\n{len(found)} of {_notebooks(looked_at)} would change: {', '.join(counted)}. Nothing was written; the same "
        "command without --dry-run writes it."
    )
    return "\n".join(lines)


def _gain(change: Change) -> float:
    return 0 if change.old is None else change.new - change.old


def _arrow(old: float | None, new: float) -> str:
    return f"{'–' if old is None else points_text(old)} → {points_text(new)}"


def _notebooks(number: int) -> str:
    return "1 notebook" if number == 1 else f"{number} notebooks"
