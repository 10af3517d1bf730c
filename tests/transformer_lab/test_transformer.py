"""Layers and the whole model against torch.nn's, with copied weights, padding and causal masks."""

import pytest
import torch
from oracle import TOLERANCE, assert_same_gradients, copy_layer, torch_transformer
from torch import nn

from transformer_lab.errors import LabError
from transformer_lab.layers import DecoderLayer, EncoderLayer
from transformer_lab.masks import causal_mask, padding_mask
from transformer_lab.prenorm import PreNormDecoderLayer, PreNormEncoderLayer, PreNormTransformer
from transformer_lab.transformer import Transformer, TransformerConfig

SOURCE = torch.tensor([[5, 6, 7, 8, 9, 10], [5, 6, 7, 0, 0, 0], [5, 0, 0, 0, 0, 0]])
TARGET = torch.tensor([[1, 8, 7, 6], [1, 8, 0, 0], [1, 9, 2, 0]])
CONFIG = TransformerConfig(vocab_size=11, d_model=16, num_heads=4, d_ff=32, num_layers=3, dropout=0.0, max_length=12)


def randomised(module: nn.Module) -> nn.Module:
    """Biases and norms start at 0 and 1; a test with such values would not notice if they were swapped."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.1)
    return module


@pytest.mark.parametrize("layer", [EncoderLayer, PreNormEncoderLayer])
def test_encoder_layer_equals_torch_forward_and_backward(layer):
    torch.manual_seed(0)
    ours = randomised(layer(16, 4, 32, dropout=0.0))
    theirs = nn.TransformerEncoderLayer(16, 4, 32, 0.0, batch_first=True, norm_first=layer is PreNormEncoderLayer)
    copy_layer(ours, theirs)
    x = torch.randn(3, 6, 16, requires_grad=True)
    output = ours(x, padding_mask(SOURCE, 0))
    expected = theirs(x, src_key_padding_mask=SOURCE == 0)
    compare(ours, theirs, output, expected, [x])


@pytest.mark.parametrize("layer", [DecoderLayer, PreNormDecoderLayer])
def test_decoder_layer_equals_torch_forward_and_backward(layer):
    torch.manual_seed(0)
    ours = randomised(layer(16, 4, 32, dropout=0.0))
    theirs = nn.TransformerDecoderLayer(16, 4, 32, 0.0, batch_first=True, norm_first=layer is PreNormDecoderLayer)
    copy_layer(ours, theirs)
    x = torch.randn(3, 4, 16, requires_grad=True)
    memory = torch.randn(3, 6, 16, requires_grad=True)
    output = ours(x, memory, causal_mask(4), padding_mask(SOURCE, 0))
    expected = theirs(x, memory, tgt_mask=~causal_mask(4), memory_key_padding_mask=SOURCE == 0)
    compare(ours, theirs, output, expected, [x, memory])


def compare(ours, theirs, output, expected, inputs):
    torch.testing.assert_close(output, expected, **TOLERANCE)
    cotangent = torch.randn_like(output)
    for mine, reference in zip(
        torch.autograd.grad(output, inputs, cotangent, retain_graph=True),
        torch.autograd.grad(expected, inputs, cotangent, retain_graph=True),
        strict=True,
    ):
        torch.testing.assert_close(mine, reference, rtol=1e-5, atol=5e-6)
    output.backward(cotangent, inputs=list(ours.parameters()))
    expected.backward(cotangent, inputs=list(theirs.parameters()))
    assert_same_gradients(ours, theirs, copy_layer)


@pytest.mark.parametrize("model", [Transformer, PreNormTransformer])
def test_whole_model_equals_torch_forward_and_backward(model):
    torch.manual_seed(0)
    ours = randomised(model(CONFIG))
    theirs = torch_transformer(ours, norm_first=model is PreNormTransformer)
    source, target = ours.embed(SOURCE), ours.embed(TARGET)
    source, target = (x.detach().requires_grad_() for x in (source, target))
    hidden = theirs(
        source,
        target,
        tgt_mask=~causal_mask(4),
        src_key_padding_mask=SOURCE == 0,
        memory_key_padding_mask=SOURCE == 0,
        tgt_is_causal=True,
    )
    logits = ours(SOURCE, TARGET)
    torch.testing.assert_close(logits, hidden @ ours.embedding.weight.T, **TOLERANCE)

    mask = padding_mask(SOURCE, 0)
    mine = ours.decoder(target, ours.encoder(source, mask), causal_mask(4), mask)
    cotangent = torch.randn_like(mine)
    mine.backward(cotangent)
    our_gradients = source.grad.clone(), target.grad.clone()
    source.grad = target.grad = None
    hidden.backward(cotangent)
    torch.testing.assert_close(our_gradients, (source.grad, target.grad), rtol=1e-5, atol=5e-6)


@pytest.mark.parametrize("model", [Transformer, PreNormTransformer])
def test_padding_changes_nothing(model):
    torch.manual_seed(0)
    ours = model(CONFIG).eval()
    together = ours(SOURCE, TARGET)
    for row, (source_length, target_length) in enumerate([(6, 4), (3, 2), (1, 3)]):
        alone = ours(SOURCE[row : row + 1, :source_length], TARGET[row : row + 1, :target_length])
        torch.testing.assert_close(together[row, :target_length], alone[0], **TOLERANCE)


def test_no_position_sees_a_later_target_token():
    """Claim C41: change the future, and nothing before it moves, to the last bit."""
    torch.manual_seed(0)
    ours = Transformer(CONFIG).eval()
    before = ours(SOURCE[:1], TARGET[:1])
    for position in range(1, 4):
        changed = TARGET[:1].clone()
        changed[0, position] = 3
        after = ours(SOURCE[:1], changed)
        assert torch.equal(after[:, :position], before[:, :position])
        assert not torch.allclose(after[:, position:], before[:, position:])


def test_memory_has_one_vector_for_every_source_token():
    """Claim C03: the context is not of a fixed size."""
    ours = Transformer(CONFIG)
    for length in (1, 5, 12):
        assert ours.encode(torch.ones(2, length, dtype=torch.long)).shape == (2, length, 16)


def test_base_model_has_the_papers_number_of_parameters():
    """Table 3 gives 65 million for a shared vocabulary of about 37,000."""
    base = Transformer(TransformerConfig(vocab_size=37_000))
    per_attention = 4 * (512 * 512 + 512)
    per_ffn = 2 * 512 * 2048 + 2048 + 512
    expected = 37_000 * 512 + 6 * (per_attention + per_ffn + 4 * 512) + 6 * (2 * per_attention + per_ffn + 6 * 512)
    assert sum(p.numel() for p in base.parameters()) == expected
    assert round(expected / 1e6) in (63, 64, 65)


def test_dropout_acts_in_training_only():
    torch.manual_seed(0)
    config = TransformerConfig(vocab_size=11, d_model=16, num_heads=4, d_ff=32, num_layers=1, dropout=0.5)
    ours = Transformer(config)
    assert not torch.equal(ours(SOURCE, TARGET), ours(SOURCE, TARGET))
    ours.eval()
    assert torch.equal(ours(SOURCE, TARGET), ours(SOURCE, TARGET))


@pytest.mark.parametrize(
    ("sizes", "sentence"),
    [
        ({"d_model": 100}, "d_model=100 is not divisible by num_heads=8; choose d_model as a multiple of num_heads"),
        ({"d_model": 9, "num_heads": 3}, "d_model=9 is odd"),
        ({"num_layers": 0}, "num_layers=0 must be at least 1"),
        ({"dropout": 1.0}, "dropout=1.0 must be at least 0 and below 1"),
        ({"pad_id": 10}, "pad_id=10 is not a token of a vocabulary of 10"),
    ],
)
def test_impossible_sizes_are_refused_in_one_sentence(sizes, sentence):
    with pytest.raises(LabError, match=sentence):
        TransformerConfig(vocab_size=10, **sizes)


def test_a_sentence_longer_than_the_model_allows_is_refused():
    with pytest.raises(LabError, match="13 tokens is longer than the model's max_length=12"):
        Transformer(CONFIG).encode(torch.ones(1, 13, dtype=torch.long))
