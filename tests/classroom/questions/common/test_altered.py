"""Versions made from a reference: of functions and of modules, before and after, and in a loop."""

import pytest
import torch
from torch import nn

from classroom.questions.common.altered import altered, each, one_by_one, with_argument, with_swapped
from classroom.questions.common.alternatives import as_list, in_double, not_contiguous


def minus(x, y=None):
    return x - (0 if y is None else y)


class Doubled(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.size = size

    def forward(self, x, y=None):
        return 2 * minus(x, y)


X, Y = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), torch.ones(2, 3)
BOTH = pytest.mark.parametrize(
    ("make", "factor"), [(lambda f: f(minus), 1), (lambda f: f(Doubled)(3), 2)], ids=["function", "module"]
)


@BOTH
def test_after_changes_the_result_only(make, factor):
    assert torch.equal(make(lambda r: altered(r, after=lambda out: out.mT))(X, Y), factor * (X - Y).mT)


@BOTH
def test_one_argument_is_changed_and_one_left_out_stays_out(make, factor):
    version = make(lambda r: with_argument(r, 1, lambda y: None))
    assert torch.equal(version(X, Y), factor * X)
    assert torch.equal(version(X), factor * X)


@BOTH
def test_two_arguments_change_places(make, factor):
    assert torch.equal(make(lambda r: with_swapped(r, 0, 1))(X, Y), factor * (Y - X))


@BOTH
@pytest.mark.parametrize("axis", [-1, -2])
def test_a_loop_gives_the_same_with_more_operations(make, factor, axis):
    calls = []
    version = make(lambda r: one_by_one(r, axis, (0, 1)))
    hook = torch.overrides.TorchFunctionMode

    class Count(hook):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            calls.append(function)
            return function(*args, **(kwargs or {}))

    with Count():
        assert torch.equal(version(X, Y), factor * (X - Y))
    assert len(calls) > X.shape[axis]


def test_a_module_keeps_its_constructor():
    assert altered(Doubled)(7).size == 7
    assert issubclass(altered(Doubled), Doubled)


def test_each_reaches_every_tensor():
    first, (second, other) = each((X, [Y, 3]), lambda t: t + 1)
    assert torch.equal(first, X + 1)
    assert torch.equal(second, Y + 1)
    assert other == 3


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_in_double_keeps_the_dtype(dtype):
    seen = []

    def reference(x):
        seen.append(x.dtype)
        return x + 1

    out = in_double(reference)(X.to(dtype))
    assert (out.dtype, seen) == (dtype, [torch.float64])


def test_not_contiguous_has_the_same_numbers_in_another_order():
    out = not_contiguous(minus)(X, Y)
    assert torch.equal(out, X - Y)
    assert not out.is_contiguous()


def test_a_tuple_becomes_a_list():
    assert as_list(lambda x: (x, x))(1) == [1, 1]
