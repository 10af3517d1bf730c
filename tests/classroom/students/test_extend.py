"""Extensions, excuses and late days: before grading, after it, and in nbgrader's own export."""

import csv
import json
import shutil
from datetime import datetime

import pytest
from executors import InThreads
from servers import nbgrader
from submissions import ROWS, answered, released, solutions, submit

from classroom.grading.course_dir import CONFIG, open_course
from classroom.grading.grade import grade
from classroom.grading.run import prepare
from classroom.keeping import audit
from classroom.late import LateDays
from classroom.processes.limits import Limits
from classroom.students.penalties import over_the_term, settle
from course.cli import main

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
DUE = datetime(2026, 11, 10, 22, 59)  # UTC: a minute before midnight in Berlin
RIGHT = answered(released(ROWS, "rows"), solutions(ROWS, "rows"))  # 5 points
STAMPS = {"ada": "2026-11-10 20:00:00", "bo": "2026-11-12 12:00:00", "cy": "2026-11-20 12:00:00"}
POLICY = """
from classroom.late import LatePenalty
c.AssignLatePenalties.plugin_class = LatePenalty
c.LatePenalty.percent_per_day = 10
"""


@pytest.fixture(scope="module")
def fresh(make_course, tmp_path_factory):
    """Three have handed in: in time, on the second day after the due date, and on the tenth."""
    root = make_course(tmp_path_factory.mktemp("instructor") / "course")
    with (root / CONFIG).open("a") as config:
        config.write(POLICY)
    with open_course(root).gradebook() as gradebook:
        gradebook.update_or_create_assignment("01-rows", duedate=DUE)
    for student, stamp in STAMPS.items():
        path = submit(root, student, ROWS, "rows", RIGHT)
        path.with_name("timestamp.txt").write_text(stamp)
    (root / "results").mkdir()
    (root / "results" / "timezone.json").write_text('{"timezone": "Europe/Berlin"}')
    return root


@pytest.fixture(scope="module")
def graded(fresh, launcher, tmp_path_factory):
    root = shutil.copytree(fresh, tmp_path_factory.mktemp("graded") / "course")
    run_grade(root, launcher)
    return root


@pytest.fixture
def course(fresh, tmp_path):
    return open_course(shutil.copytree(fresh, tmp_path / "course"))


@pytest.fixture
def afterwards(graded, tmp_path):
    return open_course(shutil.copytree(graded, tmp_path / "course"))


def run_grade(root, launcher):
    course = open_course(root)
    grade(prepare(course, ROWS, 1, Limits()), sorted(STAMPS), InThreads(launcher))


def scores(course):
    """The scores less the penalties, as they are in the gradebook."""
    with course.gradebook() as gradebook:
        return {
            s.student.id: max(0.0, s.score - s.late_submission_penalty)
            for s in gradebook.assignment_submissions("01-rows")
        }


def exported(course):
    """As `nbgrader export` gives them."""
    assert nbgrader(course.root, "export", "--to", "grades.csv").returncode == 0
    with (course.root / "grades.csv").open(newline="") as file:
        return {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}


def extend(course, *arguments):
    return main(["extend", *arguments, "--course", str(course.root)])


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (("bo", "--until", "2026-11-12 13:00"), {"ada": 5.0, "bo": 5.0, "cy": 0.0}),
        (("bo", "cy", "--days", "1"), {"ada": 5.0, "bo": 4.5, "cy": 0.5}),
        (("cy", "--excused", "--reason", "ill"), {"ada": 5.0, "bo": 4.0, "cy": 5.0}),
    ],
)  # fmt: skip
def test_before_grading_and_after_it_the_same(course, afterwards_of, launcher, said, expected):
    assert extend(course, *said, "--assignment", "rows") == 0
    run_grade(course.root, launcher)
    assert scores(course) == expected
    after = afterwards_of()
    assert scores(after) == {"ada": 5.0, "bo": 4.0, "cy": 0.0}
    assert extend(after, *said, "--assignment", "rows") == 0
    assert scores(after) == expected
    if "--excused" in said:
        assert exported(after) == expected
    assert extend(after, *said[: 2 if said[1] == "cy" else 1], "--assignment", "rows", "--remove") == 0
    assert scores(after) == {"ada": 5.0, "bo": 4.0, "cy": 0.0}


