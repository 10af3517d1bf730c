"""A bundle is all that a student needs, and no more: installed from its wheel alone, a notebook earns full marks."""

import base64
import hashlib
import importlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
import yaml
from submissions import ROWS, SELF_ATTENTION, solutions

from classroom.authoring import demonstration
from classroom.bundle.bundle import bundle_files, wheel_for, write_bundle
from classroom.bundle.modules import imports, needed
from classroom.bundle.wheel import make_wheel
from classroom.errors import ClassroomError
from classroom.submissions.scan import scan
from course.cli import main

# Runs a notebook's code as a kernel would, and prints what `check()` gives. Modules that a student lacks cannot be
# imported, and our own come from the wheel alone.
STUDENT = """
import importlib.abc, json, sys
from pathlib import Path
wheel, notebook, blocked = sys.argv[1], sys.argv[2], set(sys.argv[3].split(","))

class Blocked(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in blocked:
            raise ModuleNotFoundError(f"a student has no {name}", name=name)

sys.meta_path.insert(0, Blocked())
sys.path[:] = [wheel, *(p for p in sys.path if "site-packages" in p or "lib/python" in p)]
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
import matplotlib
matplotlib.use("agg")
for cell in json.loads(Path(notebook).read_text())["cells"]:
    if cell["cell_type"] == "code" and "demonstration" not in cell["metadata"].get("tags", []):
        shell.run_cell("".join(cell["source"])).raise_error()
result = shell.user_ns["check"]()
ours = {n: m.__file__ for n, m in sys.modules.items() if n.partition(".")[0] in ("classroom", "book_tools")}
assert all(file.startswith(wheel) for file in ours.values()), ours
print(json.dumps([[r.score, r.max_score] for r in result.results]))
"""
LACKING = ("nbgrader", "sqlalchemy", "jupyter_book", "sphinx", "jupytext", "distributed", "course", "transformer_lab",
           "tokenizers", "sacrebleu", "tensorboard", "nbconvert", "alembic")  # fmt: skip


@pytest.fixture(scope="module")
def files():
    return bundle_files([ROWS])


@pytest.mark.parametrize("assignment", [ROWS, SELF_ATTENTION], ids=lambda a: a.name)
def test_a_student_with_nothing_else_earns_full_marks(assignment, tmp_path):
    folder = write_bundle(bundle_files([assignment]), tmp_path / "bundle")
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    (notebook,) = folder.glob("*/*.ipynb")
    answers = solutions(assignment, notebook.stem)
    content = json.loads(notebook.read_text())
    for cell in content["cells"]:
        question = cell["id"].removesuffix("-answer")
        if question in answers:
            cell["source"] = answers[question]
    notebook.write_text(json.dumps(content))
    command = [sys.executable, "-I", "-c", STUDENT, str(tmp_path / "installed"), str(notebook), ",".join(LACKING)]
    done = subprocess.run(command, cwd=notebook.parent, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    scores = json.loads(done.stdout.splitlines()[-1])
    assert len(scores) == len(answers)
    assert all(score == most for score, most in scores)


def test_the_wheel_holds_only_what_a_student_needs(files):
    (name,) = [path for path in files if path.endswith(".whl")]
    inside = wheel_entries(files[name])
    assert "classroom/check.py" in inside
    assert "classroom/play.py" in inside
    assert "book_tools/style.py" in inside
    for folder in ("grading", "processes", "submissions", "authoring", "commands", "collecting", "bundle"):
        assert not any(path.startswith(f"classroom/{folder}/") for path in inside)
    assert not any(path.startswith(("course/", "transformer_lab/")) for path in inside)
    metadata = inside[next(path for path in inside if path.endswith("/METADATA"))].decode()
    required = {line.partition(": ")[2] for line in metadata.splitlines() if line.startswith("Requires-Dist")}
    assert {"torch", "numpy", "ipython", "matplotlib"} <= required
    assert not required & {"nbgrader", "jupyter-book", "jupytext"}


def wheel_entries(content):
    import io

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_wheel_is_one():
    made = make_wheel({"a/b.py": b"x = 1\n"}, ["numpy"], ">=3.11", "MIT")
    assert made == make_wheel({"a/b.py": b"x = 1\n"}, ["numpy"], ">=3.11", "MIT")
    assert made.name != make_wheel({"a/b.py": b"x = 2\n"}, ["numpy"], ">=3.11", "MIT").name
    inside = wheel_entries(made.content)
    (record,) = [path for path in inside if path.endswith("/RECORD")]
    rows = [line.split(",") for line in inside[record].decode().splitlines()]
    assert {row[0] for row in rows} == inside.keys()
    for path, digest, size in rows:
        if path != record:
            expected = base64.urlsafe_b64encode(hashlib.sha256(inside[path]).digest()).rstrip(b"=").decode()
            assert (digest, size) == (f"sha256={expected}", str(len(inside[path])))


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("import fcntl", "which is there on Linux alone"),
        ("def f():\n    import resource", "which is there on Linux alone"),
        ("from classroom.grading import run", "which is for instructors; import it inside a function"),
        ("from classroom import gone", None),  # a name, as far as one can read
        ("from classroom.gone.away import x", "has no classroom.gone"),
    ],
)
def test_what_a_student_must_not_need_is_refused(tmp_path, code, sentence):
    (tmp_path / "classroom").mkdir()
    (tmp_path / "classroom" / "__init__.py").write_text("")
    (tmp_path / "classroom" / "check.py").write_text(code)
    if sentence is None:
        needed(["classroom.check"], tmp_path)
        return
    with pytest.raises(ClassroomError, match=f"classroom.check imports .*{sentence}"):
        needed(["classroom.check"], tmp_path)


