"""General mistakes are named from arrays alone, where they explain everything, and not where they do not."""

import numpy as np
import pytest
import torch

from classroom.questions.detectors import VAGUE, detect
from classroom.questions.question import Case
from classroom.student_code.inprocess import answer_with
from classroom.student_code.student import Call


def cases(rng):
    """Matrices of different sizes, in both precisions, with and without gradients, and one with large entries."""

    def call(*shape, dtype=np.float32, backward=False):
        cotangent = rng.standard_normal(shape).astype(dtype) if backward else None
        return Call((rng.standard_normal(shape).astype(dtype),), cotangent=cotangent)

    large = Call((100 * rng.standard_normal((2, 5)).astype(np.float32),))
    return [
        Case("one", (call(3, 4, backward=True),), frozenset({"values"})),
        Case("a batch", (call(2, 5, 3, backward=True),), frozenset({"values"})),
        Case("wide", (call(4, 9),), frozenset({"values"})),
        Case("double", (call(3, 2, dtype=np.float64),), frozenset({"values"})),
        Case("large", (large,), frozenset({"values"})),
    ]


CASES = cases(np.random.default_rng(0))


def answers(function):
    return [[answer_with(function, call) for call in case.calls] for case in CASES]


def squares(x):
    return x * x + x


def centred_pair(x):
    return x * x, x + 1


def said(reference, implementation):
    return detect(CASES, answers(reference), answers(implementation))


def inverse_power(x, power):
    return squares(x) * x.shape[-1] ** power


@pytest.mark.parametrize(
    ("reference", "implementation", "words"),
    [
        (squares, lambda x: (squares(x), x), "returns 2 results, and one is asked for: the first is right"),
        (squares, lambda x: (x, squares(x)), "number 2 is right"),
        (centred_pair, lambda x: (*centred_pair(x), x), "more than the 2 results"),
        (centred_pair, lambda x: torch.cat(centred_pair(x), dim=-1), "all in one tensor"),
        (centred_pair, lambda x: torch.stack(centred_pair(x)), "all in one tensor"),
        (centred_pair, lambda x: centred_pair(x)[1], "only 1 of the 2 results that are asked for: number 2"),
        (centred_pair, lambda x: centred_pair(x)[::-1], "in another order: you return them as 2, 1"),
        (squares, lambda x: squares(x).float(), "dtype is float32 where it should be float64"),
        (squares, lambda x: squares(x).double(), "dtype is float64 where it should be float32"),
        (lambda x: x > 0, lambda x: (x > 0).to(torch.uint8), "numbers (uint8) in place of truth values"),
        (lambda x: x > 0, lambda x: (x > 0).float(), "numbers (float32) in place of truth values"),
        (lambda x: x.round(), lambda x: -x.round(), "wrong sign"),
        (squares, lambda x: squares(x).mT, "transpose of the right one"),
        (lambda x: x.mT, lambda x: x.reshape(x.mT.shape), "`reshape` or `view`"),
        (squares, lambda x: squares(x)[..., None], "an axis of size 1 too many"),
        (lambda x: x.sum(-1, keepdim=True), lambda x: x.sum(-1), "lost an axis of size 1"),
        (squares, lambda x: squares(x) * 3, "3 times the right one"),
        (squares, lambda x: squares(x) / 2, "0.5 times the right one"),
        (lambda x: inverse_power(x, -0.5), squares, "multiplied by the root of the size of the last axis of the first"),
        (
            lambda x: inverse_power(x, -0.5),
            lambda x: inverse_power(x, -1.0),
            "divided by the root of the size of the last",
        ),
        (lambda x: inverse_power(x, -1.0), squares, "multiplied by the size of the last axis"),
        (
            lambda x: inverse_power(x, -0.5),
            lambda x: squares(x) / 7,
            "a fixed number, 7; it has to be the root of the size",
        ),
        (squares, lambda x: inverse_power(x, -0.5) / 2, "`d ** 0.5` or `math.sqrt(d)`"),
        (
            lambda x: x / x.shape[-1],
            lambda x: x / x.shape[-2],
            "the size of one axis where that of another belongs",
        ),
        (squares, lambda x: squares(x).detach(), "no gradient comes back to any input"),
        (
            lambda x: x.exp() / (1 + x.exp()) if x.abs().max() < 50 else x.sigmoid(),
            lambda x: x.exp() / (1 + x.exp()),
            "an exponential overflows",
        ),
        (lambda x: x.clamp(min=0).nan_to_num(), lambda x: torch.where(x > 0, x, torch.nan), "should be 0"),
        (
            lambda x: (x.abs() + 1).log(),
            lambda x: (x.abs() + 1).log() + 0 * (x - x).sqrt().nan_to_num(),
            "gradient is NaN",
        ),
    ],
)
def test_each_is_named_where_it_is_all_there_is(reference, implementation, words):
    assert words in (said(reference, implementation) or "")
    assert said(reference, reference) is None

    def with_another_mistake(x):  # the same, and something else in one case: nothing explains that
        result = implementation(x)
        outputs = result if isinstance(result, tuple) else (result,)
        if x.shape[-1] == 9:
            outputs = tuple(((5 * o.double()).sin() * 3 + 1).to(o.dtype) for o in outputs)
        return outputs if isinstance(result, tuple) else outputs[0]

    assert said(reference, with_another_mistake) is None


def test_a_number_that_is_off_by_little_is_nearly_right():
    off = answers(lambda x: squares(x) * (1 + 0.01 * x.sin()))
    assert "Nearly right" in detect(CASES, answers(squares), off, VAGUE)
    far = answers(lambda x: squares(x) * (1 + 0.1 * x.sin()))
    assert detect(CASES, answers(squares), far, VAGUE) is None


def test_what_is_wrong_for_large_numbers_only():
    def cut(x):
        return squares(x.clamp(max=50))

    assert "wrong for large ones" in detect(CASES, answers(squares), answers(cut), VAGUE)
    assert detect(CASES, answers(squares), answers(lambda x: x), VAGUE) is None


def test_an_exception_is_no_matter_of_numbers():
    def raising(x):
        return squares(x) if x.ndim == 2 else squares(x) @ x

    assert said(squares, raising) is None


def test_one_number_alone_is_not_a_scale():
    """Any number is some factor times any other: it takes two that agree."""

    def asked(*sizes):
        return [Case(str(n), (Call((np.arange(1.0, n + 1),)),), frozenset({"values"})) for n in sizes]

    def found(cases, wrong):
        right, given = ([[answer_with(f, c) for c in case.calls] for case in cases] for f in (torch.sum, wrong))
        return detect(cases, right, given)

    assert found(asked(4), lambda x: x.sum() + 3) is None
    assert "2 times the right one" in found(asked(4, 7), lambda x: 2 * x.sum())
