"""The process that makes clean rooms: each question gets a fresh one, and nothing of one is in the next."""

import os
import signal

import numpy as np
import pytest

from classroom.processes.limits import Limits
from classroom.processes.process_student import ProcessStudent
from classroom.student_code.student import Call

LIMITS = Limits(cell_seconds=20, call_seconds=20, total_seconds=120, memory=2 * 2**30)
CALLS = [Call((np.array([1.0, 2.0], np.float32),)), Call((np.array([3.0], np.float32),))]
FIRST = (
    "import torch\nSEEN = []\ndef f(x):\n    SEEN.append(1)\n    return x * len(SEEN)\n"
    "def g(x):\n    return torch.softmax(x, -1)"
)


@pytest.fixture
def process(launcher):
    with ProcessStudent(launcher, LIMITS) as started:
        yield started


def values(reply):
    assert reply["outside"] is None
    return [np.asarray(body["outputs"][0]["values"]).tolist() for body in reply["answers"]]


def errors(reply):
    return [body["error"] for body in reply["answers"]]


def attest(process, target, cells=(), files=None, forbidden=()):
    return process.attest(cells, files or {}, target, CALLS, forbidden)


def test_every_room_begins_anew(process):
    assert values(attest(process, "f", [["cell 1", FIRST]])) == [[1, 2], [6]]
    assert values(attest(process, "f")) == [[1, 2], [6]]


def test_what_is_forbidden_in_one_room_is_not_in_the_next(process):
    closed = attest(process, "g", [["cell 1", FIRST]], forbidden=["torch.softmax"])
    assert all("calls torch.softmax, which is not allowed" in error for error in errors(closed))
    assert errors(attest(process, "g")) == [None, None]


def test_cells_add_up_and_later_definitions_hold(process):
    assert values(attest(process, "f", [["cell 1", FIRST]])) == [[1, 2], [6]]
    assert values(attest(process, "f", [["cell 2", "def f(x):\n    return x - 1"]])) == [[0, 1], [2]]


def test_files_beside_the_notebook_are_found(process):
    cells = [["cell 1", "from mine import half\ndef f(x):\n    return half(x)"]]
    assert values(attest(process, "f", cells, {"mine.py": "def half(x):\n    return x / 2\n"})) == [[0.5, 1], [1.5]]


def test_what_is_not_listed_is_named_and_not_run(process):
    reply = attest(process, "f", [["cell 1", "import os\ndef f(x):\n    return os._exit(3)"]])
    assert reply == {"outside": "the module `os` (cell 1, line 1: `import os`)", "answers": []}


def test_names_made_while_it_runs_are_not_quoted(process):
    secret = "def f(x):\n    return getattr(x, '__' + 'dict__')"
    assert attest(process, "f", [["cell 1", secret]])["outside"] == "a name that is made while it runs"


def test_code_that_raises_is_an_answer(process):
    reply = attest(process, "f", [["cell 1", "def f(x):\n    raise ValueError('no')"]])
    assert all("ValueError" in error for error in errors(reply))


def test_a_cell_is_not_run_after_the_line_that_raised(process):
    cells = [["cell 1", "A = [1]\ndef f(x):\n    return x + len(A)\nA.append(1 / 0)\nA.append(5)"]]
    assert values(attest(process, "f", cells)) == [[2, 3], [4]]


def test_nobody_is_left_behind(process):
    attest(process, "f", [["cell 1", FIRST]])
    children = f"/proc/{process._process.pid}/task/{process._process.pid}/children"
    with open(children) as file:
        assert file.read().split() == []
    os.kill(process._process.pid, signal.SIG_DFL)  # it is alive
