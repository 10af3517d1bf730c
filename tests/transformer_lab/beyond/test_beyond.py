"""Cheaper attention and its neighbours (claim C25), each against its definition written as an n × n matrix."""

import pytest
import torch

from transformer_lab.attention import scaled_dot_product_attention
from transformer_lab.beyond.hybrid import LongShortBlock
from transformer_lab.beyond.linear_attention import (
    causal_linear_attention,
    feature_map,
    linear_attention,
    recurrent_step,
)
from transformer_lab.beyond.sliding_window import sliding_window_attention, sliding_window_mask
from transformer_lab.errors import LabError


def draw(*shape):
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


def assert_equal_with_gradients(ours, expected, inputs):
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-12)
    direction = torch.randn_like(ours)
    gradients = (torch.autograd.grad(output, inputs, direction) for output in (ours, expected))
    for a, b in zip(*gradients, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-11)


def by_weights(query, key, value, seen):
    """Linear attention as its definition has it: a weight for every pair, rows divided by their sums."""
    weights = (feature_map(query) @ feature_map(key).transpose(-2, -1)) * seen
    return weights / weights.sum(dim=-1, keepdim=True) @ value


def test_linear_attention_is_its_weights():
    torch.manual_seed(0)
    query, key, value = draw(2, 3, 5, 4), draw(2, 3, 7, 4), draw(2, 3, 7, 6)
    mask = torch.arange(7) < torch.tensor([7, 3])[:, None, None]
    ours = linear_attention(query, key, value, mask)
    expected = by_weights(query, key, value, mask[:, :, None])
    assert_equal_with_gradients(ours, expected, (query, key, value))


@pytest.mark.parametrize("shift", [-18.0, -60.0])
def test_linear_attention_of_small_features_is_still_an_average(shift):
    """φ of −18 is e⁻¹⁸, which 1 + (e⁻¹⁸ − 1) is not in float32. Against float64 at 1e-5 relative, gradients too."""
    torch.manual_seed(0)
    inputs = [torch.randn(2, 5, 4) for _ in range(3)]
    inputs[0], inputs[1] = inputs[0] + shift, inputs[1] + shift / 2
    narrow, wide = ([x.to(dtype).requires_grad_() for x in inputs] for dtype in (torch.float32, torch.float64))
    ours, exact = linear_attention(*narrow), by_weights(*wide, 1.0)
    torch.testing.assert_close(ours.double(), exact, rtol=1e-5, atol=1e-6)
    direction = torch.randn_like(exact)
    for a, b in zip(
        torch.autograd.grad(ours, narrow, direction.float()), torch.autograd.grad(exact, wide, direction), strict=True
    ):
        torch.testing.assert_close(a.double(), b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_linear_attention_to_nothing_is_0(dtype):
    query, key, value = (torch.randn(1, 3, 4, dtype=dtype).requires_grad_() for _ in range(3))
    found = linear_attention(query, key, value, torch.zeros(1, 3, dtype=torch.bool))
    found.sum().backward()
    assert (found == 0).all()
    assert all((x.grad == 0).all() for x in (query, key, value))


def test_causal_linear_attention_is_its_weights_and_a_recurrent_network():
    torch.manual_seed(0)
    query, key, value = draw(2, 9, 4), draw(2, 9, 4), draw(2, 9, 3)
    ours = causal_linear_attention(query, key, value)
    torch.testing.assert_close(ours, by_weights(query, key, value, torch.ones(9, 9).tril()), rtol=0, atol=1e-12)
    state = torch.zeros(2, 4, 3, dtype=torch.float64), torch.zeros(2, 4, dtype=torch.float64)
    for t in range(9):
        output, state = recurrent_step(state, query[:, t], key[:, t], value[:, t])
        torch.testing.assert_close(output, ours[:, t], rtol=0, atol=1e-12)


@pytest.mark.parametrize("length", [1, 4, 5, 12, 13])
@pytest.mark.parametrize("window", [1, 2, 4, 20])
def test_a_sliding_window_is_attention_under_its_mask(length, window):
    torch.manual_seed(0)
    query, key, value = draw(2, 3, length, 4), draw(2, 3, length, 4), draw(2, 3, length, 5)
    ours = sliding_window_attention(query, key, value, window)
    expected = scaled_dot_product_attention(query, key, value, sliding_window_mask(length, window))
    assert_equal_with_gradients(ours, expected, (query, key, value))


def test_a_window_of_nothing_is_refused():
    with pytest.raises(LabError, match="window=0"):
        sliding_window_attention(*(torch.ones(1, 3, 4) for _ in range(3)), window=0)


def test_the_hybrid_sees_near_and_far_and_no_padding():
    torch.manual_seed(0)
    block = LongShortBlock(d_model=8, num_heads=2, d_ff=16, kernel_size=3, dropout=0.0)
    x = torch.randn(1, 12, 8, requires_grad=True)
    (gradient,) = torch.autograd.grad(block(x)[0, 5].sum(), x)
    assert (gradient.abs().sum(dim=-1) > 0).all()  # attention reaches every position
    mask = torch.arange(12)[None, None, None] < 7
    changed = x.detach().clone()
    changed[:, 7:] = 99.0
    torch.testing.assert_close(block(x, mask)[:, :7], block(changed, mask)[:, :7], rtol=0, atol=1e-6)
    # Without its attention the block is a convolution: three positions wide.
    torch.nn.init.zeros_(block.attention.output.weight)
    (gradient,) = torch.autograd.grad(block(x)[0, 5].sum(), x)
    assert (gradient[0].abs().sum(dim=-1) > 0).nonzero().flatten().tolist() == [4, 5, 6]


@pytest.mark.parametrize(("sizes", "said"), [((7, 1, 8, 3, 0.0), "d_model=7 is odd"), ((8, 2, 8, 4, 0.0), "even")])
def test_the_hybrid_refuses_sizes_that_do_not_fit(sizes, said):
    with pytest.raises(LabError, match=said):
        LongShortBlock(*sizes)
