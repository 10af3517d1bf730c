"""The cells that a student may not change, and how a submission gets them back.

Students delete, copy, edit and re-tag cells, on purpose or by accident. Grading never depends on that: every
official cell is matched to what was released and restored, and what was found is written down for a person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import nbformat
from nbformat.notebooknode import NotebookNode

from classroom.authoring.notebook import SCHEMA_VERSION, check_source, checked_question
from classroom.questions.drawn import DrawnQuestion
from classroom.submissions.untrusted import Room, as_code, safe_markdown

KERNEL = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
GRADING_KEYS = ("grade", "solution", "locked", "points")  # metadata that decides how nbgrader treats a cell


@dataclass(frozen=True)
class OfficialCell:
    """A cell of the release that carries a grade id: an answer cell, a check cell, or a locked one."""

    grade_id: str
    source: str
    cell_type: str = "code"
    points: float | None = None  # of a check cell, and of an answer that a person grades
    solution: bool = False

    @property
    def kind(self) -> str:
        """What people call it."""
        if self.solution:
            return "answer cell"
        return "locked cell" if self.points is None else "check cell"

    @property
    def checked(self) -> bool:
        """Whether the examiner gives its points."""
        return self.points is not None and not self.solution

    @property
    def by_hand(self) -> bool:
        """Whether a person gives its points."""
        return self.points is not None and self.solution

    @property
    def metadata(self) -> dict[str, Any]:
        """What nbgrader writes into the cell's metadata, without the checksum."""
        made = {
            "schema_version": SCHEMA_VERSION,
            "grade_id": self.grade_id,
            "grade": self.points is not None,
            "solution": self.solution,
            "locked": not self.solution,
            "task": False,
            "cell_type": self.cell_type,
        }
        return made if self.points is None else made | {"points": self.points}


def check_cells(questions: Sequence[DrawnQuestion]) -> list[OfficialCell]:
    """The check cells that a student's notebook must have, from its public cases."""
    return [OfficialCell(q.id, check_source(q.id), points=q.points) for q in questions]


def restore(notebook: NotebookNode, official: Sequence[OfficialCell]) -> tuple[NotebookNode, list[str]]:
    """A copy with every locked official cell as it was released, and a sentence for each thing found.

    A deleted check cell, or answer that a person grades, comes back after the official cell before it; of several
    copies the last one counts (as in nbgrader); a cell that only claims to be official becomes an ordinary one.
    Answers are never touched.
    """
    cells = [nbformat.from_dict(cell) for cell in notebook.cells]
    flags: list[str] = []
    _forget_unknown(cells, {o.grade_id for o in official}, flags)
    place = -1  # of the official cell before
    for cell in official:
        place = _restore_one(cells, cell, place, flags)
    _note_order(cells, flags)
    _unique_ids(cells)
    room = Room()
    cells = [_shown_safely(cell, position, official, room, flags) for position, cell in enumerate(cells, start=1)]
    _note_language(notebook, flags)
    return nbformat.v4.new_notebook(cells=cells, metadata=KERNEL, nbformat_minor=5), flags


def is_check_cell(cell: NotebookNode) -> bool:
    """Whether the examiner gives points for this cell; an answer that a person grades is none."""
    given = cell.metadata.get("nbgrader", {})
    return bool(given.get("grade")) and not given.get("solution")


def _grade_id(cell: NotebookNode) -> str | None:
    grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
    return grade_id if isinstance(grade_id, str) else None


def _forget_unknown(cells: list[NotebookNode], known: set[str], flags: list[str]) -> None:
    for position, cell in enumerate(cells, start=1):
        if "nbgrader" in cell.metadata and _grade_id(cell) not in known:
            grade_id = (_grade_id(cell) or "without a name")[:60]
            flags.append(f"Cell {position} is marked as graded ({grade_id!r}), but was not released.")
            del cell.metadata["nbgrader"]


