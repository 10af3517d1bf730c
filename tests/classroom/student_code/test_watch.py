"""What is forbidden is noticed where it runs, by whatever road the student's code gets there."""

import _thread
import functools
import importlib
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from classroom.student_code.inprocess import answer_with
from classroom.student_code.student import Call

SOFTMAX = ("torch.softmax", "torch.Tensor.softmax", "torch.log_softmax", "torch.nn.functional.softmax")
ATTENTION = (
    "torch.nn.functional.scaled_dot_product_attention",
    "torch.nn.functional.multi_head_attention_forward",
    "torch.nn.MultiheadAttention.forward",
)
X = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
bound_earlier, partial = torch.softmax, functools.partial(torch.softmax, dim=-1)
older_pool = ThreadPoolExecutor(1)
older_pool.submit(int).result()
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # deprecated, and still there for a student to find
    scripted = torch.jit.trace(lambda x: torch.softmax(x, -1), torch.ones(2, 2))


class Worker(threading.Thread):
    def run(self):
        self.given = self.take()

    def take(self):
        try:
            return bound_earlier(self.x, -1)
        except RuntimeError:
            return self.x


def in_thread(x):
    worker = Worker()
    worker.x = x
    worker.start()
    worker.join()
    return worker.given


def in_bare_thread(x):
    given = []

    def run():
        try:
            given.append(partial(x))
        except RuntimeError:
            given.append(x)

    _thread.start_new_thread(run, ())
    while not given:
        time.sleep(0.001)
    return given[0]


def heads(x):
    return x[None, None]


ROADS = {
    "a name bound earlier": lambda x: bound_earlier(x, -1),
    "a partial": partial,
    "getattr": lambda x: getattr(torch, "soft" + "max")(x, -1),
    "importlib": lambda x: importlib.import_module("torch.nn.functional").softmax(x, -1),
    "the table of C functions": lambda x: torch._C._VariableFunctions.softmax(x, -1),
    "the base class": lambda x: torch._C.TensorBase.softmax(x, -1),
    "an operator": lambda x: torch.ops.aten.softmax(x, -1),
    "an overload below autograd": lambda x: torch.ops.aten._softmax.default(x, -1, False),
    "another kernel": lambda x: torch.ops.aten._safe_softmax(x, -1),
    "a loss": lambda x: F.cross_entropy(x, x),
    "a layer": torch.nn.Softmax(-1),
    "a scripted function": scripted,
    "vmap": lambda x: torch.vmap(partial)(x),
    "a thread": in_thread,
    "a bare thread": in_bare_thread,
    "a pool of older threads": lambda x: older_pool.submit(partial, x).result(),
}
ROADS_TO_ATTENTION = {
    "the function": lambda x: F.scaled_dot_product_attention(heads(x), heads(x), heads(x)),
    "the C function": lambda x: torch._C._nn.scaled_dot_product_attention(heads(x), heads(x), heads(x)),
    "an operator": lambda x: torch.ops.aten.scaled_dot_product_attention(heads(x), heads(x), heads(x)),
    "flash": lambda x: torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(heads(x), heads(x), heads(x))[0],
    "unfused": lambda x: torch.ops.aten._scaled_dot_product_attention_math(x, x, x)[0],
    "a layer": lambda x: torch.nn.MultiheadAttention(4, 2)(x, x, x)[0],
    "a layer's base": lambda x: type("Mine", (torch.nn.MultiheadAttention,), {})(4, 2)(x, x, x)[0],
    "a whole encoder": lambda x: torch.nn.TransformerEncoderLayer(4, 2, 8).eval()(x),
}


@pytest.mark.parametrize("road", ROADS)
def test_softmax_is_noticed(road):
    error = answer_with(ROADS[road], Call((X,), cotangent=X), SOFTMAX, globals()).error
    assert error.startswith("This question asks you to write it yourself: your code calls torch."), error
    assert "softmax" in error


@pytest.mark.parametrize("road", ROADS_TO_ATTENTION)
def test_attention_is_noticed(road):
    error = answer_with(ROADS_TO_ATTENTION[road], Call((X,)), ATTENTION, globals()).error
    assert error.startswith("This question asks you to write it yourself: your code calls torch.nn."), error


@pytest.mark.parametrize(
    "own",
    [
        lambda x: (x - x.amax(-1, keepdim=True)).exp() / (x - x.amax(-1, keepdim=True)).exp().sum(-1, keepdim=True),
        lambda x: (x - x.logsumexp(-1, keepdim=True)).exp(),
        lambda x: torch.vmap(lambda row: row.exp() / row.exp().sum())(x),
        lambda x: ThreadPoolExecutor(1).submit(lambda: x.exp() / x.exp().sum(-1, keepdim=True)).result(),
    ],
)
def test_what_a_student_writes_is_not_taken_for_it(own):
    (output,) = answer_with(own, Call((X,), cotangent=X), SOFTMAX, {}).outputs
    np.testing.assert_allclose(output.values, np.exp(X) / np.exp(X).sum(-1, keepdims=True), rtol=1e-5)


def test_nothing_is_left_behind():
    before = _thread.start_new_thread, threading._start_new_thread, torch.softmax, torch.Tensor.softmax
    answer_with(ROADS["a thread"], Call((X,)), SOFTMAX, {})
    assert before == (_thread.start_new_thread, threading._start_new_thread, torch.softmax, torch.Tensor.softmax)
    np.testing.assert_allclose(scripted(torch.from_numpy(X)).sum(-1), np.ones(3), rtol=1e-6)
