"""The convolutional encoder–decoder: what a position can know of, and what it computes, against loops."""

import math

import pytest
import torch

from transformer_lab.data.batching import pad
from transformer_lab.errors import LabError
from transformer_lab.predecessors.convolutional import ConvolutionalConfig, ConvolutionalSeq2Seq, receptive_field


@pytest.mark.parametrize(("layers", "kernel"), [(1, 3), (3, 3), (2, 5)])
def test_the_encoder_sees_exactly_its_receptive_field(layers, kernel):
    """Claim C33, by gradients: which inputs the middle output depends on.

    Words may repeat, a position occurs once: the gradient of the table of positions tells the inputs apart.
    """
    torch.manual_seed(0)
    config = ConvolutionalConfig(vocab_size=9, d_model=8, num_layers=layers, kernel_size=kernel, dropout=0.0)
    model = ConvolutionalSeq2Seq(config)
    memory = model.encode(torch.randint(1, 9, (1, 31)))
    (gradient,) = torch.autograd.grad(memory[0, 15].sum(), model.source_positions.weight)
    seen = gradient.abs().sum(dim=-1).nonzero().flatten()
    field = config.receptive_field
    assert seen.tolist() == list(range(15 - field // 2, 15 + field // 2 + 1))
    assert field == receptive_field(layers, kernel) == len(seen)


HALF = math.sqrt(0.5)  # what every sum of two is multiplied by


def embedded(words, positions, tokens):
    return [words.weight[token] + positions.weight[i] for i, token in enumerate(tokens)]


def gated(layer, x, to_the_left):
    """What a gated convolution adds at each position: its window begins `to_the_left`; beyond the ends are zeros."""
    weight, bias = layer.convolution.weight, layer.convolution.bias
    added = []
    for i in range(len(x)):
        z = bias
        for k in range(weight.shape[2]):
            j = i - to_the_left + k
            if 0 <= j < len(x):
                z = z + weight[:, :, k] @ x[j]
        what, gate = z[: len(z) // 2], z[len(z) // 2 :]
        added.append(what / (1 + torch.exp(-gate)))
    return added


def read_in_loops(model, tokens):
    """The encoder on one sentence without padding: a key and a value for each token."""
    words = embedded(model.source_words, model.source_positions, tokens)
    x = words
    for layer in model.encoder:
        x = [(old + new) * HALF for old, new in zip(x, gated(layer, x, model.config.kernel_size // 2), strict=True)]
    return x, [(key + word) * HALF for key, word in zip(x, words, strict=True)]


def write_in_loops(model, tokens, keys, values):
    """The logits of the decoder on one target without padding. Every layer asks the source (section 3.3)."""
    words = embedded(model.target_words, model.target_positions, tokens)
    x = words
    for convolution, query, answer in zip(model.decoder, model.queries, model.answers, strict=True):
        after = []
        for i, h in enumerate(gated(convolution, x, model.config.kernel_size - 1)):
            asked = (query.weight @ h + query.bias + words[i]) * HALF
            parts = torch.stack([torch.exp(asked @ key) for key in keys])
            found = sum(part / parts.sum() * value for part, value in zip(parts, values, strict=True))
            h = (h + answer.weight @ found + answer.bias) * HALF
            after.append((x[i] + h) * HALF)
        x = after
    return [model.output.weight @ vector + model.output.bias for vector in x]


@torch.no_grad()
@pytest.mark.parametrize("kernel", [3, 5])
def test_a_padded_batch_gives_what_loops_over_positions_give(kernel):
    """In float64, to 1e-12. The loops never meet padding; the batch has it in the sources and in the targets."""
    torch.manual_seed(0)
    config = ConvolutionalConfig(vocab_size=9, d_model=6, num_layers=3, kernel_size=kernel)
    model = ConvolutionalSeq2Seq(config).double().eval()
    for layer in (*model.encoder, *model.decoder):
        torch.nn.init.normal_(layer.convolution.bias)  # it starts at 0, where a forgotten bias could not be seen
    sources, targets = [[3, 4, 5, 6, 7, 8, 2], [5, 3, 2], [4]], [[1, 7, 8], [1, 3, 4, 5, 6, 7], [1]]
    source, target = pad(sources, 0), pad(targets, 0)
    memory, logits = model.encode(source), model(source, target)
    for row, (read, written) in enumerate(zip(sources, targets, strict=True)):
        keys, values = read_in_loops(model, read)
        expected = torch.cat([torch.stack(keys), torch.stack(values)], dim=1)
        torch.testing.assert_close(memory[row, : len(read)], expected, rtol=0, atol=1e-12)
        expected = torch.stack(write_in_loops(model, written, keys, values))
        torch.testing.assert_close(logits[row, : len(written)], expected, rtol=0, atol=1e-12)


def test_an_even_window_is_refused():
    with pytest.raises(LabError, match="kernel_size=4 is even"):
        ConvolutionalConfig(vocab_size=9, kernel_size=4)


def test_a_sequence_that_is_too_long_is_refused():
    model = ConvolutionalSeq2Seq(ConvolutionalConfig(vocab_size=9, d_model=8, max_length=4))
    with pytest.raises(LabError, match="5 tokens is longer"):
        model.encode(torch.ones(1, 5, dtype=torch.long))
