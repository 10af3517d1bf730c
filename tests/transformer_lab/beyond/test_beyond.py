"""Cheaper attention and its neighbours (claim C25), each against its definition written as an n × n matrix."""

import pytest
import torch

from transformer_lab.attention import scaled_dot_product_attention
from transformer_lab.beyond.hybrid import HybridConfig, LongShortBlock
from transformer_lab.beyond.linear_attention import (
    CausalLinearAttention,
    LinearAttention,
    causal_linear_attention,
    feature_map,
    linear_attention,
    recurrent_step,
)
from transformer_lab.beyond.sliding_window import WindowAttention, sliding_window_attention, sliding_window_mask
from transformer_lab.errors import LabError
from transformer_lab.training.config import find_recipe


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


@pytest.mark.parametrize("length", [3, 4, 9, 13])
def test_a_sliding_window_under_another_mask(length):
    """Causal, padding, or both: as the n × n matrix has it, gradients too. Rows that see nothing are 0."""
    torch.manual_seed(0)
    query, key, value = draw(2, 3, length, 4), draw(2, 3, length, 4), draw(2, 3, length, 5)
    causal = torch.ones(length, length, dtype=torch.bool).tril()
    padding = (torch.arange(length) < torch.tensor([[length], [2]]))[:, None, None]
    for mask in (causal, padding, causal & padding):
        ours = sliding_window_attention(query, key, value, 2, mask)
        expected = scaled_dot_product_attention(query, key, value, mask & sliding_window_mask(length, 2))
        assert_equal_with_gradients(ours, expected, (query, key, value))


@torch.no_grad()
def test_blocks_and_one_mask_are_the_same_attention():
    """12 tokens under a window of 3 go in blocks, 9 do not: the first tokens of both see the same."""
    torch.manual_seed(0)
    attention = WindowAttention(8, 2, window=3).double()
    x = torch.randn(2, 12, 8, dtype=torch.float64)
    mask = (torch.arange(12) < torch.tensor([[12], [5]]))[:, None, None]
    long, weights = attention(x, x, mask), attention.weights(x, x, mask)
    _, _, value = attention.project(x, x)
    torch.testing.assert_close(long, attention.mix(weights @ value), rtol=0, atol=1e-12)
    torch.testing.assert_close(long[:, :6], attention(x[:, :9], x[:, :9], mask[..., :9])[:, :6], rtol=0, atol=1e-12)


@torch.no_grad()
@pytest.mark.parametrize("name", ["linear", "sliding-window"])
def test_decoding_goes_on_beyond_the_window(name):
    """40 tokens, one by one, as all at once: a window of 4 has long moved on, a sum over keys grown."""
    torch.manual_seed(0)
    known = ["window=4"] if name == "sliding-window" else []
    model = (
        find_recipe("tiny", [f"architecture={name}", "vocab_size=12", "num_layers=2", *known]).build().double().eval()
    )
    source, target = torch.randint(3, 12, (2, 15)), torch.randint(3, 12, (2, 40))
    memory, mask = model.encode(source), model.source_mask(source)
    whole, decoder = model.decode(target, memory, mask), model.incremental(memory, mask)
    for t in range(40):
        torch.testing.assert_close(decoder.step(target[:, t]), whole[:, t], rtol=0, atol=1e-12)


@torch.no_grad()
@pytest.mark.parametrize("kind", [LinearAttention, CausalLinearAttention])
def test_the_weights_of_linear_attention_are_those_it_never_forms(kind):
    torch.manual_seed(0)
    attention, x = kind(8, 2).double(), torch.randn(2, 6, 8, dtype=torch.float64)
    padding = (torch.arange(6) < torch.tensor([[6], [4]]))[:, None, None]
    mask = torch.ones(6, 6, dtype=torch.bool).tril() if kind is CausalLinearAttention else padding
    weights = attention.weights(x, x, mask)
    _, _, value = attention.project(x, x)
    torch.testing.assert_close(attention.mix(weights @ value), attention(x, x, mask), rtol=0, atol=1e-12)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 2, 6, dtype=torch.float64), rtol=0, atol=1e-12)


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
    torch.nn.init.zeros_(block.self_attention.output.weight)
    (gradient,) = torch.autograd.grad(block(x)[0, 5].sum(), x)
    assert (gradient[0].abs().sum(dim=-1) > 0).nonzero().flatten().tolist() == [4, 5, 6]


@pytest.mark.parametrize(
    ("sizes", "said"),
    [((7, 1, 8, 3, 0.0), "d_model=7 is odd"), ((8, 2, 8, 4, 0.0), "even"), ((8, 8, 8, 3, 0.0), "half of d_model=8")],
)
def test_the_hybrid_refuses_sizes_that_do_not_fit(sizes, said):
    with pytest.raises(LabError, match=said):
        LongShortBlock(*sizes)
    with pytest.raises(LabError, match=said):
        HybridConfig(vocab_size=9, d_model=sizes[0], num_heads=sizes[1], d_ff=sizes[2], kernel_size=sizes[3])
