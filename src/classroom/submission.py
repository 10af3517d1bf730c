"""Reading a notebook that somebody submitted: whatever the file holds, a notebook or one sentence why not."""

import json
from pathlib import Path

import nbformat
from nbformat.notebooknode import NotebookNode
from nbformat.v4.rwbase import rejoin_lines

from classroom.errors import ClassroomError

MAX_BYTES = 100 * 2**20


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
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise InvalidNotebookError(f"{path} does not exist; check the path") from None
    except OSError as error:
        raise InvalidNotebookError(f"{path} cannot be read: {error.strerror}") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InvalidNotebookError(f"{path} is not a notebook: it is not JSON ({where}: {error.msg})") from None
    except (UnicodeDecodeError, RecursionError):
        raise InvalidNotebookError(f"{path} is not a notebook: it is not JSON in UTF-8") from None
    try:
        return _notebook(content)
    except nbformat.ValidationError as error:
        reason = error.message
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        reason = str(error) or type(error).__name__
    reason = reason if len(reason) < 200 else reason[:200] + " …"
    raise InvalidNotebookError(f"{path} is not a notebook: {reason}; save it again in Jupyter")


def _notebook(content: object) -> NotebookNode:
    if not isinstance(content, dict) or content.get("nbformat") != 4 or not isinstance(content.get("cells"), list):
        raise ValueError("it has no cells in notebook format 4")
    content["nbformat_minor"] = 5
    taken: set[str] = set()
    for position, cell in enumerate(content["cells"]):
        if cell.get("id") in taken or "id" not in cell:  # older programs write none, and some copy them
            cell["id"] = f"cell-{position}-of-{len(content['cells'])}"
        taken.add(cell["id"])
    notebook = rejoin_lines(nbformat.from_dict(content))
    nbformat.validate(notebook, relax_add_props=True)
    for cell in notebook.cells:
        if not isinstance(cell.metadata.get("nbgrader", {}), dict):
            raise ValueError("a cell's nbgrader metadata is not an object")
    nbformat.writes(notebook).encode()  # a lone surrogate cannot be written
    return notebook
