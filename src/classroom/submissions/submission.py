"""Reading a notebook that somebody submitted: whatever the file holds, a notebook or one sentence why not."""

import json
import re
from pathlib import Path
from typing import Any

import nbformat
from nbformat.notebooknode import NotebookNode
from nbformat.v4.rwbase import rejoin_lines

from classroom.authoring import demonstration
from classroom.errors import ClassroomError
from classroom.submissions.untrusted import safe_attachments

MAX_BYTES = 100 * 2**20
MAX_PARTS = 5_000_000  # values in the file: a notebook full of plotted data has a tenth of it
MAX_CELLS = 5_000
MAX_SOURCE = 10 * 2**20  # characters of all cells together
VALID_ID = re.compile(r"[a-zA-Z0-9-_]{1,64}")


class InvalidNotebookError(ClassroomError):
    """The file is not a notebook. The message says what is wrong with it, and what to do."""


def read_notebook(path: Path) -> NotebookNode:
    """A student's notebook, with cell ids, whichever program wrote it.

    Raises:
        InvalidNotebookError: it is missing, too large, not JSON, or not a notebook of format 4.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InvalidNotebookError(f"{path} is larger than {MAX_BYTES // 2**20} MiB; clear its outputs and save it")
        content = path.read_bytes()
    except FileNotFoundError:
        raise InvalidNotebookError(f"{path} does not exist; check the path") from None
    except OSError as error:
        raise InvalidNotebookError(f"{path} cannot be read: {error.strerror}") from None
    return parse_notebook(content, str(path))


def parse_notebook(content: bytes, path: str) -> NotebookNode:
    """The notebook that a file holds; `path` is what messages call it.

    Raises:
        InvalidNotebookError: it is too large, not JSON, or not a notebook of format 4.
    """
    if len(content) > MAX_BYTES:
        raise InvalidNotebookError(f"{path} is larger than {MAX_BYTES // 2**20} MiB; clear its outputs and save it")
    if any(content.count(sign) > MAX_PARTS for sign in (b",", b"[", b"{")):
        raise InvalidNotebookError(f"{path} holds more values than a notebook can; clear its outputs and save it")
    try:
        decoded = json.loads(content.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InvalidNotebookError(f"{path} is not a notebook: it is not JSON ({where}: {error.msg})") from None
    except (UnicodeDecodeError, RecursionError):
        raise InvalidNotebookError(f"{path} is not a notebook: it is not JSON in UTF-8") from None
    try:
        return _notebook(decoded)
    except nbformat.ValidationError as error:
        reason = error.message
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        reason = str(error) or type(error).__name__
    reason = reason if len(reason) < 200 else reason[:200] + " …"
    raise InvalidNotebookError(f"{path} is not a notebook: {reason}; save it again in Jupyter")


def _notebook(content: object) -> NotebookNode:
    if not isinstance(content, dict) or content.get("nbformat") != 4 or not isinstance(content.get("cells"), list):
        raise ValueError("it has no cells in notebook format 4")
    if len(content["cells"]) > MAX_CELLS:
        raise ValueError(f"it has more than {MAX_CELLS} cells")
    cells = [_only_what_grading_needs(cell) for cell in content["cells"]]
    if sum(len(str(cell.get("source", ""))) for cell in cells) > MAX_SOURCE:
        raise ValueError(f"its cells hold more than {MAX_SOURCE // 2**20} MiB of text")
    taken: set[str] = set()
    for position, cell in enumerate(cells):
        if cell.get("id") in taken or "id" not in cell:  # older programs write none, and some copy them
            cell["id"] = f"cell-{position}-of-{len(cells)}"
        taken.add(cell["id"])
    written = nbformat.from_dict(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": _language(content.get("metadata")), "cells": cells}
    )
    notebook = rejoin_lines(written)
    nbformat.validate(notebook)
    nbformat.writes(notebook).encode()  # a lone surrogate cannot be written
    return notebook


def _only_what_grading_needs(cell: object) -> dict[str, Any]:
    """The cell without outputs, which grading makes anew, and without what programs and people hang on to a cell."""
    if not isinstance(cell, dict):
        raise ValueError("one of its cells is not an object")
    kept = {key: cell[key] for key in ("cell_type", "source", "metadata") if key in cell}
    if isinstance(cell.get("id"), str) and VALID_ID.fullmatch(cell["id"]):
        kept["id"] = cell["id"]
    if isinstance(cell.get("metadata"), dict):
        grading = cell["metadata"].get("nbgrader", {})
        if not isinstance(grading, dict):
            raise ValueError("a cell's nbgrader metadata is not an object")
        grading = {key: value for key, value in grading.items() if isinstance(value, str | bool | int | float)}
        kept["metadata"] = {"nbgrader": grading} if grading else {}
        if isinstance(cell["metadata"].get(demonstration.TAG), str):
            kept["metadata"][demonstration.TAG] = cell["metadata"][demonstration.TAG][:64]
    if cell.get("cell_type") == "code":
        kept |= {"outputs": [], "execution_count": None}
    elif attached := safe_attachments(cell.get("attachments")):
        kept["attachments"] = attached
    return kept


def _language(metadata: object) -> dict[str, Any]:
    """The language that the notebook says it is written in, where it says so."""
    for key, name in (("kernelspec", "language"), ("language_info", "name")):
        described = metadata.get(key) if isinstance(metadata, dict) else None
        if isinstance(described, dict) and isinstance(described.get(name), str):
            return {"language_info": {"name": described[name][:40]}}
    return {}
