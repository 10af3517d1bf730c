"""A class of submissions to the real assignment, graded by the real command; then stock nbgrader on the result."""

import csv
import json
import shutil
import sqlite3
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import pytest
from gradebook_rows import question_scores
from servers import formgrader, nbgrader
from submissions import SELF_ATTENTION, answered, released, run_course, solutions, submit

from classroom.authoring.notebook import check_source

NAME = "self-attention"
POINTS = {question.id: question.points for question in SELF_ATTENTION.questions}
SENTENCES = {
    (question.id, misconception.name): misconception.sentence
    for question in SELF_ATTENTION.questions
    for misconception in question.misconceptions
}
LIMITS = ("--cell-seconds", 20, "--call-seconds", 4)


@dataclass
class Expected:
    """What must come of a submission. Questions that are not named have full marks; `None`: some points lost."""

    scores: dict[str, float | None] = field(default_factory=dict)
    outcome: str = "graded"
    reason: str = ""
    diagnoses: dict[str, str] = field(default_factory=dict)
    flags: list[str] = field(default_factory=list)


NOTHING = dict.fromkeys(POINTS, 0.0)
# Wrong in one known way: the question, the misconception's name, the code that a student would hand in.
MISTAKEN = {
    "mona": (
        "attention-scores",
        "not scaled",
        "def attention_scores(query, key):\n    return query @ key.transpose(-2, -1)",
    ),
    "milo": (
        "softmax",
        "softmax over queries",
        "def softmax(scores):\n    e = (scores - scores.amax(-2, keepdim=True)).exp()\n"
        "    return e / e.sum(-2, keepdim=True)",
    ),
    "mira": (
        "masked-softmax",
        "NaN for a query that sees nothing",
        "def masked_softmax(scores, mask=None):\n"
        "    if mask is not None:\n        scores = scores.masked_fill(~mask, float('-inf'))\n"
        "    return scores.softmax(dim=-1)",
    ),
    "mats": (
        "decoder-mask",
        "True means hidden",
        "def decoder_mask(tokens, pad_id):\n    n = tokens.shape[-1]\n"
        "    causal = torch.ones(n, n, dtype=torch.bool).tril()\n    return ~(causal & (tokens != pad_id)[:, None, :])",
    ),
}


def the_class():
    """Every submission, and what must come of it."""
    whole, right = released(SELF_ATTENTION, NAME), solutions(SELF_ATTENTION, NAME)
    # All but one have deleted the cells that are only there to look at: plotting and training take seconds.
    kept = [cell for cell in whole["cells"] if cell["cell_type"] == "markdown" or "nbgrader" in cell["metadata"]]
    stub = whole | {"cells": kept}
    # Where a later question's solution calls an earlier answer, these stand on their own feet.
    alone = right | {
        "scaled-dot-product-attention": (
            "def scaled_dot_product_attention(query, key, value, mask=None):\n"
            "    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])\n"
            "    if mask is not None:\n        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)\n"
            "    weights = scores.softmax(-1)\n"
            "    return (weights if mask is None else weights.masked_fill(~mask, 0.0)) @ value"
        )
    }
    made = {
        "ada": (answered(whole, right), Expected()),
        "lea": (answered(stub, right), Expected()),
        "uma": (stub, Expected(NOTHING)),
        "pia": (
            answered(stub, {q: right[q] for q in ("project-qkv", "softmax")}),
            Expected(NOTHING | {q: POINTS[q] for q in ("project-qkv", "softmax")}),
        ),
    }
    for student, (question, name, code) in MISTAKEN.items():
        # Only Mira's values are right wherever a key is visible; nothing else earns shape, dtype and properties.
        score = None if student == "mira" else 0
        wrong = Expected({question: score}, diagnoses={question: SENTENCES[question, name]})
        made[student] = (answered(stub, alone | {question: code}), wrong)
    raising = "def softmax(scores):\n    return scores / undefined"
    made["rex"] = (answered(stub, alone | {"softmax": raising}), Expected({"softmax": 0}))
    looping = "def decoder_mask(tokens, pad_id):\n    while True:\n        pass"
    made["lou"] = (
        answered(stub, alone | {"decoder-mask": looping}),
        Expected({"decoder-mask": 0}, "timeout", "`decoder_mask` ran longer than 4 s and was stopped."),
    )
    leaving = "import os\nos._exit(7)"
    made["eve"] = (
        answered(stub, alone | {"decoder-mask": leaving}),
        Expected(
            dict.fromkeys(("decoder-mask", "self-attention-layer", "steer"), 0.0),
            "crashed",
            "The notebook's code ended its process.",
        ),
    )
    greedy = "def steer(weights, key, factor):\n    return torch.zeros(10**11)"
    made["max"] = (
        answered(stub, alone | {"steer": greedy}),
        Expected({"steer": 0}, "memory", "The notebook needed more than the 4 GiB of memory that it may use."),
    )
    made["ivy"] = ("{not JSON", Expected(NOTHING, "invalid", "not JSON (line 1, column 2"))
    forged = answered(stub, {})
    cells = {cell["id"]: cell for cell in forged["cells"]}
    cells["softmax"]["source"] = "2.0"  # the points, in place of the check
    cells["attention-scores"]["metadata"]["tags"] = ["skip-execution"]
    cells["attention-scores"]["outputs"] = [
        {"output_type": "execute_result", "data": {"text/plain": "3"}, "metadata": {}, "execution_count": 1}
    ]
    forged["cells"].remove(cells["steer"])
    made["fay"] = (
        forged,
        Expected(NOTHING, flags=["The check cell 'softmax' was edited.", "The check cell 'steer' was deleted."]),
    )
    return made


