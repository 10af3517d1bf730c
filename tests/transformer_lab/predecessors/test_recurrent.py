"""The encoder–decoder with a fixed-size context, with each cell, against torch's own recurrent networks."""

import pytest
import torch
from oracle import TOLERANCE
from torch import nn

from transformer_lab.predecessors.recurrent import FixedContextGRU, FixedContextLSTM, FixedContextRNN, RecurrentConfig

KINDS = {FixedContextRNN: nn.RNN, FixedContextGRU: nn.GRU, FixedContextLSTM: nn.LSTM}


@pytest.fixture(params=KINDS)
def model(request):
    torch.manual_seed(0)
    return request.param(RecurrentConfig(vocab_size=11, d_model=16))


def torchs(cell) -> nn.Module:
    """torch's network of the same kind, with the cell's parameters."""
    kind = {"VanillaCell": nn.RNN, "GRUCell": nn.GRU, "LSTMCell": nn.LSTM}[type(cell).__name__]
    theirs = kind(cell.from_input.in_features, cell.hidden_size, batch_first=True)
    theirs.load_state_dict(
        {
            "weight_ih_l0": cell.from_input.weight,
            "bias_ih_l0": cell.from_input.bias,
            "weight_hh_l0": cell.from_state.weight,
            "bias_hh_l0": cell.from_state.bias,
        }
    )
    return theirs


def test_equals_torchs_recurrent_networks(model):
    source, target = torch.tensor([[5, 6, 7, 8]]), torch.tensor([[1, 4, 3]])
    _, state = torchs(model.encoder)(model.embedding(source))
    hidden = state[0] if isinstance(state, tuple) else state
    inputs = torch.cat([model.embedding(target), hidden[0][:, None].expand(-1, 3, -1)], dim=-1)
    states, _ = torchs(model.decoder)(inputs, state)
    torch.testing.assert_close(model(source, target), model.output(states), **TOLERANCE)


def test_context_has_one_size_for_every_length(model):
    """Claim C03."""
    size = 32 if isinstance(model, FixedContextLSTM) else 16
    for length in (1, 5, 40):
        assert model.encode(torch.ones(2, length, dtype=torch.long)).shape == (2, size)


def test_padding_changes_nothing(model):
    padded = torch.tensor([[5, 6, 7, 0, 0], [5, 6, 7, 8, 9]])
    target = torch.tensor([[1, 4, 3], [1, 4, 3]])
    torch.testing.assert_close(model(padded, target)[:1], model(padded[:1, :3], target[:1]), rtol=1e-5, atol=1e-6)


def test_no_position_sees_a_later_target_token(model):
    source, target = torch.tensor([[5, 6, 7]]), torch.tensor([[1, 4, 3]])
    changed = torch.tensor([[1, 4, 9]])
    assert torch.equal(model(source, target)[:, :2], model(source, changed)[:, :2])
    assert not torch.allclose(model(source, target)[:, 2], model(source, changed)[:, 2])
