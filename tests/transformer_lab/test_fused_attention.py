"""The fused kernel against the formula written out."""

import pytest
import torch

from transformer_lab.attention import scaled_dot_product_attention
from transformer_lab.fused_attention import fused_attention, fused_causal_attention
from transformer_lab.masks import causal_mask, padding_mask

TOKENS = torch.tensor([[1, 2, 3, 4, 5, 6, 7], [1, 2, 0, 0, 0, 0, 0]])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("mask", ["none", "causal", "padded", "causal and padded", "nothing to see"])
def test_equals_the_formula_forward_and_backward(mask, dtype):
    """Tolerances: 1e-5 relative and 1e-6 absolute in float32, 1e-12 in float64. A query without keys gets 0."""
    torch.manual_seed(0)
    masks = {
        "none": None,
        "causal": causal_mask(7),
        "padded": padding_mask(TOKENS, 0),
        "causal and padded": causal_mask(7) & padding_mask(TOKENS, 0),
        "nothing to see": torch.zeros(7, 7, dtype=torch.bool),
    }
    inputs = [torch.randn(2, 3, 7, 8, dtype=dtype, requires_grad=True) for _ in range(3)]
    fused, formula = (attend(*inputs, masks[mask]) for attend in (fused_attention, scaled_dot_product_attention))
    tolerance = {"rtol": 1e-5, "atol": 1e-6} if dtype == torch.float32 else {"rtol": 1e-12, "atol": 1e-12}
    torch.testing.assert_close(fused, formula, **tolerance)
    cotangent = torch.randn_like(fused)
    for ours, expected in zip(
        torch.autograd.grad(fused, inputs, cotangent), torch.autograd.grad(formula, inputs, cotangent), strict=True
    ):
        torch.testing.assert_close(ours, expected, **tolerance)


def test_causal_without_a_mask_equals_the_formula_with_one():
    torch.manual_seed(0)
    inputs = [torch.randn(2, 3, 7, 8, dtype=torch.float64, requires_grad=True) for _ in range(3)]
    fused, formula = fused_causal_attention(*inputs), scaled_dot_product_attention(*inputs, causal_mask(7))
    torch.testing.assert_close(fused, formula, rtol=1e-12, atol=1e-12)
    cotangent = torch.randn_like(fused)
    for ours, expected in zip(
        torch.autograd.grad(fused, inputs, cotangent), torch.autograd.grad(formula, inputs, cotangent), strict=True
    ):
        torch.testing.assert_close(ours, expected, rtol=1e-12, atol=1e-12)
