import inspect
import io
import json
import re
import zipfile
from pathlib import Path

import nbformat
import pytest
from submissions import ROWS, SELF_ATTENTION, answered, authored, released, run_course

from classroom.authoring.notebook import read_source
from classroom.authoring.release import STUB, released_files, write_release
from classroom.errors import ClassroomError
from classroom.questions.assignment import all_assignments

ROOT = Path(__file__).resolve().parents[3]
ASSIGNMENTS = [ROWS, *all_assignments(ROOT / "solutions")]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """Two releases of every assignment, each by a process of its own: the bytes by assignment and file."""
    made = []
    for solutions in (ROWS.directory.parent, ROWS.directory.parent, ROOT / "solutions"):
        to = tmp_path_factory.mktemp("exercises")
        done = run_course("release", "--solutions", solutions, "--to", to)
        assert done.returncode == 0, done.stderr
        made.append({path.parent.name: files_in(path.parent) for path in to.glob("*/*.ipynb")})
    assert made[0] == made[1]
    return made[0] | made[2]


def files_in(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}


@pytest.mark.parametrize("assignment", ASSIGNMENTS[1:], ids=lambda a: a.name)
def test_committed_exercises_are_what_the_solutions_give(assignment, fresh):
    found, made = files_in(ROOT / "exercises" / assignment.name), fresh[assignment.name]
    assert found.keys() == made.keys()
    different = [name for name in made if found[name] != made[name]]
    assert not different, f"{different} differ from solutions/: run `make exercises`"


def test_two_processes_give_the_same_bytes(fresh):
    assert fresh["01-rows"] == released_files(ROWS)  # and two other processes agreed with each other


@pytest.mark.parametrize("assignment", ASSIGNMENTS, ids=lambda a: a.name)
def test_no_line_of_a_solution_survives(assignment, fresh):
    files = fresh[assignment.name]
    shown = "\n".join(searchable(name, content) for name, content in files.items())
    # What a student is shown on purpose, outside the solution regions, is no secret where it also stands in one.
    public = set()
    secret = set()
    for path in assignment.notebooks:
        inside = False
        for line in (line for cell in read_source(path).cells for line in cell.source.splitlines()):
            if "BEGIN SOLUTION" in line or "END SOLUTION" in line:
                inside = "BEGIN" in line
            else:
                (secret if inside else public).add(line.strip())
    written = "\n".join(json.dumps(authored(assignment, path.stem)) for path in assignment.notebooks)
    assert secret
    assert all(json.dumps(line)[1:-1] in written for line in secret)  # the search below would find them
    for function in hidden_functions(assignment):
        secret |= {
            line.strip() for line in inspect.getsource(function).splitlines() if not line.lstrip().startswith("def ")
        }
    telling = {line for line in secret - public if len(line) > 12 and re.search(r"[=.(@]", line)}
    assert telling
    assert [line for line in telling if line in shown] == []
    assert "SOLUTION" not in shown


def hidden_functions(assignment):
    for question in assignment.questions:
        written = [question.cases, *question.alternatives.values()]
        written += [misconception.implementation for misconception in question.misconceptions]
        yield from (function for function in written if inspect.isfunction(function))


def searchable(name, content):
    if name.endswith(".ipynb"):
        return "\n".join(cell.source for cell in nbformat.reads(content.decode(), as_version=4).cells)
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        return "\n".join(file.read(member).decode("latin-1") for member in file.namelist())


@pytest.mark.parametrize("assignment", ASSIGNMENTS, ids=lambda a: a.name)
def test_notebooks_are_clean_and_their_cells_have_stable_ids(assignment, fresh):
    for name, content in fresh[assignment.name].items():
        if not name.endswith(".ipynb"):
            continue
        notebook = nbformat.reads(content.decode(), as_version=4)
        nbformat.validate(notebook)
        assert notebook.metadata.kernelspec.name == "python3"
        assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in notebook.cells)
        assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
        for cell in notebook.cells:
            grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
            assert cell.id == grade_id if grade_id else re.fullmatch(r"cell-\d\d|[a-z0-9-]+-guide", cell.id)
            solution = cell.metadata.get("nbgrader", {}).get("solution")
            if solution and cell.cell_type == "markdown":
                assert cell.source == "YOUR ANSWER HERE"
            elif solution:
                assert STUB.splitlines()[-1] in cell.source
                compile(cell.source, cell.id, "exec")


def test_writes_overwrites_and_removes_what_is_stale(tmp_path):
    paths = write_release(ROWS, tmp_path)
    assert [path.name for path in paths] == ["rows.ipynb", "rows.npz"]
    (tmp_path / "01-rows" / "old.npz").write_bytes(b"")
    (tmp_path / "01-rows" / "rows.npz").write_bytes(b"")
    write_release(ROWS, tmp_path)
    assert {path.name: path.read_bytes() for path in (tmp_path / "01-rows").iterdir()} == released_files(ROWS)


def test_never_overwrites_answers_without_force(tmp_path):
    path, _ = write_release(ROWS, tmp_path)
    path.write_text(json.dumps(answered(released(ROWS, "rows"), {"row-means": "def row_means(x): return x"})))
    with pytest.raises(ClassroomError, match="holds somebody's answers"):
        write_release(ROWS, tmp_path)
    write_release(ROWS, tmp_path, force=True)
    assert path.read_bytes() == released_files(ROWS)["rows.ipynb"]


def test_a_notebook_that_was_only_run_is_not_an_answer(tmp_path):
    path, _ = write_release(ROWS, tmp_path)
    run = json.loads(path.read_text())
    run["cells"][1]["execution_count"] = 3
    path.write_text(json.dumps(run))
    write_release(ROWS, tmp_path)
    assert path.read_bytes() == released_files(ROWS)["rows.ipynb"]


def test_the_real_assignment_has_six_questions_or_more():
    assert len(SELF_ATTENTION.questions) >= 6
