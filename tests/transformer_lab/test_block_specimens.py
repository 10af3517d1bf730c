"""Blocks without a part: what they compute, and what that does to depth; batch norm against torch's and on padding."""

import pytest
import torch
from torch import nn

from transformer_lab.block_specimens import (
    BareEncoderLayer,
    BatchNorm,
    BatchNormEncoderLayer,
    NormOnlyEncoderLayer,
    ResidualOnlyEncoderLayer,
    batch_norm,
    difference_between_tokens,
    gradient_at_input,
    stack_of,
)
from transformer_lab.layers import EncoderLayer
from transformer_lab.normalization import LayerNorm
from transformer_lab.prenorm import PreNormEncoderLayer

KINDS = (BareEncoderLayer, NormOnlyEncoderLayer, ResidualOnlyEncoderLayer, EncoderLayer, PreNormEncoderLayer)


@torch.no_grad()
@pytest.mark.parametrize(
    ("kind", "formula"),
    [
        (BareEncoderLayer, lambda layer, a, f, x: f(a(x))),
        (NormOnlyEncoderLayer, lambda layer, a, f, x: layer.norm2(f(layer.norm1(a(x))))),
        (ResidualOnlyEncoderLayer, lambda layer, a, f, x: x + a(x) + f(x + a(x))),
        (BatchNormEncoderLayer, lambda layer, a, f, x: layer.norm2((y := layer.norm1(x + a(x))) + f(y))),
    ],
)
def test_each_lacks_what_its_name_says(kind, formula):
    """In float64 to 1e-12, with padding masked."""
    torch.manual_seed(0)
    layer, x = kind(8, 2, 16, 0.5).double().eval(), torch.randn(2, 5, 8, dtype=torch.float64)
    mask = (torch.arange(5) < torch.tensor([[5], [3]]))[:, None, None]
    for norm in (layer.norm1, layer.norm2):
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
    expected = formula(layer, lambda x: layer.self_attention(x, x, mask), layer.feed_forward, x)
    torch.testing.assert_close(layer(x, mask), expected, rtol=0, atol=1e-12)


def test_what_depth_does_to_each():
    """Claim C49 and rank collapse (Dong et al. 2021), on three seeds at 24 layers: orders of magnitude, not luck."""
    for seed in range(3):
        gradient, difference = {}, {}
        for kind in KINDS:
            torch.manual_seed(seed)
            stack, x = stack_of(kind, 24), torch.randn(4, 12, 64)
            gradient[kind] = gradient_at_input(stack, x, torch.randn(4, 12, 64))
            difference[kind] = difference_between_tokens(stack(x))
        assert gradient[BareEncoderLayer] < 1e-3
        assert gradient[ResidualOnlyEncoderLayer] > 1e6
        assert 1 < gradient[EncoderLayer] < 1e4
        assert 1 < gradient[PreNormEncoderLayer] < 1e4
        assert difference[BareEncoderLayer] < 1e-4
        assert difference[NormOnlyEncoderLayer] < 1e-4
        assert difference[PreNormEncoderLayer] > 0.1 > 0.01 > difference[EncoderLayer]


def test_measures_by_hand():
    x = torch.tensor([[[3.0, 0.0], [0.0, 4.0]]])
    assert difference_between_tokens(x) == pytest.approx((2 * (1.5**2 + 2**2)) ** 0.5 / 5, abs=1e-6)
    assert difference_between_tokens(torch.ones(2, 3, 4)) == 0
    assert gradient_at_input(nn.Linear(2, 2).requires_grad_(False), x, torch.zeros(1, 2, 2)) == 0
    doubled = nn.Linear(2, 2, bias=False)
    doubled.weight.data.copy_(2 * torch.eye(2))
    assert gradient_at_input(doubled, x, x) == pytest.approx(10.0, abs=1e-6)


def test_batch_norm_is_torch_s():
    """Values, gradients and running averages, over five batches in float64 to 1e-12; then evaluation."""
    torch.manual_seed(0)
    ours, theirs = BatchNorm(6).double(), nn.BatchNorm1d(6).double()
    with torch.no_grad():
        for norm in (ours, theirs):
            norm.weight.copy_(torch.arange(1, 7))
            norm.bias.copy_(torch.arange(6))
    for _ in range(5):
        x = torch.randn(3, 4, 6, dtype=torch.float64) * 3 + 1
        one, other = x.clone().requires_grad_(), x.clone().requires_grad_()
        a, b = ours(one), theirs(other.flatten(0, 1)).view(3, 4, 6)
        torch.testing.assert_close(a, b, rtol=0, atol=1e-12)
        direction = torch.randn_like(x)
        (p,), (q,) = torch.autograd.grad(a, one, direction), torch.autograd.grad(b, other, direction)
        torch.testing.assert_close(p, q, rtol=0, atol=1e-12)
    torch.testing.assert_close(ours.mean, theirs.running_mean, rtol=0, atol=1e-12)
    torch.testing.assert_close(ours.variance, theirs.running_var, rtol=0, atol=1e-12)
    x = torch.randn(3, 4, 6, dtype=torch.float64)
    torch.testing.assert_close(
        ours.eval()(x), theirs.eval()(x.flatten(0, 1)).view(3, 4, 6), rtol=0, atol=1e-12
    )  # fmt: skip


def test_statistics_of_a_batch_move_a_sentence_and_layer_norm_s_do_not():
    """The same sentence, alone, with padding, with another sentence; padding left out mends the first alone."""
    torch.manual_seed(0)
    sentence, other = torch.randn(1, 5, 8), 2 * torch.randn(1, 9, 8) + 1
    padded = torch.cat([sentence, torch.zeros(1, 4, 8)], dim=1)
    real = torch.arange(9)[None] < 5
    ones, zeros = torch.ones(8), torch.zeros(8)

    def moved(norm, batch, real=None):
        return (norm(batch, real)[:1, :5] - norm(sentence, None)).abs().max().item()

    def over_batch(x, real):
        return batch_norm(x, ones, zeros, real)[0]

    def over_features(x, real):
        return LayerNorm(8)(x)

    assert moved(over_batch, padded) > 0.3
    assert moved(over_batch, padded, real) < 1e-6
    both = torch.cat([padded, other])
    assert moved(over_batch, both, torch.cat([real, torch.ones(1, 9, dtype=torch.bool)])) > 0.3
    assert moved(over_features, padded) == moved(over_features, both) == 0
