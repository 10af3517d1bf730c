"""What a call costs: who loops, however it is written, is seen in one of two counts; who does not is in neither."""

import sys
import threading

import numpy as np
import pytest
import torch
from torch import nn

from classroom.student_code.measured import Measured

LOOPS = {
    "over rows": "def f(x):\n    return torch.stack([row.sum() for row in x])",
    "over an index": "def f(x):\n    s = torch.zeros(len(x))\n    for i in range(len(x)):\n        s[i] = x[i].sum()\n"
    "    return s",
    "over unbound rows": "def f(x):\n    return torch.stack([r for r in x.unbind()])",
    "mapped": "def f(x):\n    return torch.stack(list(map(torch.sum, x)))",
    "the sum of Python": "def f(x):\n    return sum(x)",
    "reduced": "def f(x):\n    return functools.reduce(lambda a, b: a + b, x)",
    "over numbers": "def f(x):\n    return torch.tensor([sum(row) for row in x.tolist()])",
    "over one number after another": "def f(x):\n    return torch.tensor([x[i, 0].item() for i in range(len(x))])",
    "numbers by float": "def f(x):\n    return torch.tensor([float(v) for v in x[0]])",
    "over an array": "def f(x):\n    a = x.numpy()\n    s = np.zeros(len(a))\n    for i in range(len(a)):\n"
    "        s[i] = a[i].sum()\n    return torch.from_numpy(s)",
    "over what numpy takes": "def f(x):\n    return torch.tensor([r.sum() for r in np.asarray(x)])",
    "inside numpy": "def f(x):\n    return torch.from_numpy(np.apply_along_axis(np.sum, -1, x.detach().numpy()))",
    "with numpy alone": "def f(x):\n    return torch.from_numpy(x.numpy().sum(-1))",
    "a recursion": "def g(x, i=0):\n    return [] if i == len(x) else [x[i]] + g(x, i + 1)\n"
    "def f(x):\n    return torch.stack(g(x))",
    "while": "def f(x):\n    i, s = 0, x[0] * 0\n    while i < len(x):\n        s, i = s + x[i], i + 1\n    return s",
    "in one line": "def f(x):\n    return [s := 0, [s := s + i for i in range(len(x))]] and x + s",
}  # fmt: skip
STRAIGHT = {
    "one product": "def f(x):\n    return x @ x.mT",
    "many lines": "def f(x):\n" + "".join(f"    x = x + {i}\n" for i in range(20)) + "    return x",
    "a helper": "def g(x):\n    return x + 1\ndef f(x):\n    return g(g(x))",
    "over axes": "def f(x):\n    for axis in range(x.ndim):\n        x = x - x.mean(axis, keepdim=True)\n    return x",
    "vmap": "def f(x):\n    return torch.vmap(lambda row: row.sum())(x)",
    "a layer": "class L(nn.Module):\n    def forward(self, x):\n        return nn.functional.relu(x)\n"
    "def f(x):\n    return L()(x)",
    "shapes": "def f(x):\n    assert all(size > 0 for size in x.shape)\n    return x.reshape(*x.shape, 1)",
}


def function(code):
    space = {"torch": torch, "nn": nn, "np": np, "functools": __import__("functools")}
    exec(compile(code, "<cell 3>", "exec"), space)
    return space["f"]


def cost(f, size):
    measured, x = Measured(), torch.arange(1.0, size * size + 1).reshape(size, size)
    with measured.active():
        f(x)
    return measured.operations, measured.repeats


@pytest.mark.parametrize("loop", LOOPS)
def test_a_loop_grows_with_the_input(loop):
    (few, seldom), (many, often) = (cost(function(LOOPS[loop]), size) for size in (3, 9))
    assert many > few + 2 or often > seldom


@pytest.mark.parametrize("straight", STRAIGHT)
def test_what_does_not_loop_costs_the_same(straight):
    small, large = (cost(function(STRAIGHT[straight]), size) for size in (3, 9))
    assert small == large
    assert small[0] > 0
    assert small[1] <= 3


def test_numbers_that_leave_are_counted_one_by_one():
    for leave in (lambda x: x.tolist(), lambda x: x.numpy(), lambda x: np.asarray(x)):
        assert cost(leave, 4)[0] >= 16
        assert cost(leave, 8)[0] - cost(leave, 4)[0] == 64 - 16


def test_operations_are_counted_where_they_run():
    assert cost(lambda x: (x + 1) * 2, 2)[0] == 2
    assert cost(lambda x: None, 2)[0] == 0


@pytest.mark.parametrize("times", [1, 7, 100])
def test_a_loop_of_fixed_length_shows_in_the_repeats(times):
    code = f"def f(x):\n    for _ in range({times}):\n        s = 1\n    return x"
    assert cost(function(code), 2)[1] == times + 1  # the line that asks for the next one sees the end as well


def test_what_packages_repeat_is_not_the_student_s():
    f = function("def f(x):\n    return np.linalg.norm(np.ones(3)) + x")
    assert cost(f, 3)[1] == cost(f, 9)[1] == 1


def test_the_trace_and_the_modes_are_put_back_whatever_happens():
    def tracer(frame, event, argument):
        return None

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        measured = Measured()
        with pytest.raises(ValueError, match="halfway"), measured.active():
            raise ValueError("halfway")
        assert sys.gettrace() is tracer
    finally:
        sys.settrace(before)
    seen = measured.operations
    torch.ones(2).tolist()
    assert measured.operations == seen


def test_it_counts_this_thread():
    """In the clean room threads run at once, so that there is no other."""
    given = []
    thread = threading.Thread(target=lambda: given.append(torch.ones(3) + 1))
    measured = Measured()
    with measured.active():
        thread.start()
        thread.join()
    assert given[0].tolist() == [2, 2, 2]
    assert measured.operations == 0
