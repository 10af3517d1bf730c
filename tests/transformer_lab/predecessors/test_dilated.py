"""Dilated convolution against loops and torch, and what a stack of them sees: by formula, gradient and perturbation."""

import numpy as np
import pytest
import torch
from torch import nn

from transformer_lab.errors import LabError
from transformer_lab.predecessors.convolutional import receptive_field
from transformer_lab.predecessors.dilated import (
    DilatedConvolution,
    DilatedStack,
    dilated_convolution,
    field_by_gradient,
    field_by_perturbation,
    field_size,
    layers_to_see,
)


def in_loops(x, weight, bias, dilation, causal):
    """Position by position in float64; what the window finds beyond the ends is nothing."""
    batch, length, _ = x.shape
    d_out, _, size = weight.shape
    y = np.zeros((batch, length, d_out))
    for row in range(batch):
        for t in range(length):
            y[row, t] = bias
            for i in range(size):
                back = (size - 1 - i) * dilation if causal else ((size - 1) // 2 - i) * dilation
                if 0 <= t - back < length:
                    y[row, t] += weight[:, :, i] @ x[row, t - back]
    return y


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(("size", "dilation"), [(3, 1), (3, 2), (5, 3), (1, 4), (3, 30)])
def test_equals_loops(size, dilation, causal):
    """In float64, to 1e-12."""
    torch.manual_seed(0)
    x, weight, bias = torch.randn(2, 11, 3), torch.randn(4, 3, size), torch.randn(4)
    x, weight, bias = x.double(), weight.double(), bias.double()
    expected = in_loops(x.numpy(), weight.numpy(), bias.numpy(), dilation, causal)
    ours = dilated_convolution(x, weight, bias, dilation, causal)
    torch.testing.assert_close(ours, torch.from_numpy(expected), rtol=0, atol=1e-12)


def test_without_dilation_it_is_torch_s_convolution():
    """Values and gradients, 1e-6 in float32."""
    torch.manual_seed(0)
    ours, theirs = DilatedConvolution(4, 5, 3, dilation=2), nn.Conv1d(4, 5, 3, padding=2, dilation=2)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 9, 4, requires_grad=True)
    one, other = ours(x), theirs(x.transpose(1, 2)).transpose(1, 2)
    torch.testing.assert_close(one, other, rtol=0, atol=1e-6)
    direction = torch.randn_like(one)
    (a,) = torch.autograd.grad(one, x, direction)
    (b,) = torch.autograd.grad(other, x, direction)
    torch.testing.assert_close(a, b, rtol=0, atol=1e-6)


@pytest.mark.parametrize("field", [field_by_gradient, field_by_perturbation])
@pytest.mark.parametrize(
    ("size", "dilations", "seen"),
    [(3, (1, 1, 1), 7), (3, (1, 2, 4, 8), 31), (3, (1, 3, 9, 27), 81), (5, (1, 5), 25), (3, (), 1)],
)
def test_a_stack_sees_its_field_and_nothing_else(field, size, dilations, seen):
    """The middle of 101 positions; the numbers in the table are counted by hand."""
    torch.manual_seed(0)
    stack = DilatedStack(4, size, dilations).double()
    found = field(stack, torch.randn(1, 101, 4, dtype=torch.float64), 50)
    middle = list(range(50 - seen // 2, 50 + seen // 2 + 1))
    assert found.nonzero().flatten().tolist() == middle
    assert stack.receptive_field == field_size(size, dilations) == seen


@pytest.mark.parametrize("field", [field_by_gradient, field_by_perturbation])
def test_a_causal_stack_sees_nothing_to_its_right(field):
    torch.manual_seed(0)
    stack = DilatedStack(4, 3, (1, 2, 4), causal=True).double()
    found = field(stack, torch.randn(1, 40, 4, dtype=torch.float64), 30)
    assert found.nonzero().flatten().tolist() == list(range(16, 31))


def test_a_dilation_beyond_what_was_seen_leaves_holes():
    torch.manual_seed(0)
    convolution = DilatedConvolution(3, 3, 3, dilation=4).double()
    found = field_by_gradient(convolution, torch.randn(1, 21, 3, dtype=torch.float64), 10)
    assert found.nonzero().flatten().tolist() == [6, 10, 14]
    assert field_size(3, [4]) == 9


def test_padding_is_not_seen():
    torch.manual_seed(0)
    stack = DilatedStack(4, 3, (1, 2, 4)).double()
    x = torch.randn(1, 9, 4, dtype=torch.float64)
    padded = torch.cat([x, torch.randn(1, 8, 4, dtype=torch.float64)], dim=1)
    real = torch.arange(17)[None] < 9
    torch.testing.assert_close(stack(padded, real)[:, :9], stack(x), rtol=0, atol=1e-12)
    assert not torch.allclose(stack(padded)[:, :9], stack(x), atol=1e-3)


def test_layers_that_connect_both_ends():
    """By trying: the fewest layers whose field, to one side, holds all positions."""
    for size in (2, 3, 5):
        for length in (1, 2, 3, 9, 10, 27, 81, 82, 125, 243, 1000):
            plain = next(layers for layers in range(1000) if receptive_field(layers, size) >= length)
            grown = next(n for n in range(20) if field_size(size, [size**i for i in range(n)]) >= length)
            assert layers_to_see(length, size) == plain
            assert layers_to_see(length, size, dilated=True) == grown


def test_what_has_no_middle_or_no_size_is_refused():
    for make in (lambda: DilatedConvolution(2, 2, 4), lambda: DilatedStack(2, 4, (1, 2))):
        with pytest.raises(LabError, match="kernel_size=4 is even; a window needs a middle"):
            make()
    DilatedConvolution(2, 2, 4, causal=True)
    with pytest.raises(LabError, match="dilation=0 must be at least 1"):
        DilatedStack(2, 3, (1, 0))
    with pytest.raises(LabError, match="kernel_size=1 at least 2"):
        layers_to_see(5, 1)