def _restore_one(cells: list[NotebookNode], official: OfficialCell, before: int, flags: list[str]) -> int:
    """Restores one official cell in place; its position."""
    name = f"The {official.kind} {official.grade_id!r}"
    places = [i for i, cell in enumerate(cells) if _grade_id(cell) == official.grade_id]
    if not places:
        places = [i for i, cell in enumerate(cells) if _looks_like(cell, official)]
        if places:
            flags.append(f"{name} had lost its nbgrader metadata.")
    if not places:
        if official.solution and not official.by_hand:
            flags.append(f"{name} was deleted.")
            return before
        flags.append(f"{name} was deleted.")
        cells.insert(before + 1, _fresh(official))
        return before + 1
    if len(places) > 1:
        flags.append(f"{name} is there {len(places)} times; the last one counts.")
        for place in places[:-1]:
            cells[place].metadata.pop("nbgrader", None)
    place = places[-1]
    found = cells[place]
    if found.cell_type != official.cell_type:
        flags.append(f"{name} had become a {found.cell_type} cell.")
    given = found.metadata.get("nbgrader", {})
    if given and any(given.get(key) != value for key, value in official.metadata.items() if key in GRADING_KEYS):
        flags.append(f"{name} had other nbgrader metadata than was released.")
    if not (official.solution or _says_the_same(found.source, official)):
        flags.append(f"{name} was edited.")
    cells[place] = _fresh(official, found)
    return place


def _says_the_same(source: str, official: OfficialCell) -> bool:
    """Whether a cell holds what was released; a check cell may have lost its comment, or never had it."""
    if official.checked and checked_question(source) == official.grade_id:
        return True
    return source.strip() == official.source.strip()


def _looks_like(cell: NotebookNode, official: OfficialCell) -> bool:
    if "nbgrader" in cell.metadata:
        return False
    if official.checked and cell.cell_type == "code":
        return checked_question(cell.source) == official.grade_id
    return cell.get("id") == official.grade_id


def _fresh(official: OfficialCell, found: NotebookNode | None = None) -> NotebookNode:
    """The official cell. An answer keeps what the student wrote; a locked cell is as released."""
    source = found.source if found is not None and official.solution else official.source
    make = nbformat.v4.new_code_cell if official.cell_type == "code" else nbformat.v4.new_markdown_cell
    cell = make(source, id=official.grade_id, metadata={"nbgrader": official.metadata, "deletable": False})
    if not official.solution:
        cell.metadata["editable"] = False
    return cell


def _note_order(cells: list[NotebookNode], flags: list[str]) -> None:
    seen: set[str] = set()
    ids = {_grade_id(cell) for cell in cells}
    for cell in cells:
        grade_id = _grade_id(cell)
        if is_check_cell(cell) and f"{grade_id}-answer" in ids - seen:
            flags.append(f"The check cell {grade_id!r} stands before its answer cell.")
        seen.add(grade_id)


def _shown_safely(
    cell: NotebookNode, position: int, official: Sequence[OfficialCell], room: Room, flags: list[str]
) -> NotebookNode:
    """The cell, with text in it that only shows; a raw cell, which a page would take for HTML, as text."""
    if cell.cell_type == "code" or _grade_id(cell) in {o.grade_id for o in official if not o.solution}:
        return cell
    if cell.cell_type == "raw":
        return nbformat.v4.new_markdown_cell(as_code(cell.source), id=cell.id)
    cell.source, found = safe_markdown(cell.source, cell.get("attachments"), room)
    if found:
        flags.append(f"Cell {position} is text that holds {', '.join(found)}: its source is shown instead.")
    return cell


def _note_language(notebook: NotebookNode, flags: list[str]) -> None:
    language = notebook.metadata.get("language_info", {}).get("name", "python")
    if "python" not in language.lower():
        flags.append(f"The notebook says that it is written in {language!r}; it was run as Python.")


def _unique_ids(cells: list[NotebookNode]) -> None:
    taken = {_grade_id(cell) for cell in cells}
    for position, cell in enumerate(cells):
        if _grade_id(cell):
            continue
        if cell.get("id") in taken or "id" not in cell:
            cell["id"] = f"cell-{position}-{len(taken)}"
        taken.add(cell["id"])
