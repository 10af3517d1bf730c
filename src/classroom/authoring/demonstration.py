"""Cells that only show something: grading does not run them again while they are as they were released.

An author marks such a cell with the tag `demonstration`; its release carries a digest of its text. Training a layer
and drawing pictures can take longer than all questions together, and everybody has seen the result in the own
notebook. A cell that the student has changed runs like any other, and so does one that defines a name which the
student's own code uses: then leaving it out could change a grade.
"""

import hashlib
import re
import symtable
from collections.abc import Sequence
from typing import Any

from nbformat.notebooknode import NotebookNode

TAG = "demonstration"
MAX_ANALYSED = 100_000  # characters of a cell; what the compiler makes of more can take minutes and gigabytes
LEFT_OUT = "This cell is as it was released and only shows something: it was not run again for grading.\n"


def digest(source: str) -> str:
    """Tells two texts of a cell apart."""
    return hashlib.sha256(source.strip().encode("utf-8", "surrogatepass")).hexdigest()[:16]


def is_unchanged(cell: NotebookNode) -> bool:
    """Whether this is a demonstration as it was released."""
    return cell.cell_type == "code" and cell.metadata.get(TAG) == digest(cell.source)


def left_out(cells: Sequence[NotebookNode]) -> set[int]:
    """The positions of the demonstrations that need not run."""
    shown = {i for i, cell in enumerate(cells) if is_unchanged(cell)}
    others = [cell.source for i, cell in enumerate(cells) if cell.cell_type == "code" and i not in shown]
    used: set[str] = set().union(*map(used_names, others))
    return {i for i in shown if not defined_names(cells[i].source) & used}


def output() -> dict[str, Any]:
    """What stands below such a cell afterwards."""
    return {"output_type": "stream", "name": "stdout", "text": LEFT_OUT}


def defined_names(source: str) -> set[str]:
    """The global names that a cell assigns, imports or defines."""
    table = _table(source)
    if table is None:
        return _words(source)
    return {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()} | _declared_global(table)


def used_names(source: str) -> set[str]:
    """The global names that a cell reads and that something else must have defined."""
    table = _table(source)
    if table is None:
        return _words(source)
    return {s.get_name() for s in table.get_symbols() if s.is_referenced()} | _read_inside(table)


def _read_inside(table: symtable.SymbolTable) -> set[str]:
    inner = [_read_inside(child) for child in table.get_children()]
    own = {s.get_name() for s in table.get_symbols() if s.is_global()} if table.get_type() != "module" else set()
    return own.union(*inner)


def _declared_global(table: symtable.SymbolTable) -> set[str]:
    found = {s.get_name() for s in table.get_symbols() if s.is_declared_global()}
    return found.union(*(_declared_global(child) for child in table.get_children()))


def _table(source: str) -> symtable.SymbolTable | None:
    if len(source) > MAX_ANALYSED:
        return None
    try:
        return symtable.symtable(source, "<cell>", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # it has magics, cannot run, or is nested too deeply
        return None


def _words(source: str) -> set[str]:
    """Without a parse, every word could be a name."""
    return set(re.findall(r"[^\W\d]\w*", source))
