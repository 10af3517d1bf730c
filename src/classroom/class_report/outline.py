"""The report for the terminal and for programs: a few lines, and everything as plain data."""

import textwrap
from collections import Counter
from typing import Any

from classroom.class_report.attention import KINDS
from classroom.class_report.build import ClassReport
from classroom.class_report.misconceptions import MISCONCEPTION
from classroom.class_report.wordings import count, listed, number, percent
from classroom.report import WIDTH

SHOWN = 5


def outline(report: ClassReport) -> str:
    """What an instructor wants to know before opening the page."""
    facts = report.distribution
    lines = [f"{report.assignment}: {count(len(report.standings), 'student')}, {len(report.judged):,} judged"]
    if facts:
        lines.append(
            f"score: median {number(facts.median)} of {number(report.max_score)}, "
            f"half of the class between {number(facts.lower_quartile)} and {number(facts.upper_quartile)}"
        )
    wrong = [f for f in report.findings if f.kind == MISCONCEPTION][:SHOWN]
    if wrong:
        lines.append("\nTo explain again:")
        lines += [_wrapped(f"{len(f.students):>4} × {f.question}: {f.sentence}", indent=9) for f in wrong]
    looks = _looks(report)
    if looks:
        lines.append("\nTo look at:")
        lines += [_wrapped(look, indent=4) for look in looks]
    return "\n".join(lines)


def to_json(report: ClassReport) -> dict[str, Any]:
    """The report as JSON-able data."""
    facts = report.distribution
    return {
        "assignment": report.assignment,
        "built": report.built.isoformat(timespec="seconds"),
        "max_score": report.max_score,
        "judged": len(report.judged),
        "needs_attention": report.needs_attention,
        "distribution": None if facts is None else vars(facts),
        "histogram": [vars(b) for b in report.histogram],
        "questions": [
            {
                "id": q.id,
                "title": q.title,
                "points": q.points,
                "earned": q.earned,
                "discrimination": None if q.correlation is None else vars(q.correlation),
                "not_written": q.not_written,
                "criteria": [{"name": c.name, "failed": c.failed, "answered": c.answered} for c in q.failed],
            }
            for q in report.questions
        ],
        "findings": [
            {
                "question": f.question,
                "kind": f.kind,
                "sentence": f.sentence,
                "students": list(f.students),
                "lost": f.lost,
            }
            for f in report.findings
        ],
        "notices": [{"kind": n.kind, "student": n.student, "sentence": n.sentence} for n in report.notices],
        "alike": [
            {
                "students": list(g.students),
                "pairs": [
                    {
                        "students": [p.one, p.other],
                        "similarity": round(p.similarity, 4),
                        "evidence": round(p.evidence, 2),
                    }
                    for p in g.pairs
                ],
            }
            for g in report.groups
        ],
        "feedback": vars(report.feedback),
        "students": [
            {
                "student": s.person.id,
                "name": s.person.name,
                "score": s.score,
                "outcome": s.outcome,
                "sandboxed": s.sandboxed,
                "graded": s.graded.isoformat(timespec="seconds") if s.graded else None,
                "questions": s.questions,
            }
            for s in report.standings
        ],
    }


def _wrapped(text: str, indent: int) -> str:
    return textwrap.fill(
        text, WIDTH, initial_indent="  ", subsequent_indent=" " * indent, break_on_hyphens=False, break_long_words=False
    )


def _looks(report: ClassReport) -> list[str]:
    looks = []
    if report.unsandboxed:
        looks.append(f"{count(len(report.unsandboxed), 'grade')} obtained without a sandbox")
    kinds = Counter(n.kind for n in report.notices)
    for kind in sorted(kinds, key=lambda k: list(KINDS).index(k) if k in KINDS else len(KINDS)):
        students = list(dict.fromkeys(n.student for n in report.notices if n.kind == kind))
        shown = students if len(students) <= SHOWN else [*students[:SHOWN], f"{len(students) - SHOWN:,} more"]
        looks.append(f"{KINDS.get(kind, kind)}: {listed(shown)}")
    for group in report.groups[:SHOWN]:
        looks.append(
            f"Look at these together: {listed(list(group.students))} ({percent(group.pairs[0].similarity)} alike)"
        )
    if len(report.groups) > SHOWN:
        looks.append(f"{count(len(report.groups) - SHOWN, 'more group')} of submissions that look alike")
    return looks
