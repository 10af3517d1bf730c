"""Everybody in these tests, and the class that all of them are in."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import exhaustion
import forging
import honest_answers_written
import honest_habits
import honest_notebooks
import shortcuts
import strange_answers
import tampered
import theft
from attacks import NAME
from stage import STEADY, Stage, submit_to
from submissions import SELF_ATTENTION, run_course

from classroom.grading.course_dir import init_course

FAMILIES = {
    "forging": forging,
    "tampering": tampered,
    "theft": theft,
    "exhaustion": exhaustion,
    "answers": strange_answers,
    "shortcuts": shortcuts,
}
ATTACKS = {f"{family}: {a.name}": a for family, module in FAMILIES.items() for a in module.ATTACKS}
HOSTILE = {f"hostile-{number:03}": attack for number, attack in enumerate(ATTACKS.values())}
HONEST = {
    f"honest-{number:03}": submission
    for number, submission in enumerate(
        submission
        for module in (honest_answers_written, honest_notebooks, honest_habits)
        for submission in module.SUBMISSIONS
    )
}
LIMITS = {
    "--cell-seconds": STEADY.cell_seconds,
    "--call-seconds": STEADY.call_seconds,
    "--total-seconds": STEADY.total_seconds,
    "--memory": 0.75,
}


@dataclass
class Graded:
    """The course after the run, and what the command wrote about each student."""

    root: Path
    reports: Mapping[str, Mapping[str, Any]]


def grade_everyone(stage: Stage, root: Path) -> Graded:
    """One class of everybody, honest and hostile in turns, graded by the real command on two cores."""
    init_course(root, [SELF_ATTENTION])
    for student, submission in (HONEST | HOSTILE).items():
        submit_to(root, f"{submission_order(student)}-{student}", submission, stage.places)
    before, grades = stage.canaries(), root / "grades.json"
    options = [str(word) for pair in LIMITS.items() for word in pair]
    done = run_course("grade", NAME, "--course", root, "--jobs", 2, *options, "--json", grades, timeout=900)
    assert "Traceback" not in done.stderr, done.stderr
    assert stage.canaries() == before
    reports = {report["student"].partition("-")[2]: report for report in json.loads(grades.read_text())}
    return Graded(root, reports)


def submission_order(student: str) -> str:
    """What a student's name begins with, so that neighbours in the class are of both kinds."""
    return student[-3:]
