"""Layer norm, feed-forward, positions and embedding, each against torch or its formula."""

import math

import pytest
import torch
from oracle import TOLERANCE
from torch import nn

from transformer_lab.embedding import TiedEmbedding
from transformer_lab.errors import LabError
from transformer_lab.feedforward import FeedForward
from transformer_lab.normalization import LayerNorm, layer_norm
from transformer_lab.positional import LearnedPositionalEncoding, SinusoidalPositionalEncoding, sinusoidal_encoding


def test_layer_norm_equals_torch_forward_and_backward():
    torch.manual_seed(0)
    ours, theirs = LayerNorm(16), nn.LayerNorm(16)
    with torch.no_grad():
        for parameter in ours.parameters():
            parameter.normal_()
    theirs.load_state_dict(ours.state_dict())
    x = (torch.randn(2, 3, 16) * 5 + 3).requires_grad_()
    output, expected = ours(x), theirs(x)
    torch.testing.assert_close(output, expected, **TOLERANCE)
    cotangent = torch.randn_like(output)
    mine = torch.autograd.grad(output, [x, *ours.parameters()], cotangent)
    for gradient, reference in zip(
        mine, torch.autograd.grad(expected, [x, *theirs.parameters()], cotangent), strict=True
    ):
        torch.testing.assert_close(gradient, reference, rtol=1e-5, atol=2e-6)


def test_layer_norm_of_a_token_ignores_every_other_token():
    x = torch.randn(2, 3, 8)
    gamma, beta = torch.ones(8), torch.zeros(8)
    alone = layer_norm(x[:1, :1], gamma, beta)
    assert torch.equal(layer_norm(x, gamma, beta)[:1, :1], alone)


def test_feed_forward_equals_its_formula_and_treats_positions_alike():
    torch.manual_seed(0)
    ffn = FeedForward(8, 24, dropout=0.0)
    x = torch.randn(2, 5, 8)
    expected = (x @ ffn.inner.weight.T + ffn.inner.bias).clamp(min=0) @ ffn.outer.weight.T + ffn.outer.bias
    torch.testing.assert_close(ffn(x), expected, **TOLERANCE)
    torch.testing.assert_close(ffn(x.flip(1)), ffn(x).flip(1), **TOLERANCE)


def test_feed_forward_drops_out_between_its_layers_in_training_only():
    torch.manual_seed(0)
    ffn = FeedForward(8, 24, dropout=0.5)
    x = torch.randn(1, 1, 8)
    assert not torch.equal(ffn(x), ffn(x))
    ffn.eval()
    assert torch.equal(ffn(x), ffn(x))


@pytest.mark.parametrize("d_model", [2, 6, 512])
def test_sinusoids_equal_the_formula(d_model):
    encoding = sinusoidal_encoding(50, d_model)
    for t in (0, 1, 17, 49):
        for i in {0, d_model // 4, d_model // 2 - 1}:
            angle = t / 10000 ** (2 * i / d_model)
            assert encoding[t, 2 * i].item() == pytest.approx(math.sin(angle), abs=1e-7)
            assert encoding[t, 2 * i + 1].item() == pytest.approx(math.cos(angle), abs=1e-7)


def test_dot_product_of_two_positions_depends_on_their_distance_alone():
    """Claim C53: it is Σ cos(ω_i Δ)."""
    encoding = sinusoidal_encoding(200, 64).double()
    products = encoding @ encoding.T
    for distance in (0, 1, 10, 100):
        expected = sum(math.cos(distance * 10000 ** (-2 * i / 64)) for i in range(32))
        on_the_diagonal = products.diagonal(distance)
        torch.testing.assert_close(on_the_diagonal, torch.full_like(on_the_diagonal, expected), rtol=0, atol=1e-5)


def test_positions_refuse_a_sequence_that_is_too_long_and_an_odd_width():
    position = SinusoidalPositionalEncoding(max_length=4, d_model=6)
    torch.testing.assert_close(position(torch.ones(1, 4, 6))[0], 1 + sinusoidal_encoding(4, 6))
    with pytest.raises(LabError, match="5 tokens is longer than the model's max_length=4"):
        position(torch.ones(1, 5, 6))
    with pytest.raises(LabError, match="choose an even d_model"):
        sinusoidal_encoding(4, 5)


def test_embedding_is_scaled_on_the_way_in_and_shared_on_the_way_out():
    torch.manual_seed(0)
    embedding = TiedEmbedding(1000, 64)
    tokens = torch.tensor([[3, 999]])
    torch.testing.assert_close(embedding(tokens), embedding.weight[tokens] * 8)
    assert embedding(torch.arange(1000)[None]).std().item() == pytest.approx(1, abs=0.02)
    x = torch.randn(1, 1, 64)
    torch.testing.assert_close(embedding.logits(x)[0, 0], embedding.weight @ x[0, 0], **TOLERANCE)
    assert sum(1 for _ in embedding.parameters()) == 1


@pytest.mark.parametrize("kind", [SinusoidalPositionalEncoding, LearnedPositionalEncoding])
def test_positions_can_be_added_from_any_place_on(kind):
    torch.manual_seed(0)
    position = kind(max_length=9, d_model=6)
    whole = position(torch.zeros(2, 9, 6))
    assert torch.equal(position(torch.zeros(2, 4, 6), first=5), whole[:, 5:])
    assert torch.equal(whole[0], position.encoding)
    with pytest.raises(LabError, match="10 tokens is longer than the model's max_length=9"):
        position(torch.zeros(2, 4, 6), first=6)


def test_learned_positions_learn_and_stay_what_they_were_where_no_sentence_reached():
    torch.manual_seed(0)
    position = LearnedPositionalEncoding(max_length=9, d_model=6)
    position(torch.randn(2, 4, 6)).square().sum().backward()
    assert (position.encoding.grad[:4] != 0).all()
    assert (position.encoding.grad[4:] == 0).all()