@pytest.fixture
def afterwards_of(graded, tmp_path):
    return lambda: open_course(shutil.copytree(graded, tmp_path / "afterwards"))


def test_what_was_allowed_is_logged_and_listed(afterwards, capsys):
    assert extend(afterwards, "bo", "--assignment", "rows", "--until", "2026-11-12 13:00", "--reason", "ill") == 0
    said = capsys.readouterr().out
    assert "01-rows     bo       2026-11-12 13:00       ill" in said
    assert "Late penalties that are others now: 1." in said
    allowed, penalty = audit.read_log(afterwards)[-2:]
    assert (allowed["student"], allowed["what"], allowed["why"]) == ("bo", "until 2026-11-12 13:00", "ill")
    assert (penalty["student"], penalty["question"], penalty["old"], penalty["new"]) == (
        "bo",
        "late penalty",
        -1.0,
        None,
    )
    assert extend(afterwards, "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)["allowed"]
    assert (row["student"], row["until"]) == ("bo", "2026-11-12 12:00:00")


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (("nobody", "--assignment", "rows", "--days", "1"), "there is no student 'nobody' in this course"),
        (("bo", "--assignment", "rows", "--until", "2026-11-10 12:00"), "is not after the due date of 01-rows"),
        (("bo", "--assignment", "rows", "--until", "friday"), "'friday' is not a time"),
        (("bo", "--assignment", "rows"), "say what you allow"),
        (("bo", "--days", "1"), "say whom and for what"),
        (("--assignment", "rows", "--excused"), "say whom and for what"),
    ],
)  # fmt: skip
def test_wrong_usage_changes_nothing(course, capsys, said, sentence):
    before = {path: path.read_bytes() for path in course.root.rglob("*") if path.is_file() and path.name != ".grading"}
    assert extend(course, *said) == 2
    assert sentence in capsys.readouterr().err
    after = {path: path.read_bytes() for path in course.root.rglob("*") if path.is_file() and path.name != ".grading"}
    assert after == before


def test_a_version_without_a_time_does_not_keep_an_earlier_one_s(afterwards, launcher):
    (afterwards.root / "submitted" / "cy" / "01-rows" / "timestamp.txt").unlink()
    run_grade(afterwards.root, launcher)
    assert scores(afterwards)["cy"] == 5.0


@pytest.mark.parametrize(
    ("late", "free"),
    [
        ([0, 0], [0, 0]),
        ([1, 2, 3], [1, 2, 2]),
        ([9, 1], [3, 1]),
        ([3, 3, 3], [3, 2, 0]),
    ],
)
def test_late_days_are_used_up_in_the_order_of_due_dates(late, free):
    assert LateDays(days_in_a_term=5, days_in_one_assignment=3).free_days(late) == free


def test_late_days_over_a_term(afterwards, capsys):
    """Assignment 0 was due earlier, and is graded later: what it uses up, assignment 1 lacks."""
    assert not over_the_term(afterwards)
    with (afterwards.root / CONFIG).open("a") as config:
        config.write("from classroom.late import LateDays\nc.AssignLatePenalties.plugin_class = LateDays\n"
                     "c.LateDays.days_in_a_term = 3\n")  # fmt: skip
    assert over_the_term(afterwards)
    assert settle(afterwards) == 2
    assert scores(afterwards) == {"ada": 5.0, "bo": 5.0, "cy": 1.5}  # 10 days late, of which 3 are free
    with afterwards.gradebook() as gradebook:
        gradebook.add_assignment("00-warm-up", duedate=datetime(2026, 10, 1))
        gradebook.add_submission("00-warm-up", "bo", timestamp=datetime(2026, 10, 2, 12))
    assert settle(afterwards, ["bo"]) == 1
    with afterwards.gradebook() as gradebook:
        assert gradebook.find_submission("01-rows", "bo").late_submission_penalty == 0.5  # 2 + 2 days, of which 3 free
    assert extend(afterwards, "--again") == 0
    assert "Late days used: bo 3, cy 3" in capsys.readouterr().out
