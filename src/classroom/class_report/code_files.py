"""The code of one submission that is compared with the others', and a sentence for each part that is not."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from classroom.class_report.code_units import MAX_CELL, without_comments
from classroom.submissions.submission import MAX_BYTES
from classroom.submissions.untrusted import one_line

MAX_CODE = 600_000  # characters of a whole submission, comments left out
LONG = 20_000  # characters of a piece that keeps its comments
MAX_FILES = 200  # modules beside the notebook


@dataclass
class CodeFiles:
    """Cells and modules as they were handed in, and what was left out."""

    cells: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def code_files(directory: Path) -> CodeFiles:
    """The code of a student's directory: the notebooks' cells, and the modules beside them.

    Where it is too much, the shortest pieces are compared: answers are short, and what hides them is long.
    """
    found = CodeFiles()
    pieces: list[tuple[str, str]] = []
    for path in sorted(directory.glob("*.ipynb")):
        pieces += _cells(path, found)
    modules = [p for p in sorted(directory.rglob("*.py")) if p.is_file() and not p.is_symlink()]
    if len(modules) > MAX_FILES:
        found.left_out.append(f"{len(modules) - MAX_FILES} of {len(modules)} modules were not compared.")
    for path in sorted(modules, key=lambda p: (p.stat().st_size, p))[:MAX_FILES]:
        pieces += _module(path, one_line(str(path.relative_to(directory))), found)
    left, chosen = MAX_CODE, set()
    for number in sorted(range(len(pieces)), key=lambda n: len(pieces[n][1])):
        where, code = pieces[number]
        if len(code) > MAX_CELL or len(code) > left:
            found.left_out.append(f"{where} was not compared: it holds {len(code):,} characters of code.")
            continue
        left -= len(code)
        chosen.add(number)
    found.cells = [code for number, (_, code) in enumerate(pieces) if number in chosen]
    return found


def _cells(path: Path, found: CodeFiles) -> list[tuple[str, str]]:
    name = one_line(path.name)
    try:
        if path.is_symlink() or path.stat().st_size > MAX_BYTES:
            found.left_out.append(f"{name} was not compared: it is a link, or larger than {MAX_BYTES >> 20} MiB.")
            return []
        notebook = json.loads(path.read_bytes().decode("utf-8-sig"))
        sources = [(n, c["source"]) for n, c in enumerate(notebook["cells"], start=1) if c["cell_type"] == "code"]
        cells = [(n, source if isinstance(source, str) else "".join(source)) for n, source in sources]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        found.left_out.append(f"{name} was not compared: it cannot be read as a notebook.")
        return []
    return [(f"{name}, cell {n}", _shorter(source)) for n, source in cells]


def _module(path: Path, name: str, found: CodeFiles) -> list[tuple[str, str]]:
    try:
        if path.stat().st_size > 4 * MAX_CODE:
            found.left_out.append(f"{name} was not compared: it is larger than {4 * MAX_CODE:,} bytes.")
            return []
        return [(name, _shorter(path.read_bytes().decode("utf-8", "replace").removeprefix("\ufeff")))]
    except OSError as error:
        found.left_out.append(f"{name} was not compared: it cannot be read ({error.strerror}).")
        return []


def _shorter(source: str) -> str:
    """Without comments where they make it long."""
    return source if len(source) <= LONG else without_comments(source)
