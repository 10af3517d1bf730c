"""Mistakes made by machine: the usual ones are among them, each is named, and none that is right or known."""

import numpy as np
import pytest
import sample_questions as sample
import torch
from torch import nn

from classroom.questions.diagnosis import diagnose
from classroom.questions.drawing import materialise
from classroom.questions.examiner import examine
from classroom.questions.mutants import mutants
from classroom.questions.question import Case
from classroom.questions.slips import named_slip, same_slip, slip, worth_a_name
from classroom.student_code.inprocess import InProcess, answer_with
from classroom.student_code.student import Call


def weights(query, key):
    scores = query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5
    exponentials = (scores - scores.amax(dim=-1, keepdim=True)).exp()
    return exponentials / exponentials.sum(dim=-1, keepdim=True)


def attention(query, key, value):
    return weights(query, key) @ value


class Layer(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.first = nn.Linear(width, width, bias=False)
        self.second = nn.Linear(width, width, bias=False)

    def forward(self, x):
        return x + self.second(torch.relu(self.first(x)))


RNG = np.random.default_rng(0)


def arrays(*shapes):
    return tuple(RNG.standard_normal(shape).astype(np.float32) for shape in shapes)


CASES = [
    Case("equal", (Call(arrays((4, 4), (4, 4), (4, 4))),), frozenset()),
    Case("a batch", (Call(arrays((2, 4, 4), (2, 4, 4), (2, 4, 4))),), frozenset()),
    Case("heads", (Call(arrays((2, 3, 4, 4), (2, 3, 4, 4), (2, 3, 4, 4))),), frozenset()),
]


def answers(function, cases=CASES):
    return [[answer_with(function, call) for call in case.calls] for case in cases]


def known(reference, cases=CASES):
    made = [slip(m.sentence, answers(m.implementation, cases)) for m in mutants(reference)]
    return worth_a_name([s for s in made if s], answers(reference, cases), [])


SLIPS = known(attention)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (lambda q, k, v: (q @ k.mT / 2).softmax(-2) @ v, None),  # two of the three places: no single slip
        (lambda q, k, v: (q @ k.mT).softmax(-1) @ v, "A division is missing."),
        (lambda q, k, v: (q @ k.mT / q.shape[-1]).softmax(-1) @ v, "divided twice, or by the square"),
        (lambda q, k, v: (q @ k / q.shape[-1] ** 0.5).softmax(-1) @ v, "A transpose is missing"),
        (lambda q, k, v: (q @ q.mT / q.shape[-1] ** 0.5).softmax(-1) @ v, "`query` is used where `key` belongs."),
        (lambda q, k, v: (q @ k.mT / q.shape[-1] ** 0.5).softmax(-1) @ k, "`key` is used where `value` belongs."),
        (lambda q, k, v: v @ (q @ k.mT / q.shape[-1] ** 0.5).softmax(-1), "of a matrix product have changed places"),
        (lambda q, k, v: (q @ k.mT / q.shape[-1] ** 0.5).exp() @ v, None),
        (lambda q, k, v: ((q @ k.mT / q.shape[-1] ** 0.5).softmax(-1) @ v).softmax(-1), "a softmax too many"),
        (lambda q, k, v: ((q @ k.mT / q.shape[-1] ** 0.5).softmax(-1) @ v).relu(), "a ReLU that was not asked for"),
        (lambda q, k, v: attention(q, k, v), None),
        (lambda q, k, v: q, None),
    ],
)  # fmt: skip
def test_a_slip_is_named_however_it_is_written(written, words):
    found = named_slip(SLIPS, answers(written))
    assert found is None if words is None else words in (found or "")


def test_what_raises_anywhere_is_no_slip():
    def raising(q, k, v):
        return attention(q, k, v) if q.ndim == 2 else attention(q, k, v).no_such_thing

    assert slip("", answers(raising)) is None
    assert named_slip(SLIPS, answers(raising)) is None


def test_slips_are_wrong_and_each_is_there_once():
    right = slip("", answers(attention))
    assert len(SLIPS) > 15
    for position, one in enumerate(SLIPS):
        assert not same_slip(one, right)
        assert not any(same_slip(one, other) for other in SLIPS[:position])


def test_what_is_known_already_is_left_out():
    unscaled = answers(lambda q, k, v: (q @ k.mT).softmax(-1) @ v)
    candidates = [s for m in mutants(attention) if (s := slip(m.sentence, answers(m.implementation)))]
    kept = worth_a_name(candidates, answers(attention), [unscaled])
    assert len(kept) == len(SLIPS) - 1
    assert named_slip(kept, unscaled) is None


def test_the_parts_of_a_module_are_taken_for_each_other():
    x, first, second = arrays((3, 4), (4, 4), (4, 4))
    parameters = {"first.weight": first, "second.weight": second}
    cases = [Case("one", (Call((x,), construct=(4,), parameters=parameters),), frozenset())]

    class Swapped(Layer):
        def forward(self, x):
            return x + self.second(torch.relu(self.second(x)))

    class NoResidual(Layer):
        def forward(self, x):
            return self.second(torch.relu(self.first(x)))

    found = known(Layer, cases)
    assert named_slip(found, answers(Swapped, cases)) == "`self.second` is used where `self.first` belongs."
    assert "An addition is missing" in named_slip(found, answers(NoResidual, cases))
    assert named_slip(found, answers(Layer, cases)) is None


def test_half_a_slip_is_no_name():
    """Right in the batch, a missing division elsewhere: no slip gives these answers everywhere."""

    def half(q, k, v):
        return attention(q, k, v) if q.ndim == 3 else (q @ k.mT).softmax(-1) @ v

    assert named_slip(SLIPS, answers(half)) is None
    assert diagnose(CASES, answers(attention), {}, answers(half), SLIPS) is None


def test_a_drawn_question_has_slips_and_they_name_a_student_s_mistake():
    drawn = materialise(sample.PREFIX, 3)
    assert drawn.slips
    # The positions counted from 0, and the sum of what came before: neither is a misconception of the question.
    result = examine(drawn, InProcess({"running_mean": lambda x: x.cumsum(-2) * torch.arange(1, len(x) + 1)[:, None]}))
    assert result.diagnosis == "Something is multiplied that should be divided."
    assert examine(drawn, InProcess({"running_mean": sample.running_mean})).diagnosis is None


def test_a_source_that_is_not_ours_gives_none():
    assert mutants(torch.softmax) == ()
    assert mutants(nn.Linear) == ()
    assert mutants(lambda x: x + 1) == ()
