"""Grouped-query attention against multi-head attention with the same keys and values written out for every head."""

import pytest
import torch
from einops import repeat
from oracle import TOLERANCE

from transformer_lab.errors import LabError
from transformer_lab.grouped_query import GroupedQueryAttention, GroupedQueryConfig
from transformer_lab.masks import causal_mask, padding_mask
from transformer_lab.multihead import MultiHeadAttention

TOKENS = torch.tensor([[1, 2, 3, 4, 5], [1, 2, 0, 0, 0], [1, 2, 3, 0, 0]])


def copied(grouped: GroupedQueryAttention) -> MultiHeadAttention:
    """Every head of a group gets the group's projections."""
    full = MultiHeadAttention(grouped.query.in_features, grouped.num_heads)
    full.query.load_state_dict(grouped.query.state_dict())
    full.output.load_state_dict(grouped.output.state_dict())
    share = grouped.num_heads // grouped.num_groups
    with torch.no_grad():
        for name in ("key", "value"):
            ours, theirs = getattr(grouped, name), getattr(full, name)
            theirs.weight.copy_(repeat(ours.weight, "(g d) i -> (g s d) i", s=share, d=grouped.d_head))
            theirs.bias.copy_(repeat(ours.bias, "(g d) -> (g s d)", s=share, d=grouped.d_head))
    return full


@pytest.mark.parametrize("groups", [1, 2, 4, 8])
@pytest.mark.parametrize("mask", ["causal", "causal and padded", "padded", "a head", "a head, any query", "none"])
def test_equals_multi_head_attention_forward_and_backward(groups, mask):
    torch.manual_seed(0)
    grouped = GroupedQueryAttention(16, 8, groups)
    full = copied(grouped)
    masks = {
        "causal": causal_mask(5),
        "causal and padded": causal_mask(5) & padding_mask(TOKENS, 0),
        "padded": padding_mask(TOKENS, 0),
        "a head": torch.rand(3, 8, 5, 5) < 0.7,
        "a head, any query": torch.rand(1, 8, 1, 5) < 0.7,
        "none": None,
    }
    x = torch.randn(3, 5, 16, requires_grad=True)
    output, expected = (one(x, x, masks[mask]) for one in (grouped, full))
    torch.testing.assert_close(output, expected, **TOLERANCE)
    torch.testing.assert_close(grouped.weights(x, x, masks[mask]), full.weights(x, x, masks[mask]), **TOLERANCE)
    cotangent = torch.randn_like(output)
    (gradient,) = torch.autograd.grad(output, x, cotangent, retain_graph=True)
    (wanted,) = torch.autograd.grad(expected, x, cotangent, retain_graph=True)
    torch.testing.assert_close(gradient, wanted, rtol=1e-5, atol=5e-6)
    output.backward(cotangent)
    expected.backward(cotangent)
    # A shared projection's gradient is the sum of those of its copies.
    copies = full.key.weight.grad.view(groups, 8 // groups, 2, 16).sum(1).view(-1, 16)
    torch.testing.assert_close(grouped.key.weight.grad, copies, rtol=1e-4, atol=1e-5)


def test_a_memory_of_another_length():
    torch.manual_seed(0)
    grouped = GroupedQueryAttention(16, 8, 2)
    x, memory = torch.randn(2, 3, 16), torch.randn(2, 7, 16)
    torch.testing.assert_close(grouped(x, memory), copied(grouped)(x, memory), **TOLERANCE)


def test_the_projections_to_keys_and_values_shrink_with_the_groups():
    """Claim C45: the parameters saved are those of keys and values; queries and output stay."""
    sizes = {
        g: sum(p.numel() for p in GroupedQueryAttention(64, 8, g).parameters()) - 2 * (64 * 64 + 64) for g in (1, 2, 8)
    }
    assert sizes == {g: 2 * (64 * 8 * g + 8 * g) for g in (1, 2, 8)}


def test_uneven_groups_are_refused_in_one_sentence():
    sentence = "num_heads=8 is not divisible by num_groups=3; choose a number of groups that divides the heads"
    with pytest.raises(LabError, match=sentence):
        GroupedQueryAttention(16, 8, 3)
    with pytest.raises(LabError, match=sentence):
        GroupedQueryConfig(vocab_size=9, d_model=16, num_heads=8, num_groups=3)
    with pytest.raises(LabError, match="num_groups=0"):
        GroupedQueryAttention(16, 8, 0)
