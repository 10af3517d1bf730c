"""The written-out cells against torch's own, with the same weights: values and gradients, 1e-6 in float32."""

import pytest
import torch
from torch import nn

from transformer_lab.predecessors.recurrent_cells import GRUCell, LSTMCell, VanillaCell, run

PAIRS = [(VanillaCell, nn.RNN), (GRUCell, nn.GRU), (LSTMCell, nn.LSTM)]


def same_weights(cell, peer, suffix=""):
    with torch.no_grad():
        getattr(peer, f"weight_ih_l0{suffix}").copy_(cell.from_input.weight)
        getattr(peer, f"bias_ih_l0{suffix}").copy_(cell.from_input.bias)
        getattr(peer, f"weight_hh_l0{suffix}").copy_(cell.from_state.weight)
        getattr(peer, f"bias_hh_l0{suffix}").copy_(cell.from_state.bias)


@pytest.mark.parametrize(("kind", "peer_kind"), PAIRS)
def test_equals_torch(kind, peer_kind):
    torch.manual_seed(0)
    cell, peer = kind(5, 7), peer_kind(5, 7, batch_first=True)
    same_weights(cell, peer)
    x = torch.randn(3, 6, 5, requires_grad=True)
    ours, state = run(cell, x)
    theirs, last = peer(x)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)
    hidden = last[0] if isinstance(last, tuple) else last
    torch.testing.assert_close(cell.hidden(state), hidden[0], rtol=0, atol=1e-6)
    direction = torch.randn_like(ours)
    (gradient,) = torch.autograd.grad(ours, x, direction)
    (expected,) = torch.autograd.grad(theirs, x, direction)
    torch.testing.assert_close(gradient, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("kind", "peer_kind"), PAIRS)
def test_padding_changes_nothing_in_either_direction(kind, peer_kind):
    torch.manual_seed(0)
    there, back = kind(5, 7), kind(5, 7)
    peer = peer_kind(5, 7, batch_first=True, bidirectional=True)
    same_weights(there, peer)
    same_weights(back, peer, "_reverse")
    x, lengths = torch.randn(3, 6, 5), torch.tensor([6, 2, 4])
    real = torch.arange(6) < lengths[:, None]
    packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    expected, _ = nn.utils.rnn.pad_packed_sequence(peer(packed)[0], batch_first=True)
    ours = torch.cat([run(there, x, real)[0], run(back, x, real, backward=True)[0]], dim=-1)
    torch.testing.assert_close(ours[real], expected[real], rtol=0, atol=1e-6)
