import json

import pytest
from submissions import ROWS, answered, released, run_course, solutions

from classroom.authoring.release import released_files
from classroom.check_notebook import check_notebook, text
from classroom.errors import ClassroomError
from classroom.processes.limits import Limits

LIMITS = Limits(cell_seconds=5, call_seconds=5, grace_seconds=0.5)


@pytest.fixture
def write(tmp_path):
    def write_notebook(notebook, name="rows.ipynb"):
        (tmp_path / "rows.npz").write_bytes(released_files(ROWS)["rows.npz"])
        (tmp_path / name).write_text(json.dumps(notebook))
        return tmp_path / name

    return write_notebook


def test_full_marks(launcher, write):
    path = write(answered(released(ROWS, "rows"), solutions(ROWS, "rows")))
    before = path.read_bytes()
    check = check_notebook(path, launcher, LIMITS)
    assert check.complete
    assert [(q.id, q.score) for q in check.questions] == [("normalise-rows", 3), ("row-means", 2)]
    assert text(check).splitlines()[-1].split() == ["total", "5", "/", "5"]
    assert path.read_bytes() == before
    assert sorted(p.name for p in path.parent.iterdir()) == ["rows.ipynb", "rows.npz"]  # nothing is left behind


def test_a_misconception_is_named_and_errors_elsewhere_are_listed(launcher, write):
    notebook = answered(released(ROWS, "rows"), {"normalise-rows": "def normalise_rows(x):\n    return x / x.sum(0)"})
    notebook["cells"][5]["source"] = "1 / 0"
    check = check_notebook(write(notebook), launcher, LIMITS)
    assert not check.complete
    assert check.questions[0].score == 0
    assert "Your columns sum to 1; the rows should." in text(check)
    assert "Cell 6 raised ZeroDivisionError: division by zero" in text(check)
    json.dumps(check.to_json())


def test_changed_official_cells_are_named(launcher, write):
    notebook = answered(released(ROWS, "rows"), solutions(ROWS, "rows"))
    cells = {cell["id"]: cell for cell in notebook["cells"]}
    cells["normalise-rows"]["source"] = "3.0"
    notebook["cells"].remove(cells["row-means"])
    notebook["cells"].append(cells["normalise-rows"] | {"id": "again"})
    check = check_notebook(write(notebook), launcher, LIMITS)
    assert [q.score for q in check.questions] == [3, 2]
    assert not check.complete
    shown = text(check)
    assert "The check cell 'row-means' was deleted." in shown
    assert "The check cell 'normalise-rows' is there 2 times" in shown
    assert "The check cell 'normalise-rows' was edited." in shown
    assert "Copy these cells back from a fresh copy of the exercise" in shown


def test_a_lost_process_keeps_what_was_judged(launcher, write):
    answers = solutions(ROWS, "rows") | {"row-means": "import os; os._exit(1)"}
    check = check_notebook(write(answered(released(ROWS, "rows"), answers)), launcher, LIMITS)
    assert (check.outcome, [q.score for q in check.questions]) == ("crashed", [3, 0])
    assert "did not run to its end. The notebook's code ended its process." in text(check)


def test_a_renamed_notebook_finds_its_cases(launcher, write):
    path = write(answered(released(ROWS, "rows"), solutions(ROWS, "rows")), "rows (1).ipynb")
    assert check_notebook(path, launcher, LIMITS).complete


def test_missing_cases_get_a_sentence(launcher, write):
    path = write(released(ROWS, "rows"))
    (path.parent / "rows.npz").unlink()
    with pytest.raises(ClassroomError, match=r"rows\.npz"):
        check_notebook(path, launcher, LIMITS)


def test_the_command(write):
    good = write(answered(released(ROWS, "rows"), solutions(ROWS, "rows")))
    bad = good.with_name("bad.ipynb")
    bad.write_text("{")
    done = run_course("check", good, bad, good.with_name("none.ipynb"))
    assert done.returncode == 2
    assert "total" in done.stdout
    assert done.stderr.splitlines() == [
        f"course: {bad} is not a notebook: it is not JSON (line 1, column 2: "
        "Expecting property name enclosed in double quotes)",
        f"course: {good.with_name('none.ipynb')} does not exist; check the path",
    ]
    done = run_course("check", good, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    (checked,) = json.loads(done.stdout)
    assert (checked["score"], checked["max_score"], checked["outcome"], checked["reason"]) == (5, 5, "graded", None)
    assert checked["questions"][0]["id"] == "normalise-rows"


def test_a_syntax_error_is_called_one_and_said_where_the_answer_is_missed(launcher, write):
    answer = "def normalise_rows(x):\n    total = x.sum(dim=-1\n    return x / total"
    check = check_notebook(write(answered(released(ROWS, "rows"), {"normalise-rows": answer})), launcher, LIMITS)
    question = check.questions[0]
    assert question.score == 0
    assert question.diagnosis.startswith(
        "SyntaxError in line 2 of your answer (`total = x.sum(dim=-1`): '(' was never closed."
    )
    assert "SyntaxError in line 2" in text(check)
    assert check.to_json()["questions"][0]["diagnosis"] == question.diagnosis
    assert {criterion.message for criterion in question.criteria} == {question.diagnosis}  # said once


def test_an_answer_with_a_magic_is_no_syntax_error(launcher, write):
    answer = "%matplotlib inline\n" + solutions(ROWS, "rows")["normalise-rows"]
    check = check_notebook(write(answered(released(ROWS, "rows"), {"normalise-rows": answer})), launcher, LIMITS)
    assert check.questions[0].score == 3
