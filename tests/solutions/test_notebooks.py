"""Every notebook of every assignment: in a real kernel, with solutions and untouched, and completed by a student."""

import json
import re
from itertools import product

import nbformat
import pytest
from nbclient import NotebookClient
from walk import ASSIGNMENTS

from classroom.authoring.demonstration import TAG
from classroom.authoring.release import authored_files, questions_in, released_files
from classroom.check_notebook import check_notebook
from classroom.play import NOT_YET
from classroom.processes.launcher import ForkServer
from classroom.processes.limits import Limits

NOTEBOOKS = [(assignment, path.stem) for assignment in ASSIGNMENTS for path in assignment.notebooks]
KINDS = {"authored": authored_files, "released": released_files}
RUNS = list(product(KINDS, NOTEBOOKS))
GUARD = "with suppress(NotImplementedError)"


def written(assignment, kind, directory):
    """The files of an assignment as instructors (`authored`) or students (`released`) have them, in a directory."""
    for name, content in KINDS[kind](assignment).items():
        (directory / name).write_bytes(content)
    return directory


@pytest.fixture(scope="module", params=RUNS, ids=[f"{kind}-{a.name}-{name}" for kind, (a, name) in RUNS])
def run(request, tmp_path_factory):
    """Kind, assignment, and the code cells after a run from top to bottom in a kernel of their own."""
    kind, (assignment, name) = request.param
    directory = written(assignment, kind, tmp_path_factory.mktemp(kind))
    notebook = nbformat.read(directory / f"{name}.ipynb", as_version=4)
    NotebookClient(notebook, timeout=60, allow_errors=True, resources={"metadata": {"path": str(directory)}}).execute()
    return kind, assignment, notebook


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def is_by_hand(cell):
    """An answer that a person grades; untouched, one that is code raises."""
    grading = cell.metadata.get("nbgrader", {})
    return grading.get("grade") and grading.get("solution")


def test_runs_from_top_to_bottom(run):
    """With solutions and untouched: no cell raises, nothing goes to stderr (nbgrader would take it for a failure)."""
    kind, _, notebook = run
    troubles = [
        (cell.id, output.get("evalue") or output.get("text"))
        for cell in code_cells(notebook)
        for output in cell.outputs
        if output.output_type == "error" or output.get("name") == "stderr"
        if not (is_by_hand(cell) and kind == "released" and output.get("ename") == "NotImplementedError")
    ]
    assert troubles == []


def test_checks_give_all_points_or_none(run):
    kind, assignment, notebook = run
    given = {cell.id: cell.outputs for cell in code_cells(notebook)}
    for question in questions_in(notebook, assignment.questions):
        (output,) = given[question.id]
        expected = question.points if kind == "authored" else 0
        assert float(output.data["text/plain"]) == expected, question.id
        assert question.title in output.data["text/html"]


def test_experiments_show_something_once_solved_and_nothing_before(run):
    kind, assignment, notebook = run
    experiments = [cell for cell in code_cells(notebook) if GUARD in cell.source]
    assert len(experiments) >= len(questions_in(notebook, assignment.questions))
    for cell in experiments:
        assert cell.metadata.get(TAG), f"tag it as a demonstration:\n{cell.source}"
        assert bool(cell.outputs) == (kind == "authored"), cell.source
    pictures = [o for cell in code_cells(notebook) for o in cell.outputs if "image/png" in o.get("data", {})]
    assert bool(pictures) == (kind == "authored")


def test_there_is_something_to_play_with_once_solved(run):
    """Controls, and beside them a still picture or text for whoever draws no widgets."""
    kind, _, notebook = run
    playing = [cell for cell in code_cells(notebook) if re.search(r"^play\(", cell.source, re.MULTILINE)]
    for cell in playing:
        assert cell.metadata.get(TAG), f"tag it as a demonstration:\n{cell.source}"
        (output,) = cell.outputs
        assert "application/vnd.jupyter.widget-view+json" in output.data
        assert (output.data["text/plain"] == NOT_YET) == (kind == "released")


@pytest.mark.parametrize(("assignment", "name"), NOTEBOOKS, ids=[f"{a.name}-{name}" for a, name in NOTEBOOKS])
def test_a_student_completes_the_release_for_full_marks(assignment, name, tmp_path):
    """Only the stubs are replaced, by what the instructor wrote there; `course check` then runs the notebook."""
    solved = json.loads(authored_files(assignment)[f"{name}.ipynb"])
    answers = {cell["id"]: cell["source"] for cell in solved["cells"]}
    directory = written(assignment, "released", tmp_path)
    given = json.loads((directory / f"{name}.ipynb").read_text(encoding="utf-8"))
    for cell in given["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            cell["source"] = answers[cell["id"]]
    (directory / f"{name}.ipynb").write_text(json.dumps(given), encoding="utf-8")
    with ForkServer() as launcher:
        check = check_notebook(directory / f"{name}.ipynb", launcher, Limits())
    assert (check.outcome, check.flags, check.raised) == ("graded", (), ())
    assert check.questions
    assert [(q.id, q.diagnosis) for q in check.questions if q.score < q.max_score] == []
    assert check.complete
