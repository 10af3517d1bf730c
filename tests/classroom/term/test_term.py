"""A term: totals with weights, drops and excuses, progress, mistakes that come back, and files for both platforms."""

import csv
import json
import random
import shutil
from datetime import datetime
from itertools import combinations
from types import SimpleNamespace

import pytest

from classroom.grading import records
from classroom.grading.course_dir import open_course
from classroom.students.allowances import Allowance, write_allowances
from classroom.students.details import Details, write_details
from classroom.term.build import build_term
from classroom.term.settings import TermSettings
from classroom.term.totals import total
from course.cli import main

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
MISTAKE = "Your weights sum to 1 over the *query* axis."


def best_by_trying(shares, weights, drop):
    """Every way to drop, tried."""
    counting = [(s, w) for s, w in zip(shares, weights, strict=True) if s is not None and w > 0]
    if not counting:
        return None
    sizes = range(max(1, len(counting) - drop), len(counting) + 1)
    kept = [k for size in sizes for k in combinations(counting, size)]
    return max(sum(s * w for s, w in k) / sum(w for _, w in k) for k in kept)


@pytest.mark.parametrize("seed", range(60))
def test_a_total_is_the_best_that_dropping_gives(seed):
    draw = random.Random(seed)
    count = draw.randint(1, 8)
    shares = [draw.choice([None, 0.0, 1.0, round(draw.random(), 2)]) for _ in range(count)]
    weights = [draw.choice([0, 1, 1, 2, 0.5, 5]) for _ in range(count)]
    drop = draw.randint(0, 4)
    found, best = total(shares, weights, drop), best_by_trying(shares, weights, drop)
    assert found.share == (None if best is None else pytest.approx(best, abs=1e-12))
    if best is not None:
        kept = [i for i, s in enumerate(shares) if s is not None and weights[i] > 0 and i not in found.dropped]
        again = sum(shares[i] * weights[i] for i in kept) / sum(weights[i] for i in kept)
        assert found.share == pytest.approx(again, abs=1e-12)
        assert len(found.dropped) <= drop


def test_the_lowest_result_is_not_always_the_one_to_drop():
    # 0/1 and 20/100 beside 100/100: dropping the heavy 20 is worth more than dropping the light 0.
    assert total([0.0, 0.2, 1.0], [1, 100, 100], 1).dropped == {1}


@pytest.fixture(scope="module")
def fresh(make_course, tmp_path_factory):
    """Three assignments of 5 points; ada and bo have results, cy nothing, di one that waits."""
    root = make_course(tmp_path_factory.mktemp("instructor") / "course")
    course = open_course(root)
    with course.gradebook() as gradebook:
        for name, due in (("01-rows", 1), ("02-more", 2), ("03-last", 3), ("04-later", 4)):
            gradebook.update_or_create_assignment(name, duedate=datetime(2026, 11, due))
            if name != "01-rows":
                notebook = gradebook.add_notebook(f"n{due}", name)
                gradebook.add_grade_cell("q", notebook.name, name, max_score=5, cell_type="code")
        for student, first, last in (
            ("ada", "Ada", "Lovelace"),
            ("bo", "Bo", "Li"),
            ("cy", "", ""),
            ("di", "", "=1+1"),
        ):
            gradebook.add_student(student, first_name=first, last_name=last, email=f"{student}@x.org", lms_user_id="")
    for name, notebook, scores in (
        ("01-rows", "rows", {"ada": 4.0, "bo": 2.0}),
        ("02-more", "n2", {"ada": 1.0, "bo": 5.0}),
        ("03-last", "n3", {"ada": 5.0, "bo": 0.0}),
    ):
        for student, score in scores.items():
            grade(course, name, notebook, student, score)
    (root / "submitted" / "di" / "03-last").mkdir(parents=True)
    return root


def grade(course, assignment, notebook, student, score):
    question = {"id": "q", "title": "Q", "score": score, "max_score": 5.0, "criteria": [],
                "diagnosis": None if score == 5 else MISTAKE}  # fmt: skip
    report = {
        "student": student, "assignment": assignment, "notebook": notebook, "score": score, "max_score": 5.0,
        "outcome": "graded", "reason": None, "seconds": 1.0, "sandboxed": True, "flags": [], "questions": [question],
    }  # fmt: skip
    records.write_reports(course.root, assignment, student, "digest", [report])
    with course.gradebook() as gradebook:
        submission = gradebook.add_submission(assignment, student)
        grades = submission.notebooks[0].grades
        for stored in grades:
            stored.auto_score = score if stored is grades[0] else 0.0
        gradebook.db.commit()


