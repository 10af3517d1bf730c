"""The convolutional encoder–decoder: what a position can know of."""

import pytest
import torch

from transformer_lab.errors import LabError
from transformer_lab.predecessors.convolutional import ConvolutionalConfig, ConvolutionalSeq2Seq, receptive_field


@pytest.mark.parametrize(("layers", "kernel"), [(1, 3), (3, 3), (2, 5)])
def test_the_encoder_sees_exactly_its_receptive_field(layers, kernel):
    """Claim C33, by gradients: which inputs the middle output depends on."""
    torch.manual_seed(0)
    config = ConvolutionalConfig(vocab_size=9, d_model=8, num_layers=layers, kernel_size=kernel, dropout=0.0)
    model = ConvolutionalSeq2Seq(config)
    x = torch.randn(1, 31, 8, requires_grad=True)
    y = x
    for layer in model.encoder:
        y = y + layer(y)
    (gradient,) = torch.autograd.grad(y[0, 15].sum(), x)
    seen = gradient[0].abs().sum(dim=-1).nonzero().flatten()
    field = config.receptive_field
    assert seen.tolist() == list(range(15 - field // 2, 15 + field // 2 + 1))
    assert field == receptive_field(layers, kernel) == len(seen)


def test_an_even_window_is_refused():
    with pytest.raises(LabError, match="kernel_size=4 is even"):
        ConvolutionalConfig(vocab_size=9, kernel_size=4)


def test_a_sequence_that_is_too_long_is_refused():
    model = ConvolutionalSeq2Seq(ConvolutionalConfig(vocab_size=9, d_model=8, max_length=4))
    with pytest.raises(LabError, match="5 tokens is longer"):
        model.encode(torch.ones(1, 5, dtype=torch.long))
