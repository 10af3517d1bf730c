"""The parallel scan against a loop in NumPy's float64, and against the clock."""

import time

import numpy as np
import pytest
import torch

from transformer_lab.errors import LabError
from transformer_lab.predecessors.linear_recurrence import (
    LinearRecurrence,
    recurrence_by_loop,
    recurrence_by_scan,
    sequential_steps,
)

WAYS = [recurrence_by_loop, recurrence_by_scan]


def in_numpy(a, b, start):
    states, state = np.empty_like(b), start
    for t in range(b.shape[1]):
        state = a[:, t] * state + b[:, t]
        states[:, t] = state
    return states


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 7, 8, 9, 31, 100, 1001])
def test_equals_numpy(way, length):
    """float32 against float64, to 1e-6 of the largest state. Gates of 0 and near 1 are among them."""
    generator = np.random.default_rng(length)
    a = generator.uniform(-1, 1, (2, length, 3))
    a[:, ::5] = 0.0
    a[:, 1::3] = 0.999
    b, start = generator.standard_normal((2, length, 3)), generator.standard_normal((2, 3))
    ours = way(*(torch.from_numpy(one).float() for one in (a, b, start)))
    expected = in_numpy(*(one.astype(np.float32).astype(np.float64) for one in (a, b, start)))
    scale = max(1.0, np.abs(expected).max())
    torch.testing.assert_close(ours.double(), torch.from_numpy(expected), rtol=0, atol=1e-6 * scale)
    without = way(*(torch.from_numpy(one) for one in (a, b)))
    torch.testing.assert_close(without, torch.from_numpy(in_numpy(a, b, 0.0)), rtol=0, atol=1e-12)


def test_gradients_are_those_of_the_loop():
    """In float64, to 1e-12: of a, of b and of the start."""
    torch.manual_seed(0)
    a, b, start = torch.rand(2, 37, 3), torch.randn(2, 37, 3), torch.randn(2, 3)
    given = [one.double().requires_grad_() for one in (a, b, start)]
    direction = torch.randn(2, 37, 3, dtype=torch.float64)
    expected = torch.autograd.grad(recurrence_by_loop(*given), given, direction)
    ours = torch.autograd.grad(recurrence_by_scan(*given), given, direction)
    for one, other in zip(ours, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)
    assert torch.autograd.gradcheck(recurrence_by_scan, [one[:1, :6] if one.dim() == 3 else one[:1] for one in given])


@torch.no_grad()
def test_faster_than_the_loop_where_sentences_are_long():
    """Processor time of one thread, the best of three; at 4,096 tokens the loop's steps cost more than the products."""
    torch.manual_seed(0)
    a, b = torch.rand(4, 4096, 32), torch.randn(4, 4096, 32)
    seconds = {}
    for way in WAYS:
        tries = []
        for _ in range(3):
            before = time.thread_time()
            way(a, b)
            tries.append(time.thread_time() - before)
        seconds[way] = min(tries)
    assert seconds[recurrence_by_scan] < seconds[recurrence_by_loop] / 2


def test_steps_that_wait(monkeypatch):
    """Counted where they happen: each round down composes once, each round back fills in once."""
    rounds = []
    real = torch.addcmul
    monkeypatch.setattr(torch, "addcmul", lambda *given: rounds.append(1) or real(*given))
    for length in (1, 2, 3, 8, 9, 1000):
        rounds.clear()
        recurrence_by_scan(torch.rand(1, length, 1), torch.rand(1, length, 1))
        assert len(rounds) == sequential_steps(length)
    with pytest.raises(LabError, match="length=0 must be at least 1"):
        sequential_steps(0)


def test_the_layer_computes_its_formula():
    """In float64, gate by gate, to 1e-12."""
    torch.manual_seed(0)
    layer = LinearRecurrence(3, 5).double()
    x = torch.randn(2, 9, 3, dtype=torch.float64)
    w, wb = layer.gate.weight.detach().numpy(), layer.gate.bias.detach().numpy()
    v, vb = layer.candidate.weight.detach().numpy(), layer.candidate.bias.detach().numpy()
    ours = layer(x).detach().numpy()
    for row in range(2):
        h = np.zeros(5)
        for t in range(9):
            gate = 1 / (1 + np.exp(-(w @ x[row, t].numpy() + wb)))
            h = gate * h + (1 - gate) * np.tanh(v @ x[row, t].numpy() + vb)
            np.testing.assert_allclose(ours[row, t], h, rtol=0, atol=1e-12)


def test_padding_keeps_the_state():
    torch.manual_seed(0)
    layer = LinearRecurrence(3, 5).double()
    x, real = torch.randn(1, 9, 3, dtype=torch.float64), torch.arange(9)[None] < 6
    states = layer(x, real)
    torch.testing.assert_close(states[:, :6], layer(x[:, :6]), rtol=0, atol=1e-12)
    torch.testing.assert_close(states[:, 6:], states[:, 5:6].expand(-1, 3, -1), rtol=0, atol=0)