@pytest.fixture
def course(fresh, tmp_path):
    return open_course(shutil.copytree(fresh, tmp_path / "course"))


def by_student(report):
    return {
        row.person.id: SimpleNamespace(
            total=None if row.total.share is None else round(100 * row.total.share, 1),
            notes=[result.note for result in row.results],
            dropped=sorted(row.total.dropped),
        )
        for row in report.rows
    }


def test_everybody_s_total(course):
    found = by_student(build_term(course, TermSettings()))
    assert {s: of.total for s, of in found.items()} == {"ada": 66.7, "bo": 46.7, "cy": 0.0, "di": 0.0}
    assert found["di"].notes == ["missing", "missing", "not graded"]
    weighed = by_student(build_term(course, TermSettings({"03-last": 3}, drop=1)))
    assert (weighed["ada"].total, weighed["ada"].dropped) == (95.0, [1])  # (4 + 3·5) of 20
    assert (weighed["bo"].total, weighed["bo"].dropped) == (70.0, [2])  # (2 + 5) of 10
    write_allowances(
        course.root, {("02-more", "ada"): Allowance(excused=True), ("01-rows", "cy"): Allowance(excused=True)}
    )
    excused = by_student(build_term(course, TermSettings()))
    assert (excused["ada"].total, excused["ada"].notes[1]) == (90.0, "excused")
    assert excused["cy"].total == 0.0


def test_mistakes_that_come_back(course):
    (mistake,) = build_term(course, TermSettings()).mistakes
    assert mistake.sentence == MISTAKE
    assert mistake.students == {"01-rows": ("ada", "bo"), "02-more": ("ada",), "03-last": ("bo",)}
    assert mistake.again == {"ada", "bo"}


def run(course, *arguments):
    return main(["report", "--course", str(course.root), *arguments])


def table(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_command_writes_pages_and_files_and_remembers(course, capsys):
    write_details(course, {"ada": Details(id_number="S1", team="Blue")})
    assert run(course, "--weight", "03=3", "--drop", "1") == 1  # di waits
    said = capsys.readouterr().out
    assert "ada          80%    (20%)     100%" in said
    assert "2 × Your weights sum to 1" in said
    out = course.root / "reports" / "term"
    plain = {row["student"]: row for row in table(out / "grades.csv")}
    assert (plain["ada"]["total_percent"], plain["ada"]["dropped"], plain["ada"]["team"]) == ("95", "02-more", "Blue")
    assert plain["di"]["last_name"] == "'=1+1"
    canvas = {row["Student"]: row for row in table(out / "canvas.csv")}
    assert (canvas["Lovelace, Ada"]["SIS User ID"], canvas["Lovelace, Ada"]["Term total"]) == ("S1", "95")
    assert canvas["    Points Possible"]["Term total"] == "100"
    moodle = table(out / "moodle.csv")
    assert {row["Email address"]: row["Term total"] for row in moodle} == {
        "ada@x.org": "95", "bo@x.org": "70", "cy@x.org": "0"
    }  # fmt: skip
    assert "ID number" not in moodle[0]  # not everybody has one, and Moodle gives such a row to somebody else
    page = (out / "index.html").read_text()
    assert "<script" not in page
    assert "://" not in page
    assert "so far" in page
    assert run(course, "--json") == 1
    data = json.loads(capsys.readouterr().out)
    assert (data["drop"], [a["weight"] for a in data["assignments"]]) == (1, [1.0, 1.0, 3.0])
    assert data["students"][-1]["total"] == pytest.approx(0.95)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (("--weight", "03"), "write ASSIGNMENT=NUMBER"),
        (("--weight", "03=-1"), "write ASSIGNMENT=NUMBER"),
        (("--weight", "03=nan"), "write ASSIGNMENT=NUMBER"),
        (("--weight", "99=1"), "99"),
        (("rows", "--drop", "1"), "leave the assignment out"),
    ],
)
def test_wrong_usage_gets_a_sentence(course, capsys, said, sentence):
    assert run(course, *said) == 2
    assert sentence in capsys.readouterr().err
    assert not (course.root / "term.json").exists()


def test_nothing_graded_gets_a_sentence(make_course, tmp_path, capsys):
    assert run(open_course(make_course(tmp_path / "empty"))) == 2
    assert "has been graded yet" in capsys.readouterr().err
