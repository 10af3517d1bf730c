"""The encoder–decoder with a fixed-size context."""

import torch

from transformer_lab.recurrent import FixedContextGRU, RecurrentConfig


def model() -> FixedContextGRU:
    torch.manual_seed(0)
    return FixedContextGRU(RecurrentConfig(vocab_size=11, d_model=16))


def test_context_has_one_size_for_every_length():
    """Claim C03."""
    for length in (1, 5, 40):
        assert model().encode(torch.ones(2, length, dtype=torch.long)).shape == (2, 16)


def test_padding_changes_nothing():
    gru = model()
    padded = torch.tensor([[5, 6, 7, 0, 0], [5, 6, 7, 8, 9]])
    target = torch.tensor([[1, 4, 3], [1, 4, 3]])
    torch.testing.assert_close(gru(padded, target)[:1], gru(padded[:1, :3], target[:1]), rtol=1e-5, atol=1e-6)


def test_no_position_sees_a_later_target_token():
    gru = model()
    source, target = torch.tensor([[5, 6, 7]]), torch.tensor([[1, 4, 3]])
    changed = torch.tensor([[1, 4, 9]])
    assert torch.equal(gru(source, target)[:, :2], gru(source, changed)[:, :2])
    assert not torch.allclose(gru(source, target)[:, 2], gru(source, changed)[:, 2])
