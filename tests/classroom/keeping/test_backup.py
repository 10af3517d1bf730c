"""Copies of the gradebook before changes, going back to one, and the log of what changed whose score."""

import json
import os
import shutil
import sqlite3
import stat
from datetime import UTC, datetime

import pytest

from classroom.errors import ClassroomError
from classroom.grading.course_dir import open_course
from classroom.keeping import audit, backup
from classroom.keeping.backup import back_up, backups, pick
from course.cli import main

# nbgrader makes a submission in an order that SQLAlchemy remarks on, harmlessly.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")


@pytest.fixture(scope="module")
def fresh(make_course, tmp_path_factory):
    return make_course(tmp_path_factory.mktemp("instructor") / "course")


@pytest.fixture
def course(fresh, tmp_path):
    return open_course(shutil.copytree(fresh, tmp_path / "course"))


def give(course, student, points, by_hand=False, question="row-means-check", penalty=None):
    """Writes a score as nbgrader would."""
    with course.gradebook() as gradebook:
        gradebook.update_or_create_student(student)
        gradebook.update_or_create_submission("01-rows", student)
        grade = gradebook.find_grade(question, "rows", "01-rows", student)
        setattr(grade, "manual_score" if by_hand else "auto_score", points)
        gradebook.find_submission_notebook("rows", "01-rows", student).late_submission_penalty = penalty
        gradebook.db.commit()


@pytest.fixture(scope="module")
def question(fresh):
    with open_course(fresh).gradebook() as gradebook:
        return sorted(c.name for c in gradebook.find_notebook("rows", "01-rows").grade_cells)[0]


def score(course, student, question):
    with sqlite3.connect(course.root / "gradebook.db") as db:
        found = db.execute(
            "SELECT grade.auto_score FROM grade JOIN base_cell ON base_cell.id = grade.cell_id "
            "JOIN submitted_notebook ON submitted_notebook.id = grade.notebook_id JOIN submitted_assignment ON "
            "submitted_assignment.id = submitted_notebook.assignment_id WHERE student_id = ? AND base_cell.name = ?",
            (student, question),
        ).fetchone()
    return found[0] if found else None


def test_every_change_is_copied_before_and_logged_after(course, question):
    with audit.changing(course, "grade 01-rows", "first run"):
        give(course, "ada", 2.0, question=question)
    (copy,) = backups(course)
    assert copy.before == "grade 01 rows"
    assert stat.S_IMODE(copy.path.stat().st_mode) == 0o600
    with sqlite3.connect(copy.path) as db:
        assert db.execute("SELECT count(*) FROM student").fetchone() == (0,)
    with audit.changing(course, "extend"):
        give(course, "ada", 2.0, question=question, penalty=0.5)
    found = [(li["action"], li["why"], li["question"], li["old"], li["new"]) for li in audit.read_log(course)]
    assert ("grade 01-rows", "first run", question, None, 2.0) in found
    assert found[-1] == ("extend", "", "late penalty", None, -0.5)
    assert stat.S_IMODE((course.root / audit.LOG).stat().st_mode) == 0o600


def test_what_others_changed_in_between_is_logged_as_theirs(course, question):
    with audit.changing(course, "grade 01-rows"):
        give(course, "ada", 2.0, question=question)
    give(course, "ada", 1.5, by_hand=True, question=question)
    with audit.changing(course, "grade 01-rows"):
        pass
    last = audit.read_log(course)[-1]
    assert (last["action"], last["old"], last["new"], last["by_hand"]) == (audit.ELSEWHERE, 2.0, 1.5, True)
    assert last["who"] == ""  # nobody knows


def test_a_change_that_fails_is_logged_as_far_as_it_went(course, question):
    def change():
        with audit.changing(course, "grade 01-rows"):
            give(course, "ada", 2.0, question=question)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        change()
    assert audit.read_log(course)[-1]["student"] == "ada"


def test_going_back_and_forth(course, question, capsys):
    give(course, "ada", 1.0, question=question)
    with audit.changing(course, "grade 01-rows"):
        give(course, "ada", 2.0, question=question)
    records = course.root / "results" / "01-rows" / "students"
    records.mkdir(parents=True)
    (records / "ada.json").write_text("{}")
    (records / "old.json").write_text("{}")
    os.utime(records / "old.json", (1e9, 1e9))
    future = datetime.now(UTC).timestamp() + 5
    os.utime(records / "ada.json", (future, future))
    (first,) = backups(course)
    assert main(["restore", first.path.name, "--course", str(course.root)]) == 1
    assert "1 records were newer and are set aside" in capsys.readouterr().out
    assert score(course, "ada", question) == 1.0
    assert [p.name for p in records.iterdir()] == ["old.json"]
    assert audit.read_log(course)[-1]["action"].startswith("restore ")
    latest = backups(course)[-1]
    assert latest.before == "restore"
    assert main(["restore", latest.path.name, "--course", str(course.root)]) == 0
    assert score(course, "ada", question) == 2.0
    assert main(["restore", "--course", str(course.root)]) == 0
    assert "before: grade 01 rows" in capsys.readouterr().out
    assert main(["restore", "--log", "--course", str(course.root), "--student", "ada", "--json"]) == 0
    assert {li["student"] for li in json.loads(capsys.readouterr().out)} == {"ada"}


def test_a_damaged_copy_changes_nothing(course, question, capsys):
    with audit.changing(course, "grade 01-rows"):
        give(course, "ada", 2.0, question=question)
    (copy,) = backups(course)
    copy.path.write_bytes(b"not a database" * 100)
    assert main(["restore", copy.path.name, "--course", str(course.root)]) == 2
    assert "is damaged" in capsys.readouterr().err
    assert score(course, "ada", question) == 2.0


def test_bad_times_get_a_sentence(course):
    with pytest.raises(ClassroomError, match="has no backups yet"):
        pick(course, None)
    back_up(course, "a")
    with pytest.raises(ClassroomError, match="no backup begins with '1999'; the newest are: 20"):
        pick(course, "1999")


def test_old_copies_go_but_one_of_each_day_stays(course, monkeypatch):
    monkeypatch.setattr(backup, "KEPT", 3)
    directory = course.root / "backups"
    directory.mkdir()
    for day in (1, 1, 2, 2, 2):
        for hour in range(3):
            name = f"gradebook-202601{day:02}T{hour:02}0000Z-x.db"
            shutil.copyfile(course.root / "gradebook.db", directory / name)
    oldest = pick(course, "gradebook-20260101T000000Z-x.db")
    assert main(["restore", oldest.path.name, "--course", str(course.root)]) == 0  # it is not thinned out before
    for copy in backups(course)[-2:]:
        copy.path.unlink()
    back_up(course, "now")
    kept = [b.name for b in backups(course)]
    assert kept[:-1] == ["2026-01-01T02:00:00", "2026-01-02T01:00:00", "2026-01-02T02:00:00"]
    assert len(kept) == 4
