"""`check(...)` in a notebook: the panel, the score that nbgrader reads, and sentences for what goes wrong."""

import re
import time

import nbformat
import pytest
import sample_questions as sample
from nbclient import NotebookClient
from nbgrader.utils import determine_grade

from classroom.check import Checker, CheckError
from classroom.questions.cases import save_public
from classroom.report import table, to_json

COLUMNS = "def normalise(x):\n    return x / x.sum(dim=0, keepdim=True)\n"
HALF = "def normalise(x):\n    print('hello')\n    return (x / x.sum(dim=-1, keepdim=True)).detach()\n"
RIGHT = "def normalise(x):\n    return x / x.sum(dim=-1, keepdim=True)\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("notebook")
    (path / "sample.npz").write_bytes(save_public(sample.QUESTIONS, 2017))
    return path


def checker(folder, source=""):
    namespace = {}
    exec(source, namespace)
    return Checker(folder / "sample.npz", namespace)


@pytest.mark.parametrize(
    ("source", "text"),
    [("", "0"), (COLUMNS, "0"), (HALF, "3"), (RIGHT, "4")],
    ids=["nothing", "columns", "half", "right"],
)
def test_the_text_is_the_score_alone(folder, source, text):
    result = checker(folder, source)("normalise-rows")
    assert repr(result) == text
    assert float(result) == float(text)


def test_a_check_answers_within_a_second(folder):
    check = checker(folder, RIGHT)
    start = time.perf_counter()
    check("normalise-rows")
    assert time.perf_counter() - start < 1


def test_the_namespace_is_live_and_by_default_the_callers(folder):
    space = {}
    exec(f"from classroom.check import Checker\ncheck = Checker({str(folder / 'sample.npz')!r})", space)
    assert repr(space["check"]("normalise-rows")) == "0"
    exec(RIGHT, space)
    assert repr(space["check"]("normalise-rows")) == "4"


def test_all_questions_at_once(folder):
    everything = checker(folder, HALF)()
    assert repr(everything) == table(everything.results)
    assert "3 of 11 points" in everything._repr_html_()


def test_an_unknown_question_lists_the_known_ones(folder):
    with pytest.raises(CheckError, match=r'no question "rows".*"normalise-rows", "running-mean"') as caught:
        checker(folder)("rows")
    assert len(caught.value._render_traceback_()) == 1


def test_a_missing_file_is_a_sentence(tmp_path):
    with pytest.raises(CheckError, match="has to lie beside the notebook"):
        Checker(tmp_path / "sample.npz", {})


def test_in_a_real_kernel_nbgrader_reads_the_partial_credit(folder):
    sources = [
        'import torch\nfrom classroom.check import Checker\ncheck = Checker("sample.npz")',
        'check("normalise-rows")',
        f'{HALF}check("normalise-rows")',
        f'{RIGHT}check("normalise-rows")',
        'def normalise(x):\n    return (x\n        @ x[0, 0])\ncheck("normalise-rows")',
        'check("no-such-question")',
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    for cell in notebook.cells:
        cell.metadata.nbgrader = {"grade": True, "solution": False, "points": 4, "grade_id": cell.id, "locked": True}
    client = NotebookClient(notebook, timeout=60, allow_errors=True, resources={"metadata": {"path": str(folder)}})
    client.execute()
    _, untouched, half, right, raising, unknown = notebook.cells
    assert [determine_grade(cell)[0] for cell in (untouched, half, right, raising, unknown)] == [0, 3, 4, 0, 0]
    assert [output.output_type for output in half.outputs] == ["execute_result"]
    assert set(half.outputs[0].data) == {"text/plain", "text/html"}
    assert "RuntimeError in <code" in raising.outputs[0].data["text/html"]
    assert re.search(r"normalise</code>, line [23] \(<code", raising.outputs[0].data["text/html"])
    (error,) = unknown.outputs
    assert len(error.traceback) == 1
    assert error.traceback[0].startswith('The check could not run: there is no question "no-such-question"')


def test_the_table_is_aligned_and_fits_a_terminal(folder):
    lines = table(checker(folder, COLUMNS)().results).splitlines()
    assert max(map(len, lines)) <= 88
    assert lines[0].split() == ["normalise-rows", "0", "/", "4", "✗", "no", "points", "yet"]
    assert lines[1] == "    → Your *columns* sum to 1; sum over the last axis."
    assert lines[-1].split() == ["total", "0", "/", "11"]
    heads = [line for line in lines if "/" in line and not line.startswith("    ")]
    assert len({line.index("/") for line in heads}) == 1


def test_json_has_the_documented_fields(folder):
    (first, *_) = to_json(checker(folder, HALF)().results)
    assert list(first) == ["id", "title", "score", "max_score", "criteria", "diagnosis"]
    assert (first["id"], first["score"], first["max_score"]) == ("normalise-rows", 3.0, 4.0)
    assert first["criteria"][1]["passed"] is False
