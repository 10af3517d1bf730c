"""Reading from both ends, against torch's bidirectional modules with the same weights: 1e-6 in float32."""

import pytest
import torch
from torch import nn

from transformer_lab.predecessors.bidirectional import (
    BidirectionalEncoder,
    BidirectionalGRU,
    BidirectionalLSTM,
    BidirectionalRNN,
)
from transformer_lab.predecessors.recurrent import RecurrentConfig
from transformer_lab.predecessors.recurrent_cells import GRUCell, LSTMCell, VanillaCell

PAIRS = [(VanillaCell, nn.RNN), (GRUCell, nn.GRU), (LSTMCell, nn.LSTM)]
MODELS = [(BidirectionalRNN, nn.RNN), (BidirectionalGRU, nn.GRU), (BidirectionalLSTM, nn.LSTM)]


@torch.no_grad()
def twin(encoder, kind, input_size, hidden_size):
    """torch's module with the encoder's weights."""
    peer = kind(input_size, hidden_size, batch_first=True, bidirectional=True).to(encoder.forwards.from_input.weight)
    for cell, suffix in ((encoder.forwards, ""), (encoder.backwards, "_reverse")):
        getattr(peer, f"weight_ih_l0{suffix}").copy_(cell.from_input.weight)
        getattr(peer, f"bias_ih_l0{suffix}").copy_(cell.from_input.bias)
        getattr(peer, f"weight_hh_l0{suffix}").copy_(cell.from_state.weight)
        getattr(peer, f"bias_hh_l0{suffix}").copy_(cell.from_state.bias)
    return peer


def packed(x, lengths):
    return nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)


@pytest.mark.parametrize(("cell", "kind"), PAIRS)
def test_equals_torch_with_and_without_padding(cell, kind):
    torch.manual_seed(0)
    encoder = BidirectionalEncoder(cell, 5, 7)
    peer = twin(encoder, kind, 5, 7)
    x, lengths = torch.randn(3, 6, 5), torch.tensor([6, 2, 4])
    real = torch.arange(6) < lengths[:, None]
    hidden, states = encoder(x, real)
    theirs, last = peer(packed(x, lengths))
    theirs, _ = nn.utils.rnn.pad_packed_sequence(theirs, batch_first=True)
    torch.testing.assert_close(hidden[real], theirs[real], rtol=0, atol=1e-6)
    parts = last if isinstance(last, tuple) else (last,)
    expected = torch.cat([torch.cat([part[way] for part in parts], dim=-1) for way in (0, 1)], dim=-1)
    torch.testing.assert_close(states, expected, rtol=0, atol=1e-6)
    torch.testing.assert_close(encoder(x[:1])[0], peer(x[:1])[0], rtol=0, atol=1e-6)


@torch.no_grad()
@pytest.mark.parametrize(("model", "kind"), MODELS)
def test_the_context_is_what_both_readers_end_with(model, kind):
    torch.manual_seed(0)
    network = model(RecurrentConfig(vocab_size=9, d_model=6)).double().eval()
    peer = twin(network.encoder, kind, 6, 6)
    source = torch.tensor([[3, 4, 5, 6], [7, 8, 0, 0]])
    _, last = peer(packed(network.embedding(source), torch.tensor([4, 2])))
    parts = last if isinstance(last, tuple) else (last,)
    ends = torch.cat([torch.cat([part[way] for part in parts], dim=-1) for way in (0, 1)], dim=-1)
    expected = torch.tanh(ends @ network.join.weight.T + network.join.bias)
    torch.testing.assert_close(network.encode(source), expected, rtol=0, atol=1e-12)
    # The context is as long for every sentence.
    assert network.encode(source[:, :1].clone().clamp(min=1)).shape == expected.shape
