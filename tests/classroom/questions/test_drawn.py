"""Drawing: what is unfair to one of our own answers is drawn again, from the same seed, and not for ever."""

from dataclasses import replace

import numpy as np
import pytest
import sample_questions as sample
import torch

from classroom.questions import drawing as drawing_module
from classroom.questions.cases import to_bytes
from classroom.questions.drawing import ATTEMPTS, draw, drawn_once, materialise
from classroom.questions.drawn import ORDINARY
from classroom.questions.fairness import doubts
from classroom.questions.question import Misconception

SEEDS = range(6)


def first_number(drawing):
    return float(drawing.question.cases[0].calls[0].arguments[0].flat[0])


def lazy_half(x):
    """Right only for a first number below 1.25: about half of the drawings."""
    return sample.rows(x) + 0.1 * (x.flatten()[0] > 1.25) * (x.dtype == torch.float32) * (len(x) == 3)


HURT = replace(sample.ROWS, alternatives={"half": lazy_half})
UNTOLD = replace(
    sample.ROWS, misconceptions=(*sample.ROWS.misconceptions, Misconception("half", "Half of them.", lazy_half))
)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_drawing_that_hurts_an_alternative_is_drawn_again(seed):
    drawing = draw(HURT, seed)
    assert doubts(HURT, drawing) == []
    # The first of the attempts that is fair, by an oracle that knows what makes it so.
    attempts = [drawn_once(HURT, seed, attempt) for attempt in range(ATTEMPTS)]
    fair = [a for a in attempts if not any(n > 1.25 for n in square_and_counted(a))]
    assert to_bytes([drawing.question]) == to_bytes([fair[0].question])


def square_and_counted(drawing):
    """The first numbers of the inputs of three rows in float32."""
    calls = [call.arguments[0] for case in drawing.question.cases for call in case.calls]
    return [float(x.flat[0]) for x in calls if len(x) == 3 and x.dtype == np.float32]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_drawing_that_cannot_tell_a_misconception_is_drawn_again(seed):
    drawing = draw(UNTOLD, seed)
    assert doubts(UNTOLD, drawing) == []
    assert max(square_and_counted(drawing)) > 1.25


def test_some_drawings_of_these_are_unfair():
    """So the two tests above have seen drawings that were thrown away."""
    for question in (HURT, UNTOLD):
        assert any(doubts(question, drawn_once(question, seed)) for seed in SEEDS)


def test_the_same_seed_draws_the_same_and_each_attempt_another():
    assert to_bytes([materialise(HURT, 3)]) == to_bytes([materialise(HURT, 3)])
    numbers = {first_number(drawn_once(HURT, 3, attempt)) for attempt in range(ATTEMPTS)}
    assert len(numbers) == ATTEMPTS


def test_a_question_that_is_never_fair_gets_its_least_unfair_drawing(monkeypatch):
    never = replace(sample.ROWS, alternatives={"columns": sample.rows_over_columns})
    seen = []

    def counted(question, drawing):
        found = doubts(question, drawing)
        seen.append(found)
        return found

    monkeypatch.setattr(drawing_module, "doubts", counted)
    drawing = draw(never, 0)
    assert len(seen) == ATTEMPTS
    (doubt,) = doubts(never, drawing)
    assert doubt.about == "alternative 'columns'"


def test_right_answers_need_room_and_wrong_ones_as_well():
    """Within the tolerance of 1e-4 but beyond a quarter of it: unfair to the right; within four times: to the wrong."""

    def off(part):
        return lambda x: sample.rows(x) * (1 + part)

    def told(part):
        mistaken = Misconception("off", "A little off.", off(part))
        right = replace(sample.ROWS, alternatives={"off": off(part)})
        wrong = replace(sample.ROWS, misconceptions=(mistaken,), alternatives={})
        return [bool(doubts(q, drawn_once(q, 0))) for q in (right, wrong)]

    assert told(0.1e-4) == [False, True]
    assert told(0.5e-4) == [True, True]
    assert told(3e-4) == [True, True]
    assert told(6e-3) == [True, False]


def test_ordinary_is_given_by_drawing_and_known_to_the_file():
    drawn = materialise(sample.PREFIX, 0)
    assert [ORDINARY in case.tags for case in drawn.cases] == [True, False]
