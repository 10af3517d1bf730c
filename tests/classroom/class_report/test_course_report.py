"""The command on a course that was graded for real: records, gradebook, files, exit status."""

import csv
import json
import os
import random
import re
import shutil
from pathlib import Path

import pytest
from executors import InThreads
from honest_answers import honest, padded, renamed, unusual
from submissions import ROWS, answered, released, solutions, submit

from classroom.class_report.build import build
from classroom.class_report.submitted_code import alike
from classroom.grading import records
from classroom.grading.course_dir import open_course
from classroom.grading.grade import grade
from classroom.grading.run import prepare
from classroom.processes.limits import Limits
from course.cli import main

COLUMNS = "def normalise_rows(x):\n    return x / x.sum(0, keepdim=True)"
SEED = 918273645


@pytest.fixture(scope="module")
def fresh(make_course, tmp_path_factory):
    return make_course(tmp_path_factory.mktemp("instructor") / "course")


@pytest.fixture(scope="module")
def graded(fresh, launcher):
    """Amy is right, Bob and Cat took columns for rows, Dan's file is no notebook, Eve is on the roster only."""
    root = Path(shutil.copytree(fresh, fresh.with_name("graded")))
    right = solutions(ROWS, "rows")
    submit(root, "amy", ROWS, "rows", answered(released(ROWS, "rows"), right))
    for student in ("bob", "cat"):
        submit(root, student, ROWS, "rows", answered(released(ROWS, "rows"), right | {"normalise-rows": COLUMNS}))
    submit(root, "dan", ROWS, "rows", "{")
    with open_course(root).gradebook() as gradebook:
        gradebook.add_student("eve", first_name="Eve", last_name="Example", email="eve@example.org")
    course = open_course(root)
    grade(prepare(course, ROWS, SEED, Limits()), course.students("01-rows"), InThreads(launcher))
    with open_course(root).gradebook() as gradebook:
        gradebook.update_or_create_student("amy", first_name="Amy", last_name="Zed", lms_user_id="77")
        gradebook.find_grade("row-means", "rows", "01-rows", "cat").manual_score = 0.5
        gradebook.find_submission("01-rows", "bob").notebooks[0].late_submission_penalty = 1.25
        gradebook.db.commit()
    return root


def report(root, *arguments):
    return main(["report", "rows", "--course", str(root), "--solutions", str(ROWS.directory.parent), *arguments])


def test_it_reports_what_was_graded(graded, capsys):
    assert report(graded, "--json") == 1
    said = capsys.readouterr()
    data = json.loads(said.out)
    assert said.err == ""
    students = {s["student"]: s for s in data["students"]}
    bob = 5 - 3 * 2 / 3 if students["bob"]["questions"]["normalise-rows"] else 2  # value is worth 2 of its 3 points
    assert {s: found["score"] for s, found in students.items()} == pytest.approx(
        {"amy": 5, "bob": bob - 1.25, "cat": bob - 1.5, "dan": 0, "eve": 0}, abs=0.005
    )
    outcomes = {s: found["outcome"] for s, found in students.items()}
    assert outcomes == {"amy": "graded", "bob": "graded", "cat": "graded", "dan": "invalid", "eve": "missing"}
    assert {s: found["sandboxed"] for s, found in students.items() if found["sandboxed"] is not None} == {
        "amy": False,
        "bob": False,
        "cat": False,
    }
    (finding,) = data["findings"]
    assert finding["sentence"] == "Your columns sum to 1; the rows should."
    assert (finding["question"], finding["kind"], finding["students"]) == (
        "normalise-rows",
        "misconception",
        ["bob", "cat"],
    )
    assert data["judged"] == 3
    assert [(q["id"], q["title"], q["discrimination"]) for q in data["questions"]] == [
        ("normalise-rows", "Rows that sum to 1", None),
        ("row-means", "The mean of every row", None),
    ]