def test_imports_are_read_wherever_they_are():
    code = """
import a.b, c as d
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import no
else:
    import yes
try:
    import e
except ImportError:
    pass
def f():
    from .g import h
class K:
    from .. import m
"""
    found = set(imports(code, "p.q.r"))
    assert {("a.b", False), ("c", False), ("yes", False), ("e", False), ("p.q.g", True), ("p.q.g.h", True),
            ("p.m", False)} <= found  # fmt: skip
    assert not any(name.startswith("no") for name, _ in found)


def test_the_first_code_cell_installs_and_changes_no_grade(files):
    notebook = nbformat.reads(files["01-rows/rows.ipynb"].decode(), as_version=4)
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    (wheel,) = [path for path in files if path.endswith(".whl")]
    assert wheel in first.source
    assert "rows.npz" in first.source
    assert demonstration.is_unchanged(first)
    position = notebook.cells.index(first)
    assert position in demonstration.left_out(notebook.cells)
    assert scan(nbformat.v4.new_notebook(cells=[first]), {}, [], set()) == []


@pytest.fixture
def installing(tmp_path, monkeypatch):
    """A function that runs the first cell in a folder; what it told pip to install."""
    installed = []

    class Shell:
        def run_line_magic(self, name, line):
            installed.append((name, line))

    def run(source, there=(), find=lambda name: None):
        (tmp_path / "work").mkdir(exist_ok=True)
        monkeypatch.chdir(tmp_path / "work")
        for name in there:
            Path(name).write_bytes(b"")
        monkeypatch.setattr("importlib.util.find_spec", find)
        exec(compile(source, "cell", "exec"), {"get_ipython": Shell})
        return installed

    return run


def install_cell(files):
    notebook = nbformat.reads(files["01-rows/rows.ipynb"].decode(), as_version=4)
    return next(cell.source for cell in notebook.cells if cell.id == "install")


def test_the_cell_installs_what_lies_beside_or_is_on_the_web(files, installing, tmp_path):
    (wheel,) = [path for path in files if path.endswith(".whl")]
    with pytest.raises(FileNotFoundError, match=r"rows\.npz is missing: keep this notebook in the folder"):
        installing(install_cell(files))
    (tmp_path / wheel).write_bytes(files[wheel])
    assert installing(install_cell(files), ["rows.npz"]) == [("pip", f"install --quiet ../{wheel}")]
    (tmp_path / wheel).unlink()
    (tmp_path / "work" / "rows.npz").unlink()
    web = tmp_path / "web"
    write_bundle(files, web)
    source = install_cell(bundle_files([ROWS], "https://example.org/course/")).replace(
        "https://example.org/course", web.as_uri()
    )
    assert installing(source)[-1] == ("pip", f"install --quiet {wheel}")
    assert Path(wheel).read_bytes() == files[wheel]
    assert Path("rows.npz").read_bytes() == files["01-rows/rows.npz"]


def test_on_colab_the_cell_asks_for_the_files(files, installing, monkeypatch, capsys):
    (wheel,) = [path for path in files if path.endswith(".whl")]
    source = install_cell(files)

    def upload():
        for name in (wheel, "rows.npz"):
            Path(name).write_bytes(b"")

    colab = SimpleNamespace(files=SimpleNamespace(upload=upload))
    usual = importlib.import_module
    monkeypatch.setattr("importlib.import_module", lambda name: colab if name == "google.colab" else usual(name))
    found = {"google": True, "google.colab": True}
    assert installing(source, find=found.get) == [("pip", f"install --quiet {wheel}")]
    assert f"choose: rows.npz {wheel}" in capsys.readouterr().out
    assert installing(source, find=found.get) == [("pip", f"install --quiet {wheel}")] * 2
    assert "choose" not in capsys.readouterr().out  # they are there now


def test_what_binder_and_pip_read_names_what_is_there(files):
    environment = yaml.safe_load(files["environment.yml"])
    (packages,) = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    assert packages == files["requirements.txt"].decode().split()
    local = [package.removeprefix("./") for package in packages if package.startswith("./")]
    assert [name for name in local if name in files] == local != []
    assert all("==" in package and "+" not in package for package in packages if not package.startswith("./"))


def test_the_command_writes_a_folder_or_a_zip_file(tmp_path, capsys):
    common = ["--solutions", str(ROWS.directory.parent)]
    assert main(["release", "rows", "--bundle", str(tmp_path / "b"), *common]) == 0
    assert main(["release", "rows", "--bundle", str(tmp_path / "b.zip"), *common]) == 0
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        inside = {name: archive.read(name) for name in archive.namelist()}
    folder = {f"b/{p.relative_to(tmp_path / 'b')}": p.read_bytes() for p in (tmp_path / "b").rglob("*") if p.is_file()}
    assert inside == folder
    assert main(["release", "rows", "--bundle", str(tmp_path / "b"), *common]) == 0  # again
    assert len(list((tmp_path / "b").glob("*.whl"))) == 1
    notebook = tmp_path / "b" / "01-rows" / "rows.ipynb"
    notebook.write_text(notebook.read_text().replace("NotImplementedError", "OSError"))
    kept = notebook.read_bytes()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("precious")
    capsys.readouterr()
    for to, sentence in ((tmp_path / "b", "holds somebody's answers"), (tmp_path / "other", "holds something else")):
        assert main(["release", "rows", "--bundle", str(to), *common]) == 2
        assert sentence in capsys.readouterr().err
    assert notebook.read_bytes() == kept
    assert main(["release", "rows", "--url", "https://example.org", *common]) == 2


def test_the_same_solutions_give_the_same_bytes(files):
    assert bundle_files([ROWS]) == files
    assert wheel_for([ROWS])[0].content in files.values()
