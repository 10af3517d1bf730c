"""SelfAttention against torch's own attention with the same matrices, and against the formula's shapes."""

import torch
from torch.nn import functional

from transformer_lab.masks import causal_mask
from transformer_lab.self_attention import SelfAttention


def layer_and_input(seed=0):
    torch.manual_seed(seed)
    return SelfAttention(d_model=12, d_k=8, d_v=5).double(), torch.randn(3, 7, 12, dtype=torch.float64)


def test_equals_torch_with_the_same_matrices_forward_and_backward():
    layer, x = layer_and_input()
    x.requires_grad_()
    w_q, w_k, w_v = (part.weight.T for part in (layer.query, layer.key, layer.value))
    mask = causal_mask(7)
    expected = functional.scaled_dot_product_attention(x @ w_q, x @ w_k, x @ w_v, mask)
    actual = layer(x, mask)
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-12)
    cotangent = torch.randn_like(actual)
    parameters = [x, *layer.parameters()]
    for mine, theirs in zip(
        torch.autograd.grad(actual, parameters, cotangent),
        torch.autograd.grad(expected, parameters, cotangent),
        strict=True,
    ):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-12)


def test_weights_are_those_that_forward_uses():
    layer, x = layer_and_input(1)
    torch.testing.assert_close(layer.weights(x) @ layer.value(x), layer(x), rtol=0, atol=1e-12)
    assert layer.weights(x, causal_mask(7))[:, 0, 1:].count_nonzero() == 0


def test_has_the_three_matrices_and_nothing_else():
    layer = SelfAttention(d_model=512, d_k=64, d_v=32)
    assert {name: tuple(p.shape) for name, p in layer.named_parameters()} == {
        "query.weight": (64, 512),
        "key.weight": (64, 512),
        "value.weight": (32, 512),
    }


def test_takes_a_sequence_without_a_batch():
    layer, x = layer_and_input(2)
    torch.testing.assert_close(layer(x[1]), layer(x)[1], rtol=0, atol=1e-12)
