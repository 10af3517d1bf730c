"""Scaled dot-product attention against torch's own, and against sums written out by hand."""

import itertools
import math

import pytest
import torch
from torch.nn import functional

from transformer_lab.attention import (
    attention_scores,
    attention_weights,
    masked_softmax,
    scaled_dot_product_attention,
)

TOLERANCE = {"rtol": 1e-5, "atol": 1e-6}


def random_qkv(seed: int, batch: tuple[int, ...] = (2, 3), q: int = 5, k: int = 7, d_k: int = 8, d_v: int = 6):
    generator = torch.Generator().manual_seed(seed)
    shapes = ((*batch, q, d_k), (*batch, k, d_k), (*batch, k, d_v))
    return [torch.randn(*shape, generator=generator, requires_grad=True) for shape in shapes]


MASKS = {
    "none": None,
    "random": torch.rand(2, 3, 5, 7, generator=torch.Generator().manual_seed(5)) > 0.4,
    "padding": torch.arange(7)[None, None, None, :] < torch.tensor([7, 3])[:, None, None, None],
    "one for all": torch.ones(5, 7, dtype=torch.bool).tril(),
    "a row with nothing": torch.arange(5)[:, None].ne(2).expand(5, 7),
    "nothing at all": torch.zeros(5, 7, dtype=torch.bool),
}


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS.keys())
def test_equals_torch_forward_and_backward(mask):
    ours, theirs = random_qkv(0), random_qkv(0)
    output = scaled_dot_product_attention(*ours, mask)
    expected = functional.scaled_dot_product_attention(*theirs, attn_mask=mask)
    assert output.isfinite().all()
    torch.testing.assert_close(output, expected, **TOLERANCE)
    cotangent = torch.randn(output.shape, generator=torch.Generator().manual_seed(1))
    gradients = torch.autograd.grad(output, ours, cotangent)
    for gradient, reference in zip(gradients, torch.autograd.grad(expected, theirs, cotangent), strict=True):
        assert gradient.isfinite().all()
        torch.testing.assert_close(gradient, reference, **TOLERANCE)


def test_equals_the_sum_written_out():
    q, k, v = (t.detach().double() for t in random_qkv(3, batch=(), q=3, k=4))
    output = scaled_dot_product_attention(q, k, v)
    for i in range(3):
        scores = [sum(q[i, f].item() * k[j, f].item() for f in range(8)) / math.sqrt(8) for j in range(4)]
        total = sum(math.exp(s) for s in scores)
        for f in range(6):
            expected = sum(math.exp(scores[j]) / total * v[j, f].item() for j in range(4))
            assert output[i, f].item() == pytest.approx(expected, abs=1e-12)


def test_worked_example_of_the_documents():
    """Claim C17: X = I₃, so Q = K = V = W; the weights and output were worked out by hand in shared claims."""
    w = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    weights = attention_weights(w, w)
    a, b = math.exp(1 / math.sqrt(2)), math.exp(math.sqrt(2))
    first = torch.tensor([a, 1.0, a]) / (2 * a + 1)
    second = torch.tensor([1.0, a, a]) / (2 * a + 1)
    third = torch.tensor([a, a, b]) / (2 * a + b)
    torch.testing.assert_close(weights, torch.stack([first, second, third]), **TOLERANCE)
    expected = torch.tensor([[0.8022, 0.5989], [0.5989, 0.8022], [0.7517, 0.7517]])
    torch.testing.assert_close(weights @ w, expected, rtol=0, atol=5e-5)


@pytest.mark.parametrize("mask", list(MASKS.values())[1:], ids=list(MASKS)[1:])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16], ids=str)
def test_rows_sum_to_one_or_to_zero_in_every_precision(mask, dtype):
    q, k, _ = (t.detach().to(dtype) * 30 for t in random_qkv(4))  # large scores: nothing overflows
    weights = attention_weights(q, k, mask)
    allowed = mask.expand(2, 3, 5, 7)
    assert (weights[~allowed] == 0).all()
    expected = allowed.any(-1).to(dtype)
    torch.testing.assert_close(weights.sum(-1), expected, rtol=0, atol=4 * torch.finfo(dtype).eps)


def test_masked_keys_have_no_influence_at_all():
    q, k, v = (t.detach() for t in random_qkv(6))
    mask = MASKS["padding"]
    before = scaled_dot_product_attention(q, k, v, mask)
    hidden = ~mask.squeeze(2)[..., None]
    changed = scaled_dot_product_attention(q, k.masked_fill(hidden, 1e4), v.masked_fill(hidden, -1e4), mask)
    assert torch.equal(before, changed)


def test_output_follows_a_permutation_of_queries_and_ignores_one_of_keys():
    q, k, v = (t.detach().double() for t in random_qkv(7, batch=()))
    for order in itertools.islice(itertools.permutations(range(7)), 0, 5040, 500):
        torch.testing.assert_close(
            scaled_dot_product_attention(q, k[list(order)], v[list(order)]), scaled_dot_product_attention(q, k, v)
        )
    torch.testing.assert_close(
        scaled_dot_product_attention(q.flip(0), k, v), scaled_dot_product_attention(q, k, v).flip(0)
    )


def test_scores_have_the_variance_that_the_paper_says():
    """Footnote 4: entries of variance 1 give scores of variance 1, whatever d_k."""
    for d_k in (4, 64, 512):
        generator = torch.Generator().manual_seed(d_k)
        q, k = (torch.randn(400, d_k, generator=generator) for _ in "qk")
        assert attention_scores(q, k).var().item() == pytest.approx(1, abs=0.1)


def test_softmax_without_mask_is_torchs():
    scores = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(masked_softmax(scores), scores.softmax(-1))


def test_a_mask_of_numbers_is_refused():
    """Shapes and types are enforced in the tests: an additive float mask is a mistake here, not a convention."""
    q, k, v = random_qkv(0)
    with pytest.raises(Exception, match="mask"):
        scaled_dot_product_attention(q, k, v, torch.zeros(5, 7))