def test_the_files_agree_with_nbgrader_s_export_and_keep_the_seed(graded, capsys):
    assert report(graded) == 1
    out = graded / "reports" / "01-rows"
    printed = capsys.readouterr().out
    assert "2 × normalise-rows: Your columns sum to 1" in printed
    assert "3 grades obtained without a sandbox" in printed
    assert str(out / "index.html") in printed.splitlines()
    with open_course(graded).gradebook() as gradebook:
        submissions = gradebook.assignment_submissions("01-rows")
        nbgrader = {s.student_id: max(0.0, s.score - (s.late_submission_penalty or 0)) for s in submissions}
    with (out / "grades.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert {s: float(rows[s]["score"]) for s in nbgrader} == pytest.approx(nbgrader, abs=0.005)
    assert rows.keys() == nbgrader.keys() | {"eve"}
    canvas = (out / "canvas.csv").read_text(encoding="utf-8").splitlines()
    assert canvas[0] == "Student,ID,SIS User ID,SIS Login ID,Section,01-rows"
    assert canvas[1] == "    Points Possible,,,,,5"
    assert '"Zed, Amy",77,,amy,,5' in canvas
    assert "eve" not in "".join(canvas)
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "All grades here were obtained without a sandbox." in page
    assert 'href="../../autograded/amy/01-rows/rows.ipynb"' in page
    for path in out.iterdir():
        assert str(SEED) not in path.read_text(encoding="utf-8")


def test_the_numbers_of_a_download_are_used(graded, tmp_path):
    root = Path(shutil.copytree(graded, tmp_path / "course"))
    sender = {"platform": "Moodle", "number": "4711", "name": "Amy Zed"}
    (root / "results" / "01-rows" / "senders.json").write_text(json.dumps({"amy": sender}))
    report(root)
    out = root / "reports" / "01-rows"
    assert "Participant 4711,Amy Zed,5,5," in (out / "moodle.csv").read_text(encoding="utf-8")
    assert '"Zed, Amy",,,amy,,5' in (out / "canvas.csv").read_text(encoding="utf-8")


def test_out_says_where_and_links_still_lead_there(graded, tmp_path, capsys):
    out = tmp_path / "deep" / "report"
    report(graded, "--out", str(out), "--formgrader", "https://hub.example/user/x/")
    assert capsys.readouterr().err == ""
    page = (out / "index.html").read_text(encoding="utf-8")
    (link,) = set(re.findall(r'href="([^"]*amy[^"]*ipynb)"', page))
    assert (out / link).resolve() == graded / "autograded" / "amy" / "01-rows" / "rows.ipynb"
    assert 'href="https://hub.example/user/x/formgrader/submissions/' in page


def test_what_is_newer_than_its_grade_is_said(graded, tmp_path):
    root = Path(shutil.copytree(graded, tmp_path / "course"))
    course = open_course(root)
    assert "changed" not in {n.kind for n in build(course, "01-rows").notices}
    os.utime(root / "submitted" / "amy" / "01-rows" / "rows.ipynb", (2e9, 2e9))
    submit(root, "fay", ROWS, "rows", released(ROWS, "rows"))
    found = {(n.kind, n.student) for n in build(course, "01-rows").notices}
    assert {("changed", "amy"), ("not graded", "fay")} <= found


def test_a_class_in_order_exits_with_0(fresh, tmp_path, capsys):
    root = Path(shutil.copytree(fresh, tmp_path / "course"))
    submit(root, "amy", ROWS, "rows", released(ROWS, "rows"))
    asked = [
        {"id": q.id, "title": q.title, "score": q.points, "max_score": q.points, "criteria": [], "diagnosis": None}
        for q in ROWS.questions
    ]
    fine = {"student": "amy", "assignment": "01-rows", "notebook": "rows", "score": 5, "max_score": 5, "reason": None}
    fine |= {"outcome": "graded", "seconds": 0.1, "sandboxed": True, "flags": [], "questions": asked}
    records.write_reports(root, "01-rows", "amy", "digest", [fine])
    assert report(root) == 0
    said = capsys.readouterr()
    assert "To look at" not in said.out
    page = (root / "reports" / "01-rows" / "index.html").read_text(encoding="utf-8")
    assert "without a sandbox" not in page
    assert "in the sandbox" in page


def test_wrong_usage_gets_a_sentence(fresh, graded, tmp_path, capsys):
    assert report(fresh) == 2
    assert "01-rows has no grades yet: run `course grade 01-rows --course" in capsys.readouterr().err
    assert main(["report", "nothing", "--course", str(graded)]) == 2
    assert "there is no assignment in this course 'nothing'; there are: 01-rows" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert report(graded, "--out", str(tmp_path / "file")) == 2
    assert "the report cannot be written into" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stopped:
        report(graded, "--formgrader", "javascript:alert(1)")
    assert stopped.value.code == 2
    capsys.readouterr()
    broken = Path(shutil.copytree(graded, tmp_path / "course"))
    (broken / "gradebook.db").write_text("no database")
    assert report(broken) == 2
    said = capsys.readouterr().err
    assert said.startswith("course: the gradebook of")
    assert "Traceback" not in said


def test_records_that_cannot_be_read_are_not_graded(graded, tmp_path):
    root = Path(shutil.copytree(graded, tmp_path / "course"))
    (root / "results" / "01-rows" / "students" / "amy.json").write_text("{")
    kinds = {n.student: n.kind for n in build(open_course(root), "01-rows").notices}
    assert kinds["amy"] == "no record"


def with_cells(cells):
    """The released notebook with these behind it."""
    notebook = released(ROWS, "rows")
    extra = [{"cell_type": "code", "id": f"own-{i}", "metadata": {}, "source": c} for i, c in enumerate(cells)]
    notebook["cells"] += [cell | {"outputs": [], "execution_count": None} for cell in extra]
    return notebook


def test_a_copy_of_another_year_s_work_is_found(graded, fresh, tmp_path, capsys):
    root, last_year = (Path(shutil.copytree(of, tmp_path / name)) for of, name in ((graded, "now"), (fresh, "2025")))
    rng = random.Random(3)
    copied = unusual(rng)
    for i in range(20):
        submit(root, f"s{i:02}", ROWS, "rows", with_cells(honest(rng)))
        submit(last_year, f"s{i:02}", ROWS, "rows", with_cells(honest(rng)))
    submit(root, "amy", ROWS, "rows", with_cells(padded(renamed(copied))))
    for student in ("ann", "zed"):  # two of theirs who are alike are that class's business
        submit(last_year, student, ROWS, "rows", with_cells(copied))
    course, other = open_course(root), open_course(last_year)
    students = ["amy", *(f"s{i:02}" for i in range(20))]
    found = alike(course, "01-rows", students, ROWS.directory.parent, [other])
    assert {group.students for group in found} == {("amy", "ann in 2025"), ("amy", "zed in 2025")}
    assert not alike(course, "01-rows", students, ROWS.directory.parent)
    assert report(root, "--against", str(last_year)) == 1
    assert "Look at these together: amy and ann in 2025" in capsys.readouterr().out
    page = (root / "reports" / "01-rows" / "index.html").read_text(encoding="utf-8")
    assert "ann in 2025" in page
    assert report(root, "--against", str(tmp_path)) == 2
    assert "is not a course directory" in capsys.readouterr().err


def test_alike_notebooks_are_found_on_disk(fresh, tmp_path):
    root = Path(shutil.copytree(fresh, tmp_path / "course"))
    rng = random.Random(3)
    work = {f"s{i:02}": honest(rng) for i in range(20)}
    work["ann"] = unusual(rng)
    work["zed"] = padded(renamed(work["ann"]))
    for student, cells in work.items():
        submit(root, student, ROWS, "rows", with_cells(cells))
    submit(root, "bad", ROWS, "rows", "[1, 2")
    (root / "submitted" / "dir" / "01-rows" / "rows.ipynb").mkdir(parents=True)
    students = [*work, "bad", "dir", "nobody"]
    (group,) = alike(open_course(root), "01-rows", students, ROWS.directory.parent)
    assert group.students == ("ann", "zed")
