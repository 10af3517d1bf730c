"""What a grading run says about one notebook: plain data for the gradebook, the summary and the JSON file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nbformat.notebooknode import NotebookNode

from classroom.questions.results import QuestionResult
from classroom.report import to_json
from classroom.wide import padded, width

# Every notebook ends with exactly one of these. Where evidence arrived before the trouble it keeps its points.
OUTCOMES = {
    "graded": "every cell ran and every question was judged",
    "timeout": "a cell, a call or the whole notebook took too long",
    "memory": "it needed more memory than a submission may use",
    "crashed": "its process ended before the last question was judged",
    "invalid": "the submitted file is not a notebook",
    "missing": "nothing was submitted",
    "failed": "the grader itself failed: the reason should be reported to the course's authors",
}


@dataclass(frozen=True)
class NotebookReport:
    """One student's notebook after grading. `notebook` is what nbgrader stores; None where nothing was submitted."""

    student: str
    assignment: str
    notebook_name: str
    outcome: str
    reason: str | None
    seconds: float
    sandboxed: bool
    flags: tuple[str, ...]
    questions: tuple[QuestionResult, ...]
    notebook: NotebookNode | None = None
    by_hand: Mapping[str, float] = field(default_factory=dict)  # what a person grades: points by question

    @property
    def score(self) -> float:
        """Points earned."""
        return round(sum(q.score for q in self.questions), 2)

    @property
    def max_score(self) -> float:
        """Points that could be earned."""
        return round(sum(q.max_score for q in self.questions), 2)

    def to_json(self) -> dict[str, Any]:
        """The report as `course grade --json` writes it."""
        return {
            "student": self.student,
            "assignment": self.assignment,
            "notebook": self.notebook_name,
            "score": self.score,
            "max_score": self.max_score,
            "outcome": self.outcome,
            "reason": self.reason,
            "seconds": round(self.seconds, 3),
            "sandboxed": self.sandboxed,
            "flags": list(self.flags),
            "questions": to_json(self.questions),
            "by_hand": dict(self.by_hand),
        }


def needs_attention(report: dict[str, Any]) -> bool:
    """Whether an instructor should look at it."""
    return report["outcome"] != "graded" or bool(report["flags"])


def summary(
    reports: Sequence[dict[str, Any]], totals: Mapping[tuple[str, str], tuple[float, float]] | None = None
) -> str:
    """The run as text: a line a notebook, then what needs attention, sentence by sentence.

    `totals`: points and their maximum, by student and notebook, where a person gave some of them in formgrader.
    """
    totals = totals or {}
    rows = [
        (
            r["student"],
            r["notebook"],
            _points(r, totals.get((r["student"], r["notebook"]))),
            r["outcome"] + (" ⚑" if r["flags"] else ""),
        )
        for r in reports
    ]
    header, *body = padded([("student", "notebook", "points", "outcome"), *rows], right=(2,))
    lines = [header, "─" * max(map(width, [header, *body])), *body]
    counted = sum((r["student"], r["notebook"]) in totals for r in reports)
    if counted:
        lines.append(f"\nPoints given by hand are counted in {counted} notebook{'s' * (counted != 1)}.")
    noted = [r for r in reports if needs_attention(r)]
    if noted:
        lines.append("\nTo look at:")
    for r in noted:
        for sentence in [r["reason"], *r["flags"]]:
            if sentence:
                lines.append(f"  {r['student']}, {r['notebook']}: {sentence}")
    return "\n".join(lines)


def _points(report: dict[str, Any], total: tuple[float, float] | None) -> str:
    if total is not None:
        return f"{total[0]:g} / {total[1]:g}"
    return f"{report['score']:g} / {report['max_score']:g}{_and_by_hand(report)}"


def _and_by_hand(report: dict[str, Any]) -> str:
    """The points that a person gives, which no run changes."""
    points = sum(report.get("by_hand", {}).values())  # a record of an earlier version has none
    return f" + {points:g} by hand" if points else ""
