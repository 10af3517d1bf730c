"""The one writer against stock nbgrader, which opens the gradebook for every step: the same rows, the same files."""

import shutil
import sqlite3
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import nbformat
import pytest
from gradebook_rows import files_of, rows_of
from nbgrader.converters import Autograde
from nbgrader.preprocessors import Execute, NbGraderPreprocessor
from submissions import ROWS, answered, released, solutions, submit

from classroom.errors import ClassroomError
from classroom.grading import records
from classroom.grading.course_dir import open_course
from classroom.grading.judge import judge, not_judged
from classroom.grading.run import prepare
from classroom.grading.writer import Writer
from classroom.processes.limits import Limits
from classroom.submissions.submitted import read_submitted

# nbgrader creates a submission and its notebooks in an order that SQLAlchemy remarks on.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
LATE = """
from nbgrader.plugins import LateSubmissionPlugin

class Half(LateSubmissionPlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return 0.5 * score if total_seconds_late > 3600 else None

c.AssignLatePenalties.plugin_class = Half
"""


class Verdicts(NbGraderPreprocessor):
    """Writes prepared outputs into the cells."""

    cells = None

    def preprocess(self, nb, resources):
        for cell, judged in zip(nb.cells, self.cells, strict=True):
            if cell.cell_type == "code":
                cell.outputs = judged.outputs
                cell.execution_count = judged.execution_count
        return nb, resources


def write_by_stock(course, report):
    """Stock `Autograde`, untouched but for `Execute`, on a submission that holds the judged cells."""
    submitted = course.root / "submitted" / report.student / report.assignment / f"{report.notebook_name}.ipynb"
    kept = submitted.read_bytes()
    nbformat.write(report.notebook, submitted)
    directory = course.directory(assignment_id=report.assignment, student_id=report.student)
    converter = Autograde(coursedir=directory, config=course.config)
    converter.force = True
    steps = converter.autograde_preprocessors
    converter.autograde_preprocessors = [Verdicts if step is Execute else step for step in steps]
    Verdicts.cells = report.notebook.cells
    converter.start()
    submitted.write_bytes(kept)


@pytest.fixture(scope="module")
def fresh(make_course, tmp_path_factory):
    """A course with a due date and a late penalty, and four submissions."""
    root = make_course(tmp_path_factory.mktemp("instructor") / "course")
    with (root / "nbgrader_config.py").open("a") as config:
        config.write(LATE)
    with open_course(root).gradebook() as gradebook:
        gradebook.update_or_create_assignment("01-rows", duedate=datetime(2026, 3, 1))
    right = solutions(ROWS, "rows")
    whole = released(ROWS, "rows")
    submit(root, "amy", ROWS, "rows", answered(whole, right))
    submit(root, "bob", ROWS, "rows", answered(whole, {"row-means": right["row-means"]}))
    late = submit(root, "cat", ROWS, "rows", answered(whole, right)).parent
    (late / "timestamp.txt").write_text("2026-03-02 10:00:00 UTC")
    (late / "data").mkdir()
    (late / "data" / "notes.txt").write_text("mine")
    submit(root, "dan", ROWS, "rows", whole)
    return root


@pytest.fixture
def courses(fresh, tmp_path):
    """Two copies: for stock nbgrader, and for ours."""
    return [open_course(Path(shutil.copytree(fresh, tmp_path / name))) for name in ("stock", "ours")]


def judged(course, launcher, student):
    run = prepare(course, ROWS, 3, Limits(cell_seconds=5))
    (report,) = judge(run.task, launcher, read_submitted(course.root, "01-rows", student, ["rows"]))
    return run, report


def test_the_gradebook_and_the_files_are_those_of_stock_nbgrader(courses, launcher):
    stock, ours = courses
    for student in ("amy", "bob", "cat", "dan"):
        run, report = judged(ours, launcher, student)
        write_by_stock(stock, report)
        with Writer(run) as writer:
            writer.write(student, "digest", [report])
    assert rows_of(ours.root) == rows_of(stock.root)
    assert files_of(ours.root) == files_of(stock.root)
    penalties = {row[0]: row[-1] for row in rows_of(ours.root)["grades"]}
    assert penalties == {"amy": None, "bob": None, "cat": 2.5, "dan": None}
    assert {row[:1] + row[3:4] for row in rows_of(ours.root)["comments"]} >= {("dan", "No response."), ("amy", None)}


