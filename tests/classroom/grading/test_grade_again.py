"""Grading a course several times: what is done again, what is kept, and what goes wrong."""

import json
import signal
import sqlite3
import subprocess
import sys
import time

import pytest
from executors import InThreads
from gradebook_rows import question_scores
from submissions import ROWS, answered, released, solutions, submit

from classroom.errors import ClassroomError
from classroom.grading.course_dir import open_course
from classroom.grading.grade import grade
from classroom.grading.run import prepare
from classroom.processes.limits import Limits
from course.cli import main


@pytest.fixture
def rows(make_course, tmp_path):
    """A small course for what needs several runs."""
    return make_course(tmp_path / "rows")


def grade_rows(root, launcher, students=None, seed=None, force=False):
    course = open_course(root)
    run = prepare(course, ROWS, seed, Limits(cell_seconds=5))
    reports = grade(run, students or course.students("01-rows"), InThreads(launcher), force=force)
    return {report["student"]: report for report in reports}


def stored_at(root, student):
    return (root / "autograded" / student / "01-rows" / "rows.ipynb").stat().st_mtime_ns


def test_a_second_run_grades_only_what_is_new_or_changed(rows, launcher):
    right = solutions(ROWS, "rows")
    for student in ("amy", "bob"):
        submit(rows, student, ROWS, "rows", answered(released(ROWS, "rows"), right))
    (rows / "submitted" / "cat" / "01-rows").mkdir(parents=True)
    submit(rows, "dan", ROWS, "wrong-name", released(ROWS, "rows"))
    first = grade_rows(rows, launcher)
    assert {student: (report["score"], report["outcome"]) for student, report in first.items()} == {
        "amy": (5, "graded"),
        "bob": (5, "graded"),
        "cat": (0, "missing"),
        "dan": (0, "missing"),
    }
    assert "has no rows.ipynb, but wrong-name.ipynb: was it renamed?" in first["dan"]["reason"]
    assert question_scores(rows, "dan") == {"normalise-rows": 0, "row-means": 0}
    amy, seed = stored_at(rows, "amy"), seed_of(rows)

    submit(rows, "bob", ROWS, "rows", answered(released(ROWS, "rows"), {"row-means": right["row-means"]}))
    second = grade_rows(rows, launcher)
    assert second["amy"] == first["amy"]  # with the seconds of the first run
    assert (stored_at(rows, "amy"), seed_of(rows)) == (amy, seed)
    assert second["bob"]["score"] == 2
    assert question_scores(rows, "bob") == {"normalise-rows": 0, "row-means": 2}

    assert list(grade_rows(rows, launcher, ["amy"], seed=seed + 1)) == ["amy"]
    assert stored_at(rows, "amy") > amy
    amy = stored_at(rows, "amy")
    grade_rows(rows, launcher, ["amy"], force=True)
    assert stored_at(rows, "amy") > amy


def seed_of(root):
    return json.loads((root / "results" / "01-rows" / "seed.json").read_text())["seed"]


def test_a_grade_given_by_hand_survives_grading_again(rows, launcher):
    submit(rows, "amy", ROWS, "rows", released(ROWS, "rows"))
    grade_rows(rows, launcher)
    with open_course(rows).gradebook() as gradebook:
        gradebook.find_grade("row-means", "rows", "01-rows", "amy").manual_score = 1.5
        gradebook.db.commit()
    grade_rows(rows, launcher, force=True)
    with open_course(rows).gradebook() as gradebook:
        assert gradebook.find_submission("01-rows", "amy").score == 1.5


def test_files_beside_the_notebook_are_there_and_official_ones_win(rows, launcher):
    notebook = answered(released(ROWS, "rows"), {"row-means": "from helper import row_means"})
    path = submit(rows, "amy", ROWS, "rows", notebook)
    (path.parent / "helper.py").write_text("def row_means(x):\n    return x.mean(-1)\n")
    (path.parent / "rows.npz").write_text("forged")
    (path.parent / "secret.txt").symlink_to("/etc/hostname")
    report = grade_rows(rows, launcher)["amy"]
    assert report["questions"][1]["score"] == 2
    assert report["flags"] == ["secret.txt is a link and was left out."]


def test_a_grader_that_fails_says_so_and_tries_again(rows, launcher, monkeypatch):
    submit(rows, "amy", ROWS, "rows", answered(released(ROWS, "rows"), solutions(ROWS, "rows")))
    submit(rows, "bob", ROWS, "rows", released(ROWS, "rows"))

    def broken(*_):
        raise RuntimeError("a bug of ours")

    with monkeypatch.context() as patched:
        patched.setattr("classroom.grading.judge.mark", broken)
        first = grade_rows(rows, launcher)
    assert {report["outcome"] for report in first.values()} == {"failed"}
    assert "The grader failed (RuntimeError: a bug of ours)" in first["amy"]["reason"]
    assert grade_rows(rows, launcher)["amy"]["score"] == 5


def test_a_stopped_run_keeps_what_is_written_and_goes_on(rows, launcher):
    right = answered(released(ROWS, "rows"), solutions(ROWS, "rows"))
    submit(rows, "amy", ROWS, "rows", right)
    submit(rows, "bob", ROWS, "rows", answered(right, {"row-means": "import time; time.sleep(25)"}))
    command = [sys.executable, "-m", "course.cli", "grade", "rows", "--course", rows, "--jobs", "1", "--seed", "1"]
    command += ["--solutions", ROWS.directory.parent]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    record = rows / "results" / "01-rows" / "students" / "amy.json"
    deadline = time.monotonic() + 120
    while not record.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    stopped = time.monotonic()
    _, said = running.communicate(timeout=60)
    assert running.returncode == 1, said
    assert "stopped by Ctrl-C; what was finished is kept." in said
    assert time.monotonic() - stopped < 15  # bob's 25 seconds are not waited for
    before = record.stat().st_mtime_ns
    submit(rows, "bob", ROWS, "rows", right)
    assert {student: report["score"] for student, report in grade_rows(rows, launcher).items()} == {"amy": 5, "bob": 5}
    assert record.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nothing"], "there is no assignment in this course 'nothing'; there are: 01-rows"),
        (["rows", "--student", "nobody"], "there is no student 'nobody' in submitted/ or in the gradebook"),
        (["rows"], "nobody has submitted 01-rows: put notebooks into"),
    ],
)
def test_wrong_usage_gets_a_sentence(rows, capsys, arguments, sentence):
    solutions_of_rows = str(ROWS.directory.parent)
    assert main(["grade", *arguments, "--course", str(rows), "--solutions", solutions_of_rows]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert sentence in said.err


def test_a_course_of_other_questions_gets_a_sentence(rows):
    with sqlite3.connect(rows / "gradebook.db") as gradebook:
        gradebook.execute("UPDATE grade_cells SET max_score = 7")
    with pytest.raises(ClassroomError, match=r"check cell 'normalise-rows' has 7 points, and .* has 3 points: use the"):
        prepare(open_course(rows), ROWS, None, Limits())
