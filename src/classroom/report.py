"""Results for the terminal and for programs: an aligned table, and plain data for JSON."""

import textwrap
from collections.abc import Sequence
from typing import Any

from classroom.panel import points_text, status_text
from classroom.questions.results import QuestionResult
from classroom.wide import ljust, width

WIDTH = 88
INDENT = 4


def table(results: Sequence[QuestionResult]) -> str:
    """Questions, points, failed criteria and diagnoses as text, at most `WIDTH` columns wide."""
    total = (sum(r.score for r in results), sum(r.max_score for r in results))
    rows = [(r.id, r.score, r.max_score) for r in results] + [("total", *total)]
    left = max(width(name) for name, _, _ in rows) + 2
    middle = max(len(points_text(score)) for _, score, _ in rows)
    right = max(len(points_text(maximum)) for _, _, maximum in rows)
    heads = [
        f"{ljust(name, left)}{points_text(score):>{middle}} / {points_text(maximum):<{right}}"
        for name, score, maximum in rows
    ]
    lines = []
    for result, head in zip(results, heads, strict=False):
        lines.append(f"{head}  {status_text(result)}")
        if result.diagnosis:
            lines += _wrapped(result.diagnosis, "→ ")
        for criterion in result.criteria:
            if not criterion.passed and criterion.message != result.diagnosis:
                lines += _wrapped(f"{criterion.name}: {criterion.message}", "✗ ")
    return "\n".join([*lines, "─" * len(heads[-1]), heads[-1].rstrip()])


def to_json(results: Sequence[QuestionResult]) -> list[dict[str, Any]]:
    """Results as JSON-able data: `id`, `title`, `score`, `max_score`, `criteria`, `diagnosis`."""
    return [
        {
            "id": result.id,
            "title": result.title,
            "score": result.score,
            "max_score": result.max_score,
            "criteria": [
                {
                    "name": criterion.name,
                    "passed": criterion.passed,
                    "message": criterion.message,
                    "score": round(criterion.score, 2),
                    "max_score": round(criterion.max_score, 2),
                }
                for criterion in result.criteria
            ],
            "diagnosis": result.diagnosis,
        }
        for result in results
    ]


def _wrapped(text: str, mark: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=" " * INDENT + mark,
        subsequent_indent=" " * (INDENT + len(mark)),
        break_on_hyphens=False,
    )
