import json

import pytest
from submissions import ROWS, released

from classroom.submissions.submission import InvalidNotebookError, read_notebook

NOTEBOOK = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": []}
CODE = {"cell_type": "code", "metadata": {}, "source": ["a = 1\n", "b"], "outputs": [], "execution_count": None}


def write(tmp_path, content):
    path = tmp_path / "work.ipynb"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", r"not JSON \(line 1, column 1"),
        (b'{"cells": [\n  oops', r"not JSON \(line 2, column 3"),
        (b"\xff\xfe\x00", "not JSON in UTF-8"),
        (b"[" * 100_000, "not JSON in UTF-8"),
        (b"[]", "no cells in notebook format 4"),
        (b"{}", "no cells in notebook format 4"),
        (NOTEBOOK | {"nbformat": 3}, "no cells in notebook format 4"),
        (NOTEBOOK | {"cells": {}}, "no cells in notebook format 4"),
        (NOTEBOOK | {"cells": [1]}, "is not a notebook"),
        (NOTEBOOK | {"cells": [{"cell_type": "code"}]}, "'metadata' is a required property"),
        (NOTEBOOK | {"cells": [CODE | {"source": 5}]}, "is not a notebook"),
        (NOTEBOOK | {"cells": [CODE | {"metadata": {"nbgrader": 3}}]}, "nbgrader metadata is not an object"),
        (NOTEBOOK | {"cells": [CODE | {"source": "\ud800"}]}, "is not a notebook"),
    ],
)
def test_whatever_is_not_a_notebook_gets_a_sentence(tmp_path, content, sentence):
    with pytest.raises(InvalidNotebookError, match=sentence):
        read_notebook(write(tmp_path, content))


def test_a_missing_file_or_a_directory_gets_a_sentence(tmp_path):
    with pytest.raises(InvalidNotebookError, match="does not exist; check the path"):
        read_notebook(tmp_path / "none.ipynb")
    with pytest.raises(InvalidNotebookError, match="cannot be read"):
        read_notebook(tmp_path)


def test_cells_without_ids_or_with_the_same_one_get_their_own(tmp_path):
    copied = [CODE, CODE | {"id": "a"}, CODE | {"id": "a"}]
    cells = read_notebook(write(tmp_path, NOTEBOOK | {"cells": copied})).cells
    assert len({cell.id for cell in cells}) == 3
    assert cells[1].source == "a = 1\nb"


def test_a_byte_order_mark_is_no_obstacle(tmp_path):
    content = b"\xef\xbb\xbf" + json.dumps(released(ROWS, "rows")).encode()
    assert len(read_notebook(write(tmp_path, content)).cells) == 8
