"""Which code of an assignment is whose: the students', the release's, and what is known as an answer."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from classroom.class_report.code_files import code_files
from classroom.class_report.code_units import bound_names, functions_anywhere, units
from classroom.class_report.similarity import Group, look_alikes, shingles
from classroom.grading.course_dir import Course


def alike(
    course: Course,
    assignment: str,
    students: Iterable[str],
    solutions: Path | None = None,
    against: Sequence[Course] = (),
) -> list[Group]:
    """Groups of these students whose submissions are worth looking at together.

    With `against`, courses of other years or sections, also with the submissions there: their students are called
    "amy in transformer-2025". Pairs of two of theirs are left out.

    What the release contains and the instructor's notebooks answer is expected of everybody; with `solutions`, the
    directory where the assignments are written, so are the alternatives and the known mistakes of every question.
    """
    released = _cells(course.root / "release" / assignment)
    public, given = bound_names(released), {cell.strip() for cell in released}
    submitted = {
        student: units(_cells(course.root / "submitted" / student / assignment), public, given) for student in students
    }
    known = units(released, public) + units(_cells(course.root / "source" / assignment), public)
    if solutions is not None:
        for path in sorted((solutions / assignment).rglob("*.py")):
            known += functions_anywhere(path.read_text(encoding="utf-8"))
    theirs = {}
    for other in against:
        known += units(_cells(other.root / "release" / assignment), public)
        known += units(_cells(other.root / "source" / assignment), public)
        for directory in sorted(other.root.glob(f"submitted/*/{assignment}")):
            theirs[f"{directory.parent.name} in {other.root.name}"] = units(_cells(directory), public, given)
    expected = set(shingles(known)) | set(shingles([unit.essential for unit in known]))
    groups = look_alikes(submitted, expected)
    if theirs:
        groups += _across(look_alikes(submitted | theirs, expected), set(submitted))
    return groups


def _across(groups: Iterable[Group], ours: set[str]) -> list[Group]:
    """Of these groups the pairs of one of ours and one of theirs."""
    pairs = [pair for group in groups for pair in group.pairs if (pair.one in ours) != (pair.other in ours)]
    return [Group((pair.one, pair.other), (pair,)) for pair in pairs]


def without_team_mates(groups: Iterable[Group], teams: Mapping[str, str]) -> list[Group]:
    """The groups without pairs of one team (`teams`: by student), who hand in the same work because they should."""
    kept = []
    for group in groups:
        pairs = tuple(p for p in group.pairs if not teams.get(p.one) or teams.get(p.one) != teams.get(p.other))
        if pairs:
            students = {student for pair in pairs for student in (pair.one, pair.other)}
            kept.append(Group(tuple(s for s in group.students if s in students), pairs))
    return kept


def not_compared(course: Course, assignment: str, students: Iterable[str]) -> dict[str, list[str]]:
    """By student, what of the submission is too large or too damaged to be compared with the others."""
    found = {s: code_files(course.root / "submitted" / s / assignment).left_out for s in students}
    return {student: sentences for student, sentences in found.items() if sentences}


def _cells(directory: Path) -> list[str]:
    return code_files(directory).cells
