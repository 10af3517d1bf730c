"""Which questions need the clean room, and which points go where it says no."""

from dataclasses import replace

import pytest
from sample_questions import CENTRED, PREFIX, ROWS

from classroom.clean_room.own_work import asks_for_own_work, needs_a_clean_room, not_listed, without
from classroom.questions.drawing import materialise
from classroom.questions.examiner import judge


@pytest.fixture(scope="module")
def rows():
    return materialise(ROWS, 3)


@pytest.fixture(scope="module")
def prefix():
    return materialise(PREFIX, 3)


@pytest.mark.parametrize(
    ("forbidden", "own"),
    [((), False), (("torch.softmax",), True), (("numpy.sort",), True), (("transformer_lab.attention.f",), False),
     (("transformer_lab.attention.f", "torch.nn.LSTM.forward"), True)],
)  # fmt: skip
def test_own_work_is_asked_for_where_a_package_has_the_answer(prefix, forbidden, own):
    question = replace(prefix, forbidden=forbidden)
    assert asks_for_own_work(question) == own
    assert needs_a_clean_room(question) == own  # it has no cost


def test_a_cost_needs_a_clean_room_too(rows):
    assert needs_a_clean_room(replace(rows, forbidden=()))
    assert not needs_a_clean_room(materialise(CENTRED, 3))


def test_without_own_work_nothing_is_earned(rows):
    right = judge(rows, rows.expected)
    assert right.score == right.max_score == 4
    held = without(rows, "Not seen.", right)
    assert (held.score, held.max_score, held.diagnosis) == (0, 4, "Not seen.")
    assert {criterion.message for criterion in held.criteria} == {"Not seen."}


def test_where_only_the_cost_is_at_stake_only_that_is_lost(rows):
    question = replace(rows, forbidden=())
    right = judge(question, question.expected)
    held = without(question, "Not counted.", right)
    assert [(c.name, c.passed) for c in held.criteria if not c.passed] == [("no Python loop", False)]
    assert held.score == 3.5
    assert held.diagnosis == right.diagnosis


def test_what_is_not_listed_is_said_in_one_sentence(rows):
    held = not_listed(rows, "`vars` (cell 2, line 3)", judge(rows, rows.expected))
    assert held.diagnosis == (
        "Your code uses `vars` (cell 2, line 3). Answers to this question may not, because it cannot be seen then that "
        "they are your own work: use ordinary operations of torch."
    )
