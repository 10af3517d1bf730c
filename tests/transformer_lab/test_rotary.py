"""Rotary positions against complex multiplication, and their one property."""

import pytest
import torch

from transformer_lab.errors import LabError
from transformer_lab.multihead import MultiHeadAttention
from transformer_lab.positional import position_angles
from transformer_lab.rotary import RotaryAttention, RotaryConfig, RotaryTransformer, rotate


def test_a_rotation_is_a_product_with_a_complex_number_of_length_one():
    """Features 2i and 2i + 1 are the parts of one complex number; 1e-14 in float64."""
    torch.manual_seed(0)
    x = torch.randn(2, 3, 9, 8, dtype=torch.float64)
    angle = position_angles(9, 8)
    expected = torch.view_as_complex(x.unflatten(-1, (4, 2))) * torch.polar(torch.ones_like(angle), angle)
    torch.testing.assert_close(
        rotate(x, angle.cos(), angle.sin()), torch.view_as_real(expected).flatten(-2), rtol=1e-14, atol=1e-14
    )


def test_only_the_distance_of_two_positions_matters():
    """The same words 40 places further on attend as before; not so if only the keys moved. 1e-12 in float64."""
    torch.manual_seed(0)
    attention = RotaryAttention(16, 4, max_length=64).double()
    attention.cosine, attention.sine = (f(position_angles(64, 4)) for f in (torch.cos, torch.sin))
    x = torch.randn(2, 6, 16, dtype=torch.float64)
    here, there = attention.project(x, x), attention.project(x, x, first=40)
    scores = here[0] @ here[1].transpose(2, 3)
    torch.testing.assert_close(there[0] @ there[1].transpose(2, 3), scores, rtol=1e-12, atol=1e-12)
    assert not torch.allclose(here[0] @ there[1].transpose(2, 3), scores, atol=1e-2)
    assert torch.equal(there[2], here[2])  # values do not turn


def test_a_single_position_is_as_without_rotation():
    """Position 0 is turned by no angle."""
    torch.manual_seed(0)
    rotary, plain = RotaryAttention(16, 4, 10), MultiHeadAttention(16, 4)
    plain.load_state_dict(rotary.state_dict())
    x = torch.randn(2, 1, 16)
    assert torch.equal(rotary(x, x), plain(x, x))


def test_the_model_without_other_positions_knows_the_order():
    torch.manual_seed(0)
    model = RotaryTransformer(RotaryConfig(11, 16, 4, 32, 2, max_length=12)).eval()
    source = torch.tensor([[5, 6, 7, 8]])
    assert not torch.allclose(model.encode(source).flip(1), model.encode(source.flip(1)), atol=1e-3)
    assert [name for name, _ in model.named_parameters() if "position" in name] == []


def test_heads_of_odd_width_and_too_many_tokens_are_refused():
    with pytest.raises(LabError, match="heads of odd width 3; rotary positions turn pairs of features"):
        RotaryConfig(vocab_size=9, d_model=12, num_heads=4)
    with pytest.raises(LabError, match="13 tokens is longer than the model's max_length=12"):
        RotaryTransformer(RotaryConfig(11, 16, 4, 32, 1, max_length=12)).encode(torch.ones(1, 13, dtype=torch.long))