@dataclass
class Graded:
    """The course after one run: what was expected, and what the command wrote and printed."""

    fresh: Path  # a copy from before the run
    root: Path
    expected: dict[str, Expected]
    reports: dict[str, dict]
    done: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    fresh = tmp_path_factory.mktemp("instructor") / "course"
    assert run_course("init", fresh).returncode == 0
    root = fresh.with_name("graded")
    shutil.copytree(fresh, root)
    submissions = the_class()
    for student, (notebook, _) in submissions.items():
        submit(root, student, SELF_ATTENTION, NAME, notebook)
    with sqlite3.connect(root / "gradebook.db") as gradebook:  # on the roster, and never heard of
        gradebook.execute("INSERT INTO student (id) VALUES ('mia')")
    done = run_course("grade", NAME, "--course", root, "--seed", 11, *LIMITS, "--json", root / "grades.json")
    reports = {report["student"]: report for report in json.loads((root / "grades.json").read_text())}
    expected = {student: expectation for student, (_, expectation) in submissions.items()}
    nothing = "Nothing was submitted: there is no submitted/mia/02-self-attention."
    return Graded(fresh, root, expected | {"mia": Expected(NOTHING, "missing", nothing)}, reports, done)


def test_everyone_has_the_right_score_or_a_stated_outcome(graded):
    assert graded.reports.keys() == graded.expected.keys()
    assert len(graded.reports) >= 12
    for student, expected in graded.expected.items():
        report = graded.reports[student]
        assert (student, report["outcome"]) == (student, expected.outcome)
        scores = {question["id"]: question["score"] for question in report["questions"]}
        assert scores.keys() == POINTS.keys()
        for question, points in POINTS.items():
            score = expected.scores.get(question, points)
            if score is None:
                assert 0 < scores[question] < points, (student, question)
            else:
                assert (student, question, scores[question]) == (student, question, score)
        assert report["score"] == pytest.approx(sum(scores.values()), abs=0.005)
        assert report["max_score"] == sum(POINTS.values())


def test_reasons_diagnoses_and_flags_are_stated(graded):
    for student, expected in graded.expected.items():
        report = graded.reports[student]
        assert (expected.reason in report["reason"]) if expected.reason else report["reason"] is None, student
        assert report["flags"] == expected.flags
        found = {question["id"]: question["diagnosis"] for question in report["questions"]}
        for question, sentence in expected.diagnoses.items():
            assert found[question] == sentence


FIELDS = ["student", "assignment", "notebook", "score", "max_score", "outcome", "reason", "seconds", "sandboxed"]


def test_json_has_the_documented_fields(graded):
    for report in graded.reports.values():
        assert list(report) == [*FIELDS, "flags", "questions", "by_hand"]
        assert (report["assignment"], report["notebook"]) == ("02-self-attention", NAME)
        assert report["sandboxed"] is True
        assert report["by_hand"] == {}  # nothing in this assignment waits for a person
        assert report["seconds"] < 60
        for question in report["questions"]:
            assert {"id", "score", "max_score", "criteria", "diagnosis"} <= question.keys()
            assert all({"name", "passed", "message"} <= criterion.keys() for criterion in question["criteria"])


def test_the_command_lists_everyone_and_says_what_to_look_at(graded):
    done = graded.done
    assert done.returncode == 1
    assert "sandbox" not in done.stderr
    assert "Traceback" not in done.stderr
    assert "02-self-attention: 100%" in done.stderr
    rows = [line.split() for line in done.stdout.splitlines()[2 : 2 + len(graded.reports)]]
    assert [row[0] for row in rows] == sorted(graded.reports)
    assert ["ada", NAME, "20", "/", "20", "graded"] in rows
    noted = done.stdout.split("To look at:")[1]
    assert all(f"  {student}, " in noted for student, e in graded.expected.items() if e.reason or e.flags)
    assert "  ada, " not in noted


