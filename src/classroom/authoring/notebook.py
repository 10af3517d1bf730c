"""Notebooks as instructors write them: py:percent text in, an nbgrader notebook with solutions out.

An author writes no nbgrader metadata. It is derived: the cell that defines a question's target and holds a
solution region is the answer cell; the cell `check("question-id")` is the locked check cell that carries the
points; the cell that builds the `Checker` is locked, so that the checks always find their cases. Only cells that
are there to show something need a word: the tag `demonstration` (`classroom.authoring.demonstration`).
"""

import ast
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat.notebooknode import NotebookNode

from classroom.authoring import demonstration
from classroom.errors import ClassroomError
from classroom.questions.question import Question

BEGIN_SOLUTION, END_SOLUTION = "BEGIN SOLUTION", "END SOLUTION"
SETUP = "setup"
SCHEMA_VERSION = 3  # of nbgrader's cell metadata


def read_source(path: Path) -> NotebookNode:
    """A py:percent file as a notebook without metadata of ours yet.

    Raises:
        ClassroomError: jupytext cannot read it.
    """
    import jupytext  # here, because `course check` reads no source and should not wait for it

    try:
        return jupytext.reads(path.read_text(encoding="utf-8"), fmt="py:percent")
    except (ValueError, SyntaxError, UnicodeDecodeError) as error:
        raise ClassroomError(f"{path} is not a py:percent notebook: {error}") from error


def checked_question(source: str) -> str | None:
    """The question id of a cell that holds `check("question-id")` and nothing else, or None."""
    match _statements(source):
        case [ast.Expr(ast.Call(ast.Name("check"), [ast.Constant(str() as question_id)], []))]:
            return question_id
    return None


def defined_names(source: str) -> set[str]:
    """The functions and classes that a cell defines at its top level."""
    definitions = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return {node.name for node in _statements(source) if isinstance(node, definitions)}


def builds_checker(source: str) -> bool:
    """Whether a cell assigns `check = Checker(…)`."""
    for node in _statements(source):
        match node:
            case ast.Assign([ast.Name("check")], ast.Call(ast.Name("Checker"))):
                return True
    return False


def _statements(source: str) -> list[ast.stmt]:
    try:
        return ast.parse(source).body
    except (SyntaxError, ValueError):  # a cell with magics, or a null byte; neither kind is ever a cell of ours
        return []


def author_notebook(path: Path, questions: Sequence[Question]) -> NotebookNode:
    """The notebook with solutions, as nbgrader's `source/` holds it: metadata, stable cell ids, no outputs.

    Each question that it checks must have exactly one answer cell and one check cell.

    Raises:
        ClassroomError: a cell is missing, doubled or unknown, or a solution region is outside an answer cell.
    """
    written = read_source(path)
    by_id = {question.id: question for question in questions}
    by_target = {question.target: question for question in questions}
    answers: dict[str, int] = {}
    checks: dict[str, int] = {}
    setups: list[int] = []
    cells = []
    for position, cell in enumerate(written.cells, start=1):
        where = f"{path.name}, cell {position}"
        grading = None
        if cell.cell_type == "code":
            asked = checked_question(cell.source)
            targets = sorted(defined_names(cell.source) & by_target.keys())
            if asked is not None:
                if asked not in by_id:
                    known = ", ".join(by_id)
                    raise ClassroomError(f"{where} checks an unknown question {asked!r}; there are: {known}")
                _once(checks, asked, position, f"{where}: the check cell")
                cell.source = f'check("{asked}")'  # the same text everywhere, so that an edited one is recognised
                grading = _metadata(asked, points=by_id[asked].points)
            elif BEGIN_SOLUTION in cell.source:
                if len(targets) != 1:
                    raise ClassroomError(
                        f"{where} has a solution region, so it must define exactly one question's target; "
                        f"it defines {', '.join(targets) or 'none'}"
                    )
                question = by_target[targets[0]]
                _once(answers, question.id, position, f"{where}: the answer cell")
                grading = _metadata(f"{question.id}-answer", solution=True)
            elif builds_checker(cell.source):
                setups.append(position)
                grading = _metadata(SETUP, locked=True)
        elif BEGIN_SOLUTION in cell.source:
            raise ClassroomError(f"{where} is text, but has a solution region; solutions belong in code cells")
        cells.append(_cell(cell, position, grading))
    _complete(path, answers, checks, setups)
    metadata = {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata, nbformat_minor=5)


def _metadata(
    grade_id: str, points: float | None = None, solution: bool = False, locked: bool = False
) -> dict[str, object]:
    grade = points is not None
    made = {
        "schema_version": SCHEMA_VERSION,
        "grade_id": grade_id,
        "grade": grade,
        "solution": solution,
        "locked": locked or grade,
        "task": False,
    }
    if grade:
        made["points"] = points
    return made


def _cell(cell: NotebookNode, position: int, grading: dict[str, object] | None) -> NotebookNode:
    make = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}
    make = make.get(cell.cell_type, nbformat.v4.new_raw_cell)
    metadata = {} if grading is None else {"nbgrader": grading}
    if tags := cell.metadata.get("tags"):
        metadata["tags"] = tags
        if demonstration.TAG in tags:
            metadata[demonstration.TAG] = demonstration.digest(cell.source)
    return make(cell.source, id=grading["grade_id"] if grading else f"cell-{position:02}", metadata=metadata)


def _once(seen: dict[str, int], question_id: str, position: int, what: str) -> None:
    if question_id in seen:
        first = seen[question_id]
        raise ClassroomError(f"{what} of {question_id!r} is there twice, first as cell {first}; keep one")
    seen[question_id] = position


def _complete(path: Path, answers: dict[str, int], checks: dict[str, int], setups: list[int]) -> None:
    if not checks:
        raise ClassroomError(f'{path.name} checks no question: add a cell with check("question-id")')
    if len(setups) != 1:
        raise ClassroomError(
            f"{path.name} must build its checker in exactly one cell (check = Checker(…)); {len(setups)} do"
        )
    if setups[0] > min(checks.values()):
        raise ClassroomError(f"{path.name} checks a question before it builds its checker; build it first")
    for question_id in sorted(answers.keys() ^ checks.keys()):
        lacks = "check" if question_id in answers else "answer"
        raise ClassroomError(
            f"{path.name}: question {question_id!r} has no {lacks} cell; add a cell with {_wanted(lacks, question_id)}"
        )
    for question_id, position in answers.items():
        if position > checks[question_id]:
            raise ClassroomError(f"{path.name} checks question {question_id!r} before its answer cell")


def _wanted(lacks: str, question_id: str) -> str:
    if lacks == "check":
        return f'check("{question_id}")'
    return "the target's definition and a solution region (### BEGIN SOLUTION … ### END SOLUTION)"
