"""Notebooks as instructors write them: py:percent text in, an nbgrader notebook with solutions out.

An author writes no nbgrader metadata. It is derived: the cell that defines a question's target and holds a
solution region is the answer cell; the cell `check("question-id")` is the locked check cell that carries the
points; the cell that builds the `Checker` is locked, so that the checks always find their cases. Two kinds of cells
need a word, as a tag: `demonstration` is there to show something (`classroom.authoring.demonstration`), and
`answer:question-id` is answered in words or by a plot, which a person grades.

What a question says of itself (guide, hints, worked example, rubric) is written above its answer cell, from the
question (`classroom.authoring.guided`).
"""

import ast
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat.notebooknode import NotebookNode

from classroom.authoring import demonstration
from classroom.authoring.guided import guide_text, rubric_text
from classroom.errors import ClassroomError
from classroom.questions.assignment import Asked
from classroom.questions.question import Question
from classroom.questions.written import WrittenQuestion

BEGIN_SOLUTION, END_SOLUTION = "BEGIN SOLUTION", "END SOLUTION"
ANSWER = "answer:"  # how the tag begins that names a written question
RUBRIC = "-rubric"  # how the grade id of a written question's rubric ends
SETUP = "setup"
ADVICE = '# "check is not defined"? After a restart, run the cells above first, from the top.'
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


def check_source(question_id: str) -> str:
    """What the check cell of a question holds: the same text everywhere, so that an edited one is recognised.

    After a restart `check` is the first name that a student misses, so the cell itself says what to do.
    """
    return f'{ADVICE}\ncheck("{question_id}")'


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


def author_notebook(path: Path, asked: Sequence[Asked]) -> NotebookNode:
    """The notebook with solutions, as nbgrader's `source/` holds it: metadata, stable cell ids, no outputs.

    Each question that it checks must have exactly one answer cell and one check cell, each written question one
    answer cell.

    Raises:
        ClassroomError: a cell is missing, doubled or unknown, or a solution region is outside an answer cell.
    """
    written = read_source(path)
    by_id = {question.id: question for question in asked}
    by_target = {question.target: question for question in asked if isinstance(question, Question)}
    answers: dict[str, int] = {}
    checks: dict[str, int] = {}
    texts: dict[str, int] = {}
    setups: list[int] = []
    cells = []
    for position, cell in enumerate(written.cells, start=1):
        where = f"{path.name}, cell {position}"
        grading = None
        if (named := _answers(cell)) is not None:
            question = by_id.get(named)
            if not isinstance(question, WrittenQuestion):
                known = ", ".join(q.id for q in asked if isinstance(q, WrittenQuestion)) or "none"
                raise ClassroomError(f"{where} answers an unknown written question {named!r}; there are: {known}")
            if BEGIN_SOLUTION not in cell.source:
                raise ClassroomError(
                    f"{where} answers {named!r} without a solution region: write a model answer in one"
                )
            _once(texts, named, position, f"{where}: the answer cell")
            cells += [_generated(f"{named}-guide", guide_text(question.guide)), _rubric(question)]
            grading = _metadata(named, points=question.points, solution=True)
        elif cell.cell_type == "code":
            checked = checked_question(cell.source)
            targets = sorted(defined_names(cell.source) & by_target.keys())
            if checked is not None:
                if not isinstance(by_id.get(checked), Question):
                    known = ", ".join(q.id for q in by_target.values())
                    raise ClassroomError(f"{where} checks an unknown question {checked!r}; there are: {known}")
                _once(checks, checked, position, f"{where}: the check cell")
                cell.source = check_source(checked)
                grading = _metadata(checked, points=by_id[checked].points)
            elif BEGIN_SOLUTION in cell.source:
                if len(targets) != 1:
                    raise ClassroomError(
                        f"{where} has a solution region, so it must define exactly one question's target; "
                        f"it defines {', '.join(targets) or 'none'}"
                    )
                question = by_target[targets[0]]
                _once(answers, question.id, position, f"{where}: the answer cell")
                if question.guide is not None:
                    cells.append(_generated(f"{question.id}-guide", guide_text(question.guide, question.example)))
                grading = _metadata(f"{question.id}-answer", solution=True)
            elif builds_checker(cell.source):
                setups.append(position)
                grading = _metadata(SETUP, locked=True)
        elif BEGIN_SOLUTION in cell.source:
            raise ClassroomError(
                f"{where} is text, but has a solution region; solutions belong in code cells, "
                f"or in a cell with the tag {ANSWER}ID of a written question"
            )
        cells.append(_cell(cell, position, grading))
    _complete(path, answers, checks, setups)
    metadata = {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata, nbformat_minor=5)


def _answers(cell: NotebookNode) -> str | None:
    """The id of the written question that a cell's tag names, or None."""
    for tag in cell.metadata.get("tags", ()):
        if tag.startswith(ANSWER):
            return tag.removeprefix(ANSWER)
    return None


def _generated(cell_id: str, text: str) -> NotebookNode:
    return nbformat.v4.new_markdown_cell(text, id=cell_id)


def _rubric(question: WrittenQuestion) -> NotebookNode:
    """Locked, so that whoever grades finds it as it was written."""
    grade_id = question.id + RUBRIC
    cell = _generated(grade_id, rubric_text(question))
    cell.metadata["nbgrader"] = _metadata(grade_id, locked=True)
    return cell


def _metadata(
    grade_id: str, points: float | None = None, solution: bool = False, locked: bool = False
) -> dict[str, object]:
    grade = points is not None
    made = {
        "schema_version": SCHEMA_VERSION,
        "grade_id": grade_id,
        "grade": grade,
        "solution": solution,
        "locked": locked or (grade and not solution),
        "task": False,
    }
    if grade:
        made["points"] = points
    return made


def _cell(cell: NotebookNode, position: int, grading: dict[str, object] | None) -> NotebookNode:
    make = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}
    make = make.get(cell.cell_type, nbformat.v4.new_raw_cell)
    metadata = {} if grading is None else {"nbgrader": grading}
    if tags := [tag for tag in cell.metadata.get("tags", ()) if not tag.startswith(ANSWER)]:
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
