"""Every assignment of `solutions/`, for the tests that walk all of them: a new one is tested without new test code."""

import ast
from functools import cache
from pathlib import Path

import pytest

from classroom.authoring.notebook import BEGIN_SOLUTION, read_source
from classroom.authoring.release import PUBLIC_SEED
from classroom.questions.assignment import Asked, Assignment, all_assignments
from classroom.questions.drawing import materialise
from classroom.questions.drawn import DrawnQuestion
from classroom.questions.question import Question
from classroom.student_code.inprocess import InProcess

ROOT = Path(__file__).resolve().parents[2]
ASSIGNMENTS = all_assignments(ROOT / "solutions")
CHECKED = [(assignment, question) for assignment in ASSIGNMENTS for question in assignment.questions]
ASKED = [(assignment, question) for assignment in ASSIGNMENTS for question in assignment.asked]


def named(pair: tuple[Assignment, Asked]) -> str:
    """`02-self-attention/softmax`: what `-k` selects."""
    return f"{pair[0].name}/{pair[1].id}"


each_assignment = pytest.mark.parametrize("assignment", ASSIGNMENTS, ids=lambda a: a.name)
each_checked = pytest.mark.parametrize(
    ("assignment", "question"), [pytest.param(*pair, id=named(pair)) for pair in CHECKED]
)
each_asked = pytest.mark.parametrize(
    ("assignment", "question"), [pytest.param(*pair, id=named(pair)) for pair in ASKED]
)


_DRAWN: dict[tuple[str, int], DrawnQuestion] = {}


def drawn(assignment: Assignment, question: Question, seed: int = PUBLIC_SEED) -> DrawnQuestion:
    """A question's cases, drawn once for all tests of a file."""
    key = (named((assignment, question)), seed)
    if key not in _DRAWN:
        _DRAWN[key] = materialise(question, seed)
    return _DRAWN[key]


@cache
def imports(assignment: Assignment) -> str:
    """The imports of the assignment's notebooks, one a line, without what draws."""
    found = {}
    for path in assignment.notebooks:
        for cell in read_source(path).cells:
            for node in _statements(cell.source) if cell.cell_type == "code" else ():
                if isinstance(node, ast.Import | ast.ImportFrom) and "matplotlib" not in ast.unparse(node):
                    found[ast.unparse(node)] = None
    return "\n".join(found)


@cache
def solutions(assignment: Assignment) -> InProcess:
    """A student who has run the imports and the answer cells of the notebooks with solutions, and no other cell."""
    student = InProcess({})
    assert student.run_cell(imports(assignment)).error is None
    for path in assignment.notebooks:
        for cell in read_source(path).cells:
            if cell.cell_type == "code" and BEGIN_SOLUTION in cell.source and not _drawn_by_hand(cell):
                assert student.run_cell(cell.source).error is None
    return student


def _drawn_by_hand(cell) -> bool:
    return any(tag.startswith("answer:") for tag in cell.metadata.get("tags", ()))


def _statements(source: str) -> list[ast.stmt]:
    try:
        return ast.parse(source).body
    except SyntaxError:  # a cell with magics
        return []
