"""The notebook's own check holds an answer to the same list, by the cells that were run."""

from types import SimpleNamespace

import pytest
from sample_questions import CENTRED, ROWS

from classroom.clean_room import in_notebook
from classroom.clean_room.in_notebook import held_to_the_list
from classroom.questions.drawing import materialise
from classroom.questions.examiner import judge, without_evidence

OUTSIDE = "def normalise(x):\n    return vars(x)"
WITHIN = "def normalise(x):\n    return x / x.sum(-1, keepdim=True)"


@pytest.fixture(scope="module")
def rows():
    return materialise(ROWS, 3)


@pytest.fixture
def after(monkeypatch, tmp_path):
    """Has these cells run in a notebook; IPython's history begins with an empty one."""
    monkeypatch.chdir(tmp_path)

    def run(*cells):
        shell = SimpleNamespace(history_manager=SimpleNamespace(input_hist_parsed=["", *cells]))
        monkeypatch.setattr("IPython.get_ipython", lambda: shell)
        return tmp_path

    return run


def test_an_answer_on_the_list_keeps_its_verdict(after, rows):
    after("import torch", WITHIN)
    right = judge(rows, rows.expected)
    assert held_to_the_list(rows, right) is right


def test_an_answer_outside_learns_it_at_once_and_where(after, rows):
    after("import torch", OUTSIDE)
    held = held_to_the_list(rows, judge(rows, rows.expected))
    assert held.score == 0
    assert held.diagnosis.startswith("Your code uses `vars` (cell [2], line 2: `return vars(x)`). ")


def test_it_looks_into_the_files_beside_the_notebook(after, rows):
    after("from mine import normalise").joinpath("mine.py").write_text(OUTSIDE)
    assert "`vars` (mine.py, line 2" in held_to_the_list(rows, judge(rows, rows.expected)).diagnosis


def test_what_was_replaced_since_does_not_count(after, rows):
    after(OUTSIDE, WITHIN)
    right = judge(rows, rows.expected)
    assert held_to_the_list(rows, right) is right


def test_nothing_is_said_where_nothing_was_earned_or_nothing_is_known(after, rows, monkeypatch):
    after(OUTSIDE)
    nothing = without_evidence(rows, "It broke.")
    assert held_to_the_list(rows, nothing) is nothing
    centred = materialise(CENTRED, 3)
    right = judge(centred, centred.expected)
    assert held_to_the_list(centred, right) is right  # it asks for nothing of the kind
    after()
    right = judge(rows, rows.expected)
    assert held_to_the_list(rows, right) is right


def test_outside_a_notebook_there_are_no_cells(monkeypatch):
    monkeypatch.setattr("IPython.get_ipython", lambda: None)
    assert in_notebook._run_cells() == []