def test_grading_again_is_stock_nbgrader_s_too(courses, launcher):
    """A new version handed in late, over grades and comments that a person has given."""
    stock, ours = courses
    for course, write in ((stock, write_by_stock), (ours, write_by_ours)):
        for first in (True, False):
            if not first:
                with course.gradebook() as gradebook:
                    gradebook.find_grade("row-means", "rows", "01-rows", "amy").manual_score = 1.5
                    gradebook.find_grade("normalise-rows", "rows", "01-rows", "amy").extra_credit = 0.5
                    comment = gradebook.find_comment("row-means-answer", "rows", "01-rows", "amy")
                    comment.manual_comment = "well done"
                    gradebook.db.commit()
                again = submit(course.root, "amy", ROWS, "rows", released(ROWS, "rows"))
                (again.parent / "timestamp.txt").write_text("2026-03-05 10:00:00 UTC")
            _, report = judged(ours, launcher, "amy") if first else judged(course, launcher, "amy")
            write(course, report)
    assert rows_of(ours.root) == rows_of(stock.root)
    assert files_of(ours.root) == files_of(stock.root)
    by_cell = {row[2]: row[3:] for row in rows_of(ours.root)["grades"]}
    assert by_cell["row-means"] == (0, 1.5, None, 1, 1.0)
    assert by_cell["normalise-rows"][2] == 0.5


def write_by_ours(course, report):
    run = prepare(course, ROWS, 3, Limits(cell_seconds=5))
    with Writer(run) as writer:
        writer.write(report.student, "digest", [report])


def test_a_student_is_written_whole_or_not_at_all(courses, launcher, monkeypatch):
    _, ours = courses
    run, report = judged(ours, launcher, "amy")
    before = rows_of(ours.root)
    with Writer(run) as writer, monkeypatch.context() as patched:
        patched.setattr("nbgrader.preprocessors.latesubmissions.AssignLatePenalties.preprocess", broken)
        (data,) = writer.write("amy", "digest", [report])
        assert data["outcome"] == "failed"
        assert "nbgrader could not store the grade" in data["reason"]
        assert rows_of(ours.root) == before
        assert files_of(ours.root) == {}
        patched.undo()
        assert writer.write("amy", "digest", [report])[0]["outcome"] == "graded"
    assert len(rows_of(ours.root)["grades"]) == 2


def broken(*_):
    raise OSError("out of order")


def test_a_failure_of_the_grader_leaves_the_grade_as_it_was(courses, launcher):
    _, ours = courses
    run, report = judged(ours, launcher, "amy")
    with Writer(run) as writer:
        writer.write("amy", "digest", [report])
        before, stored = rows_of(ours.root), files_of(ours.root)
        failed = not_judged(run.task, False, read_submitted(ours.root, "01-rows", "amy", ["rows"]), "A bug of ours.")
        (data,) = writer.write("amy", "digest", failed)
    assert (data["outcome"], data["score"]) == ("failed", 0)
    assert (rows_of(ours.root), files_of(ours.root)) == (before, stored)
    assert records.reports(ours.root, "01-rows", "amy", "digest") == {}  # the next run tries again


def test_a_locked_gradebook_stops_the_run_before_anything_changes(courses, launcher):
    _, ours = courses
    run, report = judged(ours, launcher, "amy")
    with Writer(run) as writer:
        writer.write("amy", "digest", [report])
        before, stored = rows_of(ours.root), files_of(ours.root)
        other = sqlite3.connect(ours.root / "gradebook.db")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(
            ClassroomError, match=r"gradebook.db is locked by another program .* what was graded is kept"
        ):
            writer.write("amy", "digest", [replace(report, flags=("new",))])
        other.close()
        assert (rows_of(ours.root), files_of(ours.root)) == (before, stored)
        assert writer.write("amy", "digest", [report])[0]["outcome"] == "graded"


def test_a_course_s_own_step_may_open_the_gradebook_itself(courses, launcher):
    _, ours = courses
    with (ours.root / "nbgrader_config.py").open("a") as config:
        config.write(
            "import sys; sys.path.insert(0, str(Path(__file__).parent))\nimport own_step\n"
            "from nbgrader.preprocessors import *\n"
            "c.Autograde.autograde_preprocessors = [Execute, SaveAutoGrades, own_step.Bonus, AssignLatePenalties]\n"
        )
    (ours.root / "own_step.py").write_text(
        "from nbgrader.api import Gradebook\nfrom nbgrader.preprocessors import NbGraderPreprocessor\n"
        "class Bonus(NbGraderPreprocessor):\n"
        "    def preprocess(self, nb, resources):\n"
        "        about = resources['nbgrader']\n"
        "        with Gradebook(about['db_url']) as gradebook:\n"
        "            found = ('row-means', 'rows', about['assignment'], about['student'])\n"
        "            gradebook.find_grade(*found).extra_credit = 1\n"
        "            gradebook.db.commit()\n"
        "        return nb, resources\n"
    )
    run, report = judged(ours, launcher, "amy")
    with Writer(run) as writer:
        assert writer.write("amy", "digest", [report])[0]["outcome"] == "graded"
    assert {row[2]: row[3:6] for row in rows_of(ours.root)["grades"]} == {
        "normalise-rows": (3, None, None),
        "row-means": (2, None, 1),
    }
