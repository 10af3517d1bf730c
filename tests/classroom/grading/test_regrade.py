"""Grading again after a correction: who gains and who loses is listed before anything is written, and then written."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from executors import InThreads
from submissions import ROWS, answered, released, run_course, solutions, submit

from classroom.errors import ClassroomError
from classroom.grading.changes import Change, QuestionChange, changes, text
from classroom.grading.course_dir import open_course
from classroom.grading.grade import as_judged, grade
from classroom.grading.regrade import KeepOtherQuestions, changes_from_last_run, preview
from classroom.grading.run import prepare
from classroom.processes.limits import Limits
from classroom.questions.assignment import Assignment
from classroom.questions.results import CriterionResult, QuestionResult
from classroom.report import to_json
from course.cli import main


def report(student, scores, outcome="graded"):
    questions = [{"id": question, "score": score} for question, score in scores.items()]
    return {"student": student, "notebook": "n", "score": sum(scores.values()), "outcome": outcome,
            "questions": questions}  # fmt: skip


def test_changes_are_those_of_scores_and_outcomes():
    old = [report("ada", {"a": 1, "b": 2}), report("bob", {"a": 1, "b": 2}), report("cy", {"a": 0, "b": 0}, "timeout")]
    new = [report("cy", {"a": 0, "b": 0}), report("bob", {"a": 1, "b": 2}), report("ada", {"a": 0.5, "b": 2.5}),
           report("di", {"a": 1, "b": 1})]  # fmt: skip
    found = changes(old, new, {("ada", "n", "a"): 0.75, ("ada", "n", "z"): 9})
    assert found == (
        Change("ada", "n", 3, 3, "graded", "graded", (QuestionChange("a", 1, 0.5, 0.75), QuestionChange("b", 2, 2.5))),
        Change("cy", "n", 0, 0, "timeout", "graded", ()),
        Change("di", "n", None, 2, None, "graded", (QuestionChange("a", None, 1), QuestionChange("b", None, 1))),
    )
    assert text(found, 4).splitlines() == [
        "ada  n  3 → 3",
        "    a  1 → 0.5  graded by hand, so 0.75 stays",
        "    b  2 → 2.5",
        "cy   n  0 → 0  (timeout → graded)",
        "di   n  – → 2",
        "",
        "3 of 4 notebooks would change: 0 up, 0 down, 1 not graded before. Nothing was written; the same command "
        "without --dry-run writes it.",
    ]
    assert text((), 1) == "Nothing would change in 1 notebook. Nothing was written."


@pytest.mark.parametrize("weights", [(1,), (1, 1, 1), (2, 1), (0.7, 0.1, 0.3), (1, 1, 1, 1, 1, 1, 1)])
@pytest.mark.parametrize("points", [1, 2, 2.5])
def test_a_result_survives_json_to_the_hundredth(weights, points):
    shares = [points * w / sum(weights) for w in weights]
    for passed in range(len(weights) + 1):
        criteria = tuple(
            CriterionResult(f"c{i}", i < passed, "" if i < passed else "Wrong.", share if i < passed else 0.0, share)
            for i, share in enumerate(shares)
        )
        result = QuestionResult("q", "Q", criteria, None if passed == len(weights) else "Because.")
        (data,) = to_json([result])
        again = QuestionResult.from_json(json.loads(json.dumps(data)))
        assert (again.score, again.max_score) == (result.score, result.max_score)
        assert to_json([again]) == [data]


MEANS = "def row_means(x):\n    return x.mean(dim=-1)"
SUMS = "def row_means(x):\n    return x.sum(dim=-1)"
COLUMNS = "def normalise_rows(x):\n    return x / x.sum(dim=0, keepdim=True)"


@pytest.fixture(scope="module")
def mistaken(tmp_path_factory):
    """The assignment with two mistakes in its questions: it asks for sums, and for columns."""
    directory = shutil.copytree(ROWS.directory, tmp_path_factory.mktemp("mistaken") / "01-rows")
    path = directory / "questions.py"
    source = path.read_text().replace("    return x.mean(dim=-1)\n", "    return x.sum(dim=-1)\n")
    wrong = "    secret_total = x.sum(dim=0, keepdim=True)\n"
    path.write_text(source.replace("    secret_total = x.sum(dim=-1, keepdim=True)\n", wrong).replace(
        "by_columns(x: torch.Tensor) -> torch.Tensor:\n    return x / x.sum(dim=0, keepdim=True)",
        "by_columns(x: torch.Tensor) -> torch.Tensor:\n    return x / x.sum(dim=-1, keepdim=True)",
    ))  # fmt: skip
    return Assignment(directory)


@pytest.fixture(scope="module")
def graded_wrongly(make_course, mistaken, launcher, tmp_path_factory):
    """A class that was graded with the mistakes."""
    root = make_course(tmp_path_factory.mktemp("instructor") / "course")
    right = solutions(ROWS, "rows")
    for student, answers in {
        "means": right | {"row-means": MEANS},
        "sums": right | {"row-means": SUMS},
        "columns": {"normalise-rows": COLUMNS, "row-means": SUMS},
        "empty": {},
    }.items():
        submit(root, student, ROWS, "rows", answered(released(ROWS, "rows"), answers))
    course = open_course(root)
    grade(prepare(course, mistaken, 7, Limits()), course.students("01-rows"), InThreads(launcher))
    assert recorded(root) == {
        "columns": {"normalise-rows": 3, "row-means": 2},
        "empty": {"normalise-rows": 0, "row-means": 0},
        "means": {"normalise-rows": 0, "row-means": 0},
        "sums": {"normalise-rows": 0, "row-means": 2},
    }
    return root


@pytest.fixture
def course(graded_wrongly, tmp_path):
    return Path(shutil.copytree(graded_wrongly, tmp_path / "course"))


def recorded(root):
    """Every score that the gradebook has, by student and question."""
    scores = {}
    with open_course(root).gradebook() as gradebook:
        for submission in gradebook.assignment_submissions("01-rows"):
            (notebook,) = submission.notebooks
            scores[submission.student_id] = {g.name: g.manual_score or g.auto_score for g in notebook.grades}
    return scores


def everything(root):
    """The content of every file of a course."""
    files = (p for p in root.rglob("*") if p.is_file() and p.name != ".grading")
    return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def again(root, launcher, students=None, question=None, look=False):
    course = open_course(root)
    run = prepare(course, ROWS, None, Limits(), remember_seed=not look)
    revise = KeepOtherQuestions(run, question) if question else as_judged
    do = preview if look else grade
    reports = do(run, students or course.students("01-rows"), InThreads(launcher), revise=revise)
    return {(c.student, q.id): (q.old, q.new) for c in changes_from_last_run(run, reports) for q in c.questions}


CORRECTED = {
    ("columns", "normalise-rows"): (3, 0),
    ("columns", "row-means"): (2, 0),
    ("means", "normalise-rows"): (0, 3),
    ("means", "row-means"): (0, 2),
    ("sums", "normalise-rows"): (0, 3),
    ("sums", "row-means"): (2, 0),
}


def test_a_look_lists_the_changes_and_writes_nothing(course, launcher):
    before = everything(course)
    assert again(course, launcher, look=True) == CORRECTED
    assert again(course, launcher, ["means"], look=True) == {k: v for k, v in CORRECTED.items() if k[0] == "means"}
    assert everything(course) == before


def test_then_the_run_writes_exactly_that(course, launcher):
    assert again(course, launcher) == {}  # after writing, nothing is different from the records
    scores = recorded(course)
    for (student, question), (_, new) in CORRECTED.items():
        assert scores[student][question] == new
    assert scores["empty"] == {"normalise-rows": 0, "row-means": 0}
    assert again(course, launcher, look=True) == {}


def test_one_question_alone_keeps_the_others_as_they_were(course, launcher):
    expected = {key: change for key, change in CORRECTED.items() if key[1] == "row-means"}
    assert again(course, launcher, question="row-means", look=True) == expected
    again(course, launcher, question="row-means")
    scores = recorded(course)
    assert scores["columns"] == {"normalise-rows": 3, "row-means": 0}
    assert scores["means"] == {"normalise-rows": 0, "row-means": 2}
    notebook = json.loads((course / "autograded" / "columns" / "01-rows" / "rows.ipynb").read_text())
    shown = {
        c["id"]: "".join(c["outputs"][0]["data"]["text/plain"])
        for c in notebook["cells"]
        if c["id"] in scores["columns"]
    }
    assert shown == {"normalise-rows": "3", "row-means": "0"}
    assert again(course, launcher, look=True) == {k: v for k, v in CORRECTED.items() if k[1] == "normalise-rows"}


def test_one_student_alone_leaves_the_others(course, launcher):
    before = recorded(course)
    again(course, launcher, ["sums"])
    after = recorded(course)
    assert after.pop("sums") == {"normalise-rows": 3, "row-means": 0}
    assert after == {student: scores for student, scores in before.items() if student != "sums"}


def test_a_question_that_does_not_exist_gets_a_sentence(course, launcher):
    with pytest.raises(ClassroomError, match="01-rows has no question 'sums'; there are: normalise-rows, row-means"):
        again(course, launcher, question="sums")


def test_the_command_says_who_changes_and_what_was_given_by_hand(course, launcher):
    with open_course(course).gradebook() as gradebook:
        gradebook.find_grade("row-means", "rows", "01-rows", "means").manual_score = 1.5
        gradebook.db.commit()
    before = everything(course)
    common = ["grade", "rows", "--course", course, "--solutions", ROWS.directory.parent, "--question", "row-means"]
    look = run_course(*common, "--dry-run", "--json", "-")
    assert look.returncode == 1, look.stderr
    found = json.loads(look.stdout)
    assert [(c["student"], c["old"], c["new"], c["questions"]) for c in found] == [
        ("columns", 5, 3, [{"id": "row-means", "old": 2, "new": 0, "by_hand": None}]),
        ("means", 0, 2, [{"id": "row-means", "old": 0, "new": 2, "by_hand": 1.5}]),
        ("sums", 2, 0, [{"id": "row-means", "old": 2, "new": 0, "by_hand": None}]),
    ]
    assert everything(course) == before
    again(course, launcher, question="row-means")
    assert recorded(course)["means"] == {"normalise-rows": 0, "row-means": 1.5}


def test_other_points_are_refused_with_a_way_out_that_works(course, launcher, tmp_path, capsys):
    directory = shutil.copytree(ROWS.directory, tmp_path / "solutions" / "01-rows")
    path = directory / "questions.py"
    path.write_text(path.read_text().replace("points=2,", "points=4,"))
    common = ["--course", str(course), "--solutions", str(directory.parent)]
    assert main(["grade", "rows", *common, "--dry-run"]) == 2
    said = capsys.readouterr().err
    assert "check cell 'row-means' has 2 points, and " in said
    assert f"delete {course / 'source' / '01-rows'} and run `course init {course}` again" in said
    shutil.rmtree(course / "source" / "01-rows")
    assert main(["init", str(course), "--solutions", str(directory.parent)]) == 0
    opened = open_course(course)
    run = prepare(opened, Assignment(directory), None, Limits())
    reports = grade(run, ["means"], InThreads(launcher))
    assert (reports[0]["score"], reports[0]["max_score"]) == (7, 7)
    with opened.gradebook() as gradebook:
        submission = gradebook.find_submission("01-rows", "means")
        assert (submission.score, submission.max_score) == (7, 7)
