"""Common mistakes, made from a reference, lose marks and are told apart; the forbidden names all exist."""

import numpy as np
import pytest
import torch

from classroom.questions.common import mistakes
from classroom.questions.common.drawing import causal, normal, padded, shares, some_visible, spread, tokens
from classroom.questions.common.forbidden import FAMILIES, library
from classroom.questions.criteria import Cost, Gradients, ShapeAndDtype, Values
from classroom.questions.evidence import weaknesses
from classroom.questions.question import Case, Question
from classroom.student_code.forbidden import resolve
from classroom.student_code.student import Call


def centred(x):
    return x - x.mean(dim=-1, keepdim=True)


class Centred(torch.nn.Module):
    def forward(self, x):
        return centred(x)


def cases(rng, construct=None):
    def call(*shape, dtype=np.float32, backward=False, count=False):
        x = normal(rng, *shape, dtype=dtype)
        cotangent = normal(rng, *shape, dtype=dtype) if backward else None
        return Call((x,), construct=construct, cotangent=cotangent, count_operations=count)

    return [
        Case("a matrix", (call(4, 3, backward=True),), frozenset({"values", "shape", "gradients"})),
        Case("square", (call(3, 3),), frozenset({"values", "shape"})),
        Case("one row", (call(1, 5),), frozenset({"values", "shape"})),
        Case("double", (call(2, 3, dtype=np.float64),), frozenset({"values", "shape"})),
        Case("small and large", (call(2, 3, count=True), call(7, 3, count=True)), frozenset({"cost"})),
    ]


ALL = (
    mistakes.cut_graph,
    mistakes.fixed_precision,
    lambda reference: mistakes.changed_in_place(reference, "You change what you were given."),
    mistakes.pair_returned,
    mistakes.transposed,
    mistakes.axis_added,
    mistakes.axis_lost,
    mistakes.python_loop,
)


@pytest.mark.parametrize(("reference", "construct"), [(centred, None), (Centred, ())], ids=["function", "module"])
def test_each_loses_marks_and_is_named(reference, construct):
    question = Question(
        id="centred",
        title="Centred rows",
        target="centred",
        points=4,
        reference=reference,
        cases=lambda rng: cases(rng, construct),
        criteria=(Values(weight=2), Gradients(weight=1), ShapeAndDtype(weight=1), Cost(weight=1)),
        misconceptions=tuple(make(reference) for make in ALL),
        alternatives={},
    )
    assert len({m.name for m in question.misconceptions}) == len(ALL)
    assert weaknesses(question, range(3)) == []


@pytest.mark.parametrize("family", FAMILIES)
def test_forbidden_names_exist(family):
    names = FAMILIES[family]
    assert len(set(names)) == len(names)
    for name in names:
        resolve(name)


def test_names_of_a_library():
    assert library("a.b", "c", "d") == ("a.b.c", "a.b.d")


def test_drawn_inputs_are_what_their_names_say():
    rng = np.random.default_rng(0)
    assert abs(normal(rng, 10_000).std() - 1) < 0.03
    rows = np.sort(spread(rng, 50, 4), axis=-1)
    assert np.diff(rows, axis=-1).min() > 0.7  # steps of 1, each end moved by at most 0.1
    np.testing.assert_allclose(shares(rng, 3, 4, dtype=np.float64).sum(axis=-1), 1, rtol=1e-12)
    drawn = tokens(rng, 2, 5, size=9, start=1)
    assert (set(drawn.ravel()), drawn.dtype) == (set(range(1, 9)), np.int64)
    assert padded(np.array([[1, 2, 3], [4, 5, 6]]), [1, 3], pad_id=7).tolist() == [[1, 7, 7], [4, 5, 6]]
    assert (some_visible(rng, 4, 5).sum(axis=-1) == 3).all()
    assert causal(3).tolist() == [[True, False, False], [True, True, False], [True, True, True]]
