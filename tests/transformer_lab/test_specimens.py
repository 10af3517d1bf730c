"""The mistaken multi-head variants: what they lack, counted and shown."""

import pytest
import torch

from transformer_lab.errors import LabError
from transformer_lab.multihead import MultiHeadAttention
from transformer_lab.one_hot_positions import OneHotPositions
from transformer_lab.specimens import NarrowProjection, SplitBeforeProjection


def size(module):
    return sum(p.numel() for p in module.parameters())


def test_they_have_fewer_parameters_than_the_paper_s():
    """Claims C12 and C27: 3 projections of d², d²/h and d²/h, and the output's."""
    d, h = 64, 8
    assert size(MultiHeadAttention(d, h)) == 4 * (d * d + d)
    assert size(SplitBeforeProjection(d, h)) == 3 * h * ((d // h) ** 2 + d // h) + d * d + d
    assert size(NarrowProjection(d, h)) == 3 * (d * d // h + d // h) + (d // h) * d + d


def test_a_head_of_the_split_one_knows_only_its_slice():
    """Claim C12: the first head's part of the output does not move when another slice of the input does."""
    torch.manual_seed(0)
    x = torch.randn(1, 5, 8)
    changed = x.clone()
    changed[..., 4:] += 1.0
    split, paper = SplitBeforeProjection(8, 2), MultiHeadAttention(8, 2)
    with torch.no_grad():
        for module in (split, paper):  # the joined heads themselves are the output
            module.output.weight.copy_(torch.eye(8))
            module.output.bias.zero_()
    assert torch.equal(split(x)[..., :4], split(changed)[..., :4])
    assert not torch.allclose(paper(x, x)[..., :4], paper(changed, changed)[..., :4], atol=1e-3)


def test_a_head_of_the_narrow_one_has_rank_d_head_over_heads():
    """Claim C27: of 8 heads with d_head = 8, each is left with one feature, so its scores have rank 1."""
    torch.manual_seed(0)
    module = NarrowProjection(64, 8)
    x = torch.randn(1, 20, 64)
    query, key = (p(x)[0, :, :1] for p in (module.query, module.key))
    assert torch.linalg.matrix_rank(query @ key.T) == 1
    assert module(x).shape == x.shape


def test_appending_a_one_hot_position_is_adding_a_vector():
    """Claim C37, exact up to rounding: values and gradients."""
    torch.manual_seed(0)
    module = OneHotPositions(max_length=10, d_input=6, d_model=8).double()
    x = torch.randn(2, 7, 6, dtype=torch.float64)
    torch.testing.assert_close(module(x), module.added(x), rtol=0, atol=1e-14)
    direction = torch.randn(2, 7, 8, dtype=torch.float64)
    (a,) = torch.autograd.grad(module(x), module.projection.weight, direction)
    (b,) = torch.autograd.grad(module.added(x), module.projection.weight, direction)
    torch.testing.assert_close(a, b, rtol=0, atol=1e-13)


def test_sizes_that_do_not_fit_get_a_sentence():
    for make, sizes in ((SplitBeforeProjection, (10, 4)), (NarrowProjection, (10, 4)), (NarrowProjection, (8, 4))):
        with pytest.raises(LabError, match=r"d_model=\d+ is not divisible by num_heads=4"):
            make(*sizes)
    positions = OneHotPositions(4, 3, 6)
    for way in (positions, positions.added):
        with pytest.raises(LabError, match="a sequence of 5 tokens is longer than the model's max_length=4"):
            way(torch.zeros(1, 5, 3))
