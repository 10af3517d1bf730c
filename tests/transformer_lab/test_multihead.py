"""Multi-head attention against torch.nn.MultiheadAttention with the same weights."""

import pytest
import torch
from oracle import TOLERANCE, assert_same_gradients, copy_attention, torch_attention

from transformer_lab.errors import LabError
from transformer_lab.masks import causal_mask, padding_mask
from transformer_lab.multihead import MultiHeadAttention

TOKENS = torch.tensor([[1, 2, 3, 4, 5], [1, 2, 0, 0, 0], [1, 2, 3, 0, 0]])


def attention(num_heads: int = 4) -> MultiHeadAttention:
    torch.manual_seed(0)
    return MultiHeadAttention(16, num_heads)


@pytest.mark.parametrize("num_heads", [1, 2, 4, 16])
@pytest.mark.parametrize("kind", ["self, causal and padded", "cross, padded", "no mask"])
def test_equals_torch_forward_and_backward(kind, num_heads):
    ours = attention(num_heads)
    theirs = torch_attention(ours)
    x = torch.randn(3, 5, 16, requires_grad=True)
    context = x if kind.startswith("self") else torch.randn(3, 5, 16, requires_grad=True)
    mask, arguments = None, {}
    if kind != "no mask":
        mask = padding_mask(TOKENS, 0)
        arguments["key_padding_mask"] = TOKENS == 0
    if kind.startswith("self"):
        mask = mask & causal_mask(5)
        arguments["attn_mask"] = ~causal_mask(5)
    output = ours(x, context, mask)
    expected, weights = theirs(x, context, context, average_attn_weights=False, **arguments)
    torch.testing.assert_close(output, expected, **TOLERANCE)
    torch.testing.assert_close(ours.weights(x, context, mask), weights, **TOLERANCE)
    cotangent = torch.randn_like(output)
    inputs = (x,) if context is x else (x, context)
    for mine, reference in zip(
        torch.autograd.grad(output, inputs, cotangent, retain_graph=True),
        torch.autograd.grad(expected, inputs, cotangent, retain_graph=True),
        strict=True,
    ):
        torch.testing.assert_close(mine, reference, **TOLERANCE)
    output.backward(cotangent, inputs=list(ours.parameters()))
    expected.backward(cotangent, inputs=list(theirs.parameters()))
    assert_same_gradients(ours, theirs, copy_attention)


def test_a_fully_masked_query_gets_the_output_bias_and_no_nan():
    ours = attention()
    x = torch.randn(2, 5, 16, requires_grad=True)
    output = ours(x, x, torch.zeros(5, 5, dtype=torch.bool))
    torch.testing.assert_close(output, ours.output.bias.expand_as(output))
    output.sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in ours.parameters())
    assert (x.grad == 0).all()


@pytest.mark.parametrize("num_heads", [0, -2])
def test_an_attention_without_heads_is_refused(num_heads):
    with pytest.raises(LabError, match=f"num_heads={num_heads} must be at least 1"):
        attention(num_heads)


def test_gradients_stay_finite_where_scores_are_very_large():
    """Layers that add without a norm let scores grow to 10⁶ and beyond; float64 is the oracle, to 1 %."""
    ours = attention()
    with torch.no_grad():
        for projection in (ours.query, ours.key):
            projection.weight.mul_(1e3)
    x = torch.randn(2, 5, 16, requires_grad=True)
    (gradient,) = torch.autograd.grad(ours(x, x).sum(), x)
    exact = x.detach().double().requires_grad_()
    (expected,) = torch.autograd.grad(ours.double()(exact, exact).sum(), exact)
    torch.testing.assert_close(gradient.double(), expected, rtol=1e-2, atol=1e-2)


def test_every_head_reads_the_whole_input():
    """Claim C12: a head projects all d_model features, so it depends on those outside its own slice."""
    ours = attention(4)
    x = torch.randn(1, 5, 16, requires_grad=True)
    first_head = ours.split_heads(ours.query(x))[:, 0]
    first_head.sum().backward()
    assert (x.grad.abs().amax(dim=(0, 1)) > 0).all()


def test_split_heads_keeps_each_tokens_features_together():
    """Claim C55: head h of token n holds features h·d_head…, which a reshape without transpose would mix up."""
    ours = attention(4)
    x = torch.arange(2 * 5 * 16, dtype=torch.float32).reshape(2, 5, 16)
    heads = ours.split_heads(x)
    assert heads.shape == (2, 4, 5, 4)
    for head in range(4):
        assert torch.equal(heads[:, head], x[:, :, 4 * head : 4 * head + 4])


def test_the_number_of_heads_does_not_change_the_number_of_parameters():
    counts = {sum(p.numel() for p in attention(h).parameters()) for h in (1, 2, 4, 8, 16)}
    assert counts == {4 * (16 * 16 + 16)}


def test_indivisible_width_is_refused_in_one_sentence():
    with pytest.raises(LabError, match="d_model=100 is not divisible by num_heads=8; choose d_model as a multiple"):
        MultiHeadAttention(100, 8)


class OnCUDA:
    """What says that it is a query on a CUDA device."""

    is_cuda = True


@pytest.mark.parametrize(
    ("query", "compiling", "keys", "fused"),
    [
        (torch.empty(1, 1, 1, 4), False, 9, False),
        (torch.empty(1, 1, 1, 4), True, 999, False),
        (OnCUDA, False, 9, True),
        (OnCUDA, True, 9, False),
        (OnCUDA, True, 129, True),
    ],
    ids=["processor", "processor, compiled", "CUDA", "CUDA, compiled", "CUDA, compiled, long"],
)
def test_the_kernel_or_the_formula(monkeypatch, query, compiling, keys, fused):
    """Which of the two a query is given to; that both give the same is shown elsewhere."""
    monkeypatch.setattr("transformer_lab.multihead.fused_attention", lambda *_: "fused")
    monkeypatch.setattr("transformer_lab.multihead.scaled_dot_product_attention", lambda *_: "formula")
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: compiling)
    attend = MultiHeadAttention.attend.__wrapped__  # without the check of shapes, which stand-ins have none of
    assert attend(attention(), query, torch.empty(1, 1, keys, 4), None) == ("fused" if fused else "formula")
