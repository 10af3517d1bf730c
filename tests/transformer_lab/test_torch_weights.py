"""Weights to and from torch.nn: the same numbers on both sides, within 1e-6 in float32 and 1e-12 in float64."""

import pytest
import torch
from torch import nn

from transformer_lab.block_specimens import BareEncoderLayer
from transformer_lab.errors import LabError
from transformer_lab.grouped_query import GroupedQueryAttention
from transformer_lab.layers import DecoderLayer, EncoderLayer
from transformer_lab.masks import causal_mask
from transformer_lab.prenorm import PreNormDecoderLayer, PreNormEncoderLayer, PreNormTransformer
from transformer_lab.torch_weights import (
    attention_from_torch,
    attention_to_torch,
    layer_from_torch,
    layer_to_torch,
    stacks_from_torch,
    stacks_to_torch,
)
from transformer_lab.transformer import Transformer, TransformerConfig

SOURCE, TARGET = torch.tensor([[5, 6, 7, 8], [9, 4, 0, 0]]), torch.tensor([[1, 4, 3], [1, 9, 5]])
TOLERANCES = {torch.float32: 1e-6, torch.float64: 1e-12}


def scrambled(module: nn.Module) -> nn.Module:
    """Every weight random, also those that begin at 0 or 1 and could be mistaken for one another."""
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.3)
    return module


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("kind", [Transformer, PreNormTransformer])
def test_the_logits_of_a_whole_model(kind, dtype):
    torch.manual_seed(0)
    config = TransformerConfig(vocab_size=12, d_model=16, num_heads=4, d_ff=32, num_layers=2, max_length=9)
    ours = kind(config).to(dtype).eval()
    theirs = stacks_to_torch(ours.encoder, ours.decoder)
    with torch.no_grad():
        padding = SOURCE == 0
        written = theirs(
            ours.embed(SOURCE), ours.embed(TARGET), tgt_mask=~causal_mask(3),
            src_key_padding_mask=padding, memory_key_padding_mask=padding,
        )  # fmt: skip
        torch.testing.assert_close(ours.embedding.logits(written), ours(SOURCE, TARGET), rtol=0, atol=TOLERANCES[dtype])
        back = kind(config).to(dtype).eval()
        back.load_state_dict(ours.state_dict())
        back.encoder, back.decoder = stacks_from_torch(theirs)
        assert torch.equal(back(SOURCE, TARGET), ours(SOURCE, TARGET))
    assert back.state_dict().keys() == ours.state_dict().keys()


@pytest.mark.filterwarnings("ignore:enable_nested_tensor is True")
@pytest.mark.parametrize("norm_first", [False, True])
def test_what_torch_builds_itself(norm_first):
    """With the final norms that torch gives even to post-norm stacks; forth and back, every weight is the same."""
    torch.manual_seed(0)
    theirs = scrambled(
        nn.Transformer(16, 4, 2, 3, 32, dropout=0.0, batch_first=True, norm_first=norm_first, layer_norm_eps=1e-3)
    ).double()
    encoder, decoder = stacks_from_torch(theirs)
    x, y = torch.randn(2, 5, 16, dtype=torch.float64), torch.randn(2, 3, 16, dtype=torch.float64)
    ours = decoder(y, encoder(x), causal_mask(3))
    torch.testing.assert_close(ours, theirs(x, y, tgt_mask=~causal_mask(3)), rtol=0, atol=1e-11)
    again = stacks_to_torch(encoder, decoder)
    assert again.state_dict().keys() == theirs.state_dict().keys()
    assert all(torch.equal(again.state_dict()[name], weight) for name, weight in theirs.state_dict().items())


@pytest.mark.parametrize("kind", [EncoderLayer, PreNormEncoderLayer, DecoderLayer, PreNormDecoderLayer])
def test_one_layer(kind):
    """Values and the input's gradient; and back: every weight is the same, and no tensor is shared."""
    torch.manual_seed(0)
    ours = scrambled(kind(16, 4, 32, 0.1)).eval()
    theirs = layer_to_torch(ours)
    x, memory = torch.randn(2, 5, 16), torch.randn(2, 3, 16)
    given = (x.requires_grad_(), memory) if issubclass(kind, DecoderLayer) else (x.requires_grad_(),)
    one, other = ours(*given), theirs(*given)
    torch.testing.assert_close(one, other, rtol=1e-6, atol=5e-6)  # these weights make outputs of about 10
    direction = torch.randn_like(one)
    (a,), (b,) = (torch.autograd.grad(y, x, direction) for y in (one, other))
    torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5 * a.abs().max().item())
    back = layer_from_torch(theirs)
    assert type(back) is kind
    assert all(torch.equal(back.state_dict()[name], weight) for name, weight in ours.state_dict().items())
    addresses = [{w.data_ptr() for w in module.parameters()} for module in (ours, theirs, back)]
    assert not addresses[0] & addresses[1]
    assert not addresses[1] & addresses[2]


def test_one_attention():
    torch.manual_seed(0)
    theirs = scrambled(nn.MultiheadAttention(16, 4, batch_first=True)).double()
    ours = attention_from_torch(theirs)
    x, context = torch.randn(2, 5, 16, dtype=torch.float64), torch.randn(2, 3, 16, dtype=torch.float64)
    value, weights = theirs(x, context, context, average_attn_weights=False)
    torch.testing.assert_close(ours(x, context), value, rtol=0, atol=1e-12)
    torch.testing.assert_close(ours.weights(x, context), weights, rtol=0, atol=1e-12)
    again = attention_to_torch(ours)
    assert all(torch.equal(again.state_dict()[name], weight) for name, weight in theirs.state_dict().items())


@pytest.mark.parametrize(
    ("attempt", "sentence"),
    [
        (lambda: attention_to_torch(GroupedQueryAttention(16, 4, 2)), "no counterpart of a GroupedQueryAttention"),
        (
            lambda: attention_from_torch(nn.MultiheadAttention(16, 4, kdim=8)),
            "of one width, with bias and nothing added",
        ),
        (lambda: attention_from_torch(nn.MultiheadAttention(16, 4, add_bias_kv=True)), "of one width, with bias"),
        (lambda: layer_from_torch(nn.TransformerEncoderLayer(16, 4, activation="gelu")), "activation is not ReLU"),
        (lambda: layer_from_torch(nn.TransformerEncoderLayer(16, 4, bias=False)), "has no biases"),
    ],
)
def test_what_has_no_counterpart_is_refused(attempt, sentence):
    with pytest.raises(LabError, match=sentence):
        attempt()


def test_a_layer_with_other_parts_is_refused():
    layer = EncoderLayer(16, 4, 32, 0.0)
    layer.self_attention = GroupedQueryAttention(16, 4, 2)
    with pytest.raises(LabError, match="no counterpart of a GroupedQueryAttention"):
        layer_to_torch(layer)
    with pytest.raises(LabError, match="no counterpart of a BareEncoderLayer"):
        layer_to_torch(BareEncoderLayer(16, 4, 32, 0.0))
