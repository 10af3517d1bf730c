"""`course release --bundle`: a folder, or a zip file, that a student can use with nothing else of this project."""

import ast
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import nbformat

from classroom.authoring.release import has_answers, notebook_bytes, released_files
from classroom.bundle.install_cell import with_install_cell
from classroom.bundle.modules import Needed, distributions, imports, needed
from classroom.bundle.wheel import Wheel, make_wheel, zipped
from classroom.errors import ClassroomError
from classroom.questions.assignment import Assignment

SOURCE = Path(__file__).resolve().parents[2]  # src/
ENTRIES = ("classroom.check", "classroom.play", "book_tools.style")  # and whatever the notebooks import
PYTHON = ">=3.11"
KERNEL = ("ipykernel", "ipywidgets")  # for those who have no Jupyter yet
MARK = "environment.yml"  # what tells a bundle from another folder

README = """# Your notebooks

Each folder is an assignment: a notebook, and beside it the cases with which it checks itself.

**On your computer** (Python {python} or newer, in JupyterLab or VS Code), in this folder:

    python -m venv .venv
    .venv/bin/pip install -r requirements.txt        (Windows: .venv\\Scripts\\pip)

Open a notebook and choose this environment as its kernel.

**On Colab**: upload a notebook and run its first cell. {colab}

**On Binder, or with conda**: environment.yml says what is needed.

Hand in the notebook alone, under its name.
"""
ASKED = "It asks for the two files that it needs; choose them from this folder."
FETCHED = "It fetches what it needs."


def wheel_for(assignments: Sequence[Assignment], source: Path = SOURCE) -> tuple[Wheel, list[str]]:
    """The wheel that these assignments' notebooks need, and the packages of others.

    Raises:
        ClassroomError: they need something that a student must not need.
    """
    found = _needed(assignments, source)
    requires = distributions(found.others)
    files = {str(path.relative_to(source)): path.read_bytes() for path in found.files.values()}
    licence = source.parent / "LICENSE"
    text = licence.read_text(encoding="utf-8") if licence.is_file() else "MIT\n"
    return make_wheel({**files, **_data(files, source)}, requires, PYTHON, text), requires


def bundle_files(assignments: Sequence[Assignment], address: str = "", source: Path = SOURCE) -> dict[str, bytes]:
    """What the bundle holds, by path. `address`: where the folder will be on the web, for notebooks opened elsewhere.

    Raises:
        ClassroomError: an assignment is not as it should be, or needs what a student must not need.
    """
    wheel, requires = wheel_for(assignments, source)
    files: dict[str, bytes] = {wheel.name: wheel.content}
    for assignment in assignments:
        released = released_files(assignment)
        for name, content in released.items():
            if name.endswith(".ipynb"):
                beside = tuple(other for other in released if other == f"{name.removesuffix('.ipynb')}.npz")
                notebook = nbformat.reads(content.decode(), as_version=4)
                content = notebook_bytes(with_install_cell(notebook, wheel.name, beside, assignment.name, address))
            files[f"{assignment.name}/{name}"] = content
    pinned = [_pinned(name) for name in sorted({*requires, *KERNEL})]
    colab = FETCHED if address else ASKED
    files["README.md"] = README.format(python=PYTHON.removeprefix(">="), colab=colab).encode()
    files["requirements.txt"] = ("\n".join([*pinned, f"./{wheel.name}"]) + "\n").encode()
    files[MARK] = _environment([*pinned, f"./{wheel.name}"]).encode()
    return files


def write_bundle(files: Mapping[str, bytes], to: Path, force: bool = False) -> Path:
    """Writes a folder, or a zip file where `to` ends so.

    Raises:
        ClassroomError: the folder holds something else, or somebody's answers; or it cannot be written.
    """
    try:
        if to.suffix.lower() == ".zip":
            to.parent.mkdir(parents=True, exist_ok=True)
            part = to.with_name(f"{to.name}.part")
            part.write_bytes(zipped({f"{to.stem}/{path}": content for path, content in files.items()}))
            return part.replace(to)
        if to.is_file() or (to.is_dir() and any(to.iterdir()) and not (to / MARK).is_file()):
            raise ClassroomError(f"{to} holds something else; name a new or empty folder for the bundle")
        for path in sorted(to.glob("*/*.ipynb")):
            if not force and has_answers(path):
                raise ClassroomError(f"{path} holds somebody's answers; move it somewhere else, or use --force")
        for old in to.glob("*.whl"):
            old.unlink()
        for path, content in files.items():
            (to / path).parent.mkdir(parents=True, exist_ok=True)
            (to / path).write_bytes(content)
    except OSError as error:
        raise ClassroomError(f"the bundle cannot be written to {to}: {error.strerror}") from error
    return to


def _needed(assignments: Sequence[Assignment], source: Path) -> Needed:
    entries = list(ENTRIES)
    for assignment in assignments:
        for name, content in released_files(assignment).items():
            if name.endswith(".ipynb"):
                for cell in nbformat.reads(content.decode(), as_version=4).cells:
                    if cell.cell_type == "code":
                        entries += [module for module, _ in imports(cell.source)]
    return needed(entries, source)


def _data(files: Mapping[str, bytes], source: Path) -> dict[str, bytes]:
    """Files of the packages that the modules name in a text of theirs: a style sheet, a script."""
    found = {}
    for path, content in files.items():
        for node in ast.walk(ast.parse(content)):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and re.fullmatch(r"[\w./-]+\.\w+", node.value)
            ):
                for place in (source / path).parent, (source / path).parents[len(Path(path).parts) - 2]:
                    beside = place / node.value
                    if beside.is_file() and beside.suffix != ".py" and beside.resolve().is_relative_to(source):
                        found[str(beside.resolve().relative_to(source))] = beside.read_bytes()
    return found


def _pinned(name: str) -> str:
    """The package in the version that the course is tested with."""
    try:
        return f"{name}=={version(name).partition('+')[0]}"
    except PackageNotFoundError:
        return name


def _environment(packages: Sequence[str]) -> str:
    lines = [
        "name: transformer-course",
        "channels: [conda-forge]",
        "dependencies:",
        "  - python=3.11",
        "  - pip",
        "  - pip:",
    ]
    return "\n".join([*lines, *(f"      - {package}" for package in packages)]) + "\n"
