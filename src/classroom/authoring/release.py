"""`exercises/` as a pure function of `solutions/`: the notebooks without solutions, and their public cases.

The transformation is nbgrader's own, by its own preprocessors, so what the repository holds is what
`nbgrader generate_assignment` makes in an instructor's course directory.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import nbformat
from nbformat.notebooknode import NotebookNode
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearHiddenTests,
    ClearMarkScheme,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
)
from nbgrader.utils import compute_checksum, is_solution
from traitlets.config import Config

from classroom.authoring.notebook import author_notebook, checked_question
from classroom.errors import ClassroomError
from classroom.questions.assignment import Assignment
from classroom.questions.cases import save_public
from classroom.questions.question import Question

# What stands where a solution was; the same text goes into a course directory's nbgrader_config.py.
STUB = '# Write your code here, and delete the next line.\nraise NotImplementedError("not written yet")'
# The public cases of every release come from this seed, so that a release can be repeated to the byte.
PUBLIC_SEED = 2017
# The order of nbgrader's GenerateAssignment, without its database.
STEPS = (
    LockCells,
    ClearSolutions,
    ClearOutput,
    CheckCellMetadata,
    ComputeChecksums,
    ClearHiddenTests,
    ClearMarkScheme,
    ComputeChecksums,
    CheckCellMetadata,
)


def release_notebook(authored: NotebookNode) -> NotebookNode:
    """The student's notebook: solutions replaced by stubs, check cells locked, checksums computed."""
    config = Config({"ClearSolutions": {"code_stub": {"python": STUB}}})
    released, resources = nbformat.from_dict(authored), {}
    for step in STEPS:
        released, resources = step(config=config).preprocess(released, resources)
    return released


def questions_in(notebook: NotebookNode, questions: Sequence[Question]) -> list[Question]:
    """The questions that a notebook checks, in the notebook's order."""
    by_id = {question.id: question for question in questions}
    asked = [checked_question(cell.source) for cell in notebook.cells if cell.cell_type == "code"]
    return [by_id[question_id] for question_id in asked if question_id in by_id]


def notebook_bytes(notebook: NotebookNode) -> bytes:
    """The notebook's file: sorted keys, one newline at the end, the same bytes for the same notebook."""
    nbformat.validate(notebook)
    return (nbformat.writes(notebook).rstrip("\n") + "\n").encode()


@cache
def authored_files(assignment: Assignment) -> dict[str, bytes]:
    """What nbgrader's `source/` holds for an assignment: notebooks with solutions, and their public cases.

    Raises:
        ClassroomError: a notebook or `questions.py` is not as it should be.
    """
    files = {}
    for path in assignment.notebooks:
        notebook = author_notebook(path, assignment.asked)
        files[f"{path.stem}.ipynb"] = notebook_bytes(notebook)
        files[f"{path.stem}.npz"] = save_public(questions_in(notebook, assignment.questions), PUBLIC_SEED)
    return files


def released_files(assignment: Assignment) -> dict[str, bytes]:
    """What students receive, by file name: the same bytes whenever the solutions are the same.

    Raises:
        ClassroomError: a notebook or `questions.py` is not as it should be.
    """
    files = dict(authored_files(assignment))
    for name, content in files.items():
        if name.endswith(".ipynb"):
            files[name] = notebook_bytes(release_notebook(nbformat.reads(content.decode(), as_version=4)))
    return files


def write_release(assignment: Assignment, exercises: Path, force: bool = False) -> list[Path]:
    """Writes an assignment's release into `exercises/NN-topic/`, and removes what it no longer has.

    Raises:
        ClassroomError: a notebook there holds somebody's answers, and `force` is not given.
    """
    files = released_files(assignment)
    directory = exercises / assignment.name
    stale = [
        path
        for path in [*directory.glob("*.ipynb"), *directory.glob("*.npz")]
        if path.name not in files or path.read_bytes() != files[path.name]
    ]
    for path in stale:
        if not force and path.suffix == ".ipynb" and has_answers(path):
            raise ClassroomError(
                f"{path} holds somebody's answers, and a release would overwrite them; "
                "move it somewhere else, or release with --force"
            )
    for path in stale:
        path.unlink()
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        if not (directory / name).exists():
            (directory / name).write_bytes(content)
    return [directory / name for name in sorted(files)]


def has_answers(path: Path) -> bool:
    """Whether an exercise's answer cells were edited since its release (or the file is no longer readable)."""
    try:
        cells = nbformat.read(path, as_version=4).cells
        return any(compute_checksum(c) != c.metadata.nbgrader.checksum for c in cells if is_solution(c))
    except (ValueError, AttributeError, KeyError, nbformat.ValidationError):
        return True
