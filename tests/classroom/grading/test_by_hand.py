"""What a person gave in formgrader counts in the totals that `course grade` shows; nobody else can read a course."""

import os
import stat

import pytest
from submissions import ROWS

from classroom.grading.by_hand import totals_by_hand
from classroom.grading.course_dir import open_course
from classroom.grading.outcome import summary
from course.cli import main

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")


def test_totals_count_what_was_given_by_hand(make_course, tmp_path):
    course = open_course(make_course(tmp_path / "course"))
    with course.gradebook() as gradebook:
        for student in ("amy", "bo", "cy"):
            gradebook.add_student(student)
            grades = gradebook.add_submission("01-rows", student).notebooks[0].grades
            for grade in grades:
                grade.auto_score = 1.0
            if student == "amy":
                grades[0].manual_score = 2.0
            if student == "bo":
                grades[1].extra_credit = 0.5
        gradebook.db.commit()
    totals = totals_by_hand(course, "01-rows")
    assert totals == {("amy", "rows"): (3.0, 5.0), ("bo", "rows"): (2.5, 5.0)}
    report = {"notebook": "rows", "score": 2.0, "max_score": 5.0, "outcome": "graded", "flags": [], "reason": None}
    lines = summary([report | {"student": s} for s in ("amy", "bo", "cy")], totals).splitlines()
    assert [line.split()[2] for line in lines[2:5]] == ["3", "2.5", "2"]
    assert lines[-1] == "Points given by hand are counted in 2 notebooks."


def modes(root):
    return {str(p.relative_to(root)): stat.S_IMODE(p.stat().st_mode) & 0o077 for p in root.rglob("*")}


def test_nobody_else_reads_a_course(tmp_path):
    usual = os.umask(0o022)
    try:
        root = tmp_path / "course"
        assert main(["init", str(root), "--solutions", str(ROWS.directory.parent)]) == 0
        assert stat.S_IMODE(root.stat().st_mode) == 0o700
        assert stat.S_IMODE((root / "gradebook.db").stat().st_mode) == 0o600
        (tmp_path / "list.csv").write_text("id,name\namy,Amy Zed\n")
        assert main(["students", "import", str(tmp_path / "list.csv"), "--course", str(root)]) == 0
        for name in ("gradebook.db", "audit.jsonl", ".audit-scores.json", "students.json", "backups"):
            if (root / name).exists():
                assert not modes(root)[name], name
        assert os.umask(0o022) == 0o022  # as it was
    finally:
        os.umask(usual)
