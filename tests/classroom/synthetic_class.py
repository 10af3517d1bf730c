"""A graded class made of data alone: records and gradebook rows as a grading run leaves them, no code was run."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from classroom.class_report.build import ClassReport, ReturnedFeedback, assemble
from classroom.class_report.finals import Final, Finals, Person
from classroom.class_report.similarity import Group
from classroom.class_report.standing import Standing
from classroom.grading.course_dir import Course
from classroom.questions.results import NOT_WRITTEN

ASSIGNMENT, NOTEBOOK = "02-attention", "attention"
POINTS = {"scores": 3.0, "softmax": 2.0, "mask": 2.5, "layer": 4.0}
WRONG = {
    "scores": "The products are right, but not scaled: divide by `√d_k`.",
    "softmax": "Your weights sum to 1 over the *query* axis; softmax belongs on the key axis.",
    "mask": "`True` means may attend; yours hides what it should show.",
    "layer": "Your projections have a bias.",
}
GRADED = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def question(name: str, share: float = 1.0, diagnosis: str | None = None) -> dict[str, Any]:
    """One question's result as a record holds it: of two criteria the second passes where half is earned."""
    worth = POINTS[name]
    passed = (share >= 1, share > 0)
    criteria = [
        {"name": c, "passed": p, "message": "" if p else "no", "score": worth / 2 * p, "max_score": worth / 2}
        for c, p in zip(("values", "shape and dtype"), passed, strict=True)
    ]
    score = sum(c["score"] for c in criteria)
    return {
        "id": name,
        "title": f"Question about `{name}`",
        "score": score,
        "max_score": worth,
        "criteria": criteria,
        "diagnosis": diagnosis,
    }


def report(
    student: str,
    questions: Sequence[dict[str, Any]] | None = None,
    outcome: str = "graded",
    reason: str | None = None,
    flags: Sequence[str] = (),
    sandboxed: bool = True,
) -> dict[str, Any]:
    """A notebook's report as a record holds it."""
    questions = [question(name) for name in POINTS] if questions is None else list(questions)
    return {
        "student": student,
        "assignment": ASSIGNMENT,
        "notebook": NOTEBOOK,
        "score": sum(q["score"] for q in questions),
        "max_score": sum(POINTS.values()),
        "outcome": outcome,
        "reason": reason,
        "seconds": 0.2,
        "sandboxed": sandboxed,
        "flags": list(flags),
        "questions": questions,
    }


def standing(
    person: str | Person, made: dict[str, Any] | None = None, final: Final | str | None = "as judged", **other: Any
) -> Standing:
    """A student whose gradebook row says what the run said, unless told otherwise."""
    person = person if isinstance(person, Person) else Person(person)
    made = report(person.id) if made is None else made
    if final == "as judged":
        earned = {q["id"]: q["score"] for q in made["questions"]}
        final = Final(sum(earned.values()), 0.0, earned, formgrader={NOTEBOOK: f"id-of-{person.id}"})
    given = {"reports": (made,), "final": final, "graded": GRADED, "submitted": True, "changed": False} | other
    return Standing(person=person, **given)


def finals(standings: Sequence[Standing]) -> Finals:
    """The gradebook that these students come from."""
    grades = {s.person.id: s.final for s in standings if s.final}
    return Finals({s.person.id: s.person for s in standings}, grades, dict(POINTS), (NOTEBOOK,))


def class_report(root: Path, standings: Sequence[Standing], groups: Sequence[Group] = ()) -> ClassReport:
    """Their report; `root` stands for the course's directory."""
    feedback = ReturnedFeedback(graded=len(standings), made=len(standings) // 2, outdated=1)
    return assemble(Course(root), ASSIGNMENT, finals(standings), standings, groups, feedback)


def many(count: int, seed: int = 1) -> list[Standing]:
    """A class of all sorts, with names."""
    rng = random.Random(seed)
    made = []
    for number in range(count):
        person = Person(
            f"s{number:05}", rng.choice(("Ada", "Bo", "Chloé", "丹")), f"Example{number}", f"s{number}@example.org"
        )
        ability = rng.random()
        asked = []
        for name, wrong in WRONG.items():
            luck = rng.random()
            if luck < ability:
                asked.append(question(name))
            elif luck < ability + 0.1:
                asked.append(question(name, 0, NOT_WRITTEN))
            else:
                asked.append(question(name, rng.choice((0, 0.5)), wrong))
        kind = rng.random()
        if kind < 0.03:
            lost = [question(name, 0, "It is gone.") for name in POINTS]
            made.append(standing(person, report(person.id, lost, "missing", "It is gone."), None, submitted=False))
        elif kind < 0.06:
            made.append(standing(person, report(person.id, asked, "timeout", "`mask` ran longer than 4 s.")))
        else:
            flags = ["The check cell 'mask' was edited."] if rng.random() < 0.03 else []
            made.append(
                standing(person, report(person.id, asked, flags=flags), graded=GRADED + timedelta(minutes=number))
            )
    return made