def test_the_gradebook_holds_the_same_scores(graded):
    exported = nbgrader(graded.root, "export", "--to", "grades.csv")
    assert exported.returncode == 0, exported.stderr
    with (graded.root / "grades.csv").open(newline="") as file:
        rows = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    assert rows == pytest.approx({student: report["score"] for student, report in graded.reports.items()}, abs=0.005)


def test_what_students_get_back_shows_panels_and_reasons(graded):
    made = nbgrader(graded.root, "generate_feedback", "02-self-attention")
    assert made.returncode == 0, made.stderr
    pages = {path.parts[-3]: path.read_text() for path in graded.root.glob("feedback/*/02-self-attention/*.html")}
    assert pages.keys() == graded.reports.keys() - {"mia"}
    assert SENTENCES["attention-scores", "not scaled"].split(":")[0] in pages["mona"]
    assert 'aria-label="Result of softmax"' in pages["mona"]
    for student in ("lou", "eve", "max"):
        assert graded.expected[student].reason.replace("`", "") in pages[student].replace("`", "").replace(
            "<code>", ""
        ).replace("</code>", "").replace("&#39;", "'")
    assert "not JSON" in pages["ivy"]


def test_official_cells_are_back_and_hold_the_examiner_s_output_alone(graded):
    for path in graded.root.glob("autograded/*/02-self-attention/*.ipynb"):
        cells = nbformat.read(path, as_version=4).cells
        checks = {c.metadata.nbgrader.grade_id: c for c in cells if c.metadata.get("nbgrader", {}).get("grade")}
        assert checks.keys() == POINTS.keys()
        scores = {q["id"]: q["score"] for q in graded.reports[path.parts[-3]]["questions"]}
        for question, cell in checks.items():
            assert cell.source == check_source(question)
            (output,) = cell.outputs
            assert float(output.data["text/plain"]) == scores[question]


def test_stock_nbgrader_gives_the_same_scores_on_honest_work(graded, tmp_path):
    honest = ["lea", "uma", "mira"]
    stock = tmp_path / "stock"
    shutil.copytree(graded.fresh, stock)
    for student in honest:
        shutil.copytree(graded.root / "submitted" / student, stock / "submitted" / student)
        for file in (stock / "release" / "02-self-attention").glob("*.npz"):  # students hand it in as well
            shutil.copy(file, stock / "submitted" / student / "02-self-attention")
    done = nbgrader(stock, "autograde", "02-self-attention")
    assert done.returncode == 0, done.stderr
    for student in honest:
        scores = question_scores(stock, student)
        assert scores.keys() >= POINTS.keys()
        assert scores == question_scores(graded.root, student)
    validated = nbgrader(stock, "validate", f"submitted/lea/02-self-attention/{NAME}.ipynb")
    assert "Success! Your notebook passes all the tests." in validated.stdout
    validated = nbgrader(stock, "validate", f"submitted/mira/02-self-attention/{NAME}.ipynb")
    assert "VALIDATION FAILED ON 1 CELL" in validated.stdout
    assert 'check("masked-softmax")' in validated.stdout


@pytest.mark.browser
def test_formgrader_shows_the_class_and_a_submission(graded, browser, tmp_path):
    with formgrader(graded.root, tmp_path) as address:
        page = browser.new_page()
        page.goto(f"{address}/formgrader/manage_submissions/02-self-attention")
        page.get_by_text("mona").wait_for(timeout=60_000)
        rows = [row.split("\t") for row in page.locator("tbody").inner_text().splitlines()]
        assert {row[1]: (row[3], row[4]) for row in rows} == {
            student: ("graded", f"{report['score']:g} / 20")
            for student, report in graded.reports.items()
            if student != "mia"
        }
        with sqlite3.connect(graded.root / "gradebook.db") as gradebook:
            (submission,) = gradebook.execute(
                "SELECT submitted_notebook.id FROM submitted_notebook JOIN submitted_assignment"
                " ON submitted_assignment.id = submitted_notebook.assignment_id WHERE student_id = 'mona'"
            ).fetchone()
        page.goto(f"{address}/formgrader/submissions/{submission}/", timeout=60_000)
        panel = page.get_by_role("region", name="Result of attention-scores")
        panel.get_by_text(SENTENCES["attention-scores", "not scaled"].split("`")[0].strip()).first.wait_for()
        page.close()
