"""What holds for every sequence-to-sequence model, whatever is inside."""

from dataclasses import fields, replace

import pytest
import torch

from transformer_lab import attention
from transformer_lab.attention import masked_softmax
from transformer_lab.beyond.linear_attention import LinearTransformer
from transformer_lab.errors import LabError
from transformer_lab.predecessors import additive_attention, convolutional
from transformer_lab.predecessors.recurrent import FixedContext
from transformer_lab.seq2seq import AttentionMaps
from transformer_lab.training.config import ARCHITECTURES, find_recipe
from transformer_lab.translation.decoding import beam_decode, greedy_decode


@pytest.fixture(params=sorted(ARCHITECTURES))
def model(request):
    torch.manual_seed(0)
    recipe = find_recipe("tiny", [f"architecture={request.param}", "vocab_size=12", "d_model=16"])
    return recipe.build().eval()


SOURCE, TARGET = torch.tensor([[5, 6, 7, 8]]), torch.tensor([[1, 4, 3, 9, 5]])


def test_padding_changes_nothing(model):
    padded = torch.tensor([[5, 6, 7, 8, 0, 0, 0], [5, 6, 7, 8, 9, 10, 11]])
    logits = model(padded, TARGET.expand(2, -1))
    torch.testing.assert_close(logits[:1], model(SOURCE, TARGET), rtol=0, atol=1e-5)


def test_no_position_sees_a_later_target_token(model):
    logits = model(SOURCE, TARGET)
    for t in range(1, TARGET.shape[1]):
        changed = TARGET.clone()
        changed[0, t:] = 2
        after = model(SOURCE, changed)
        torch.testing.assert_close(after[:, :t], logits[:, :t], rtol=0, atol=1e-5)
        assert not torch.allclose(after[:, t], logits[:, t], atol=1e-4)


def test_every_parameter_learns(model):
    model.train()
    model(SOURCE, TARGET).logsumexp(dim=-1).sum().backward()
    missed = [name for name, p in model.named_parameters() if p.grad is None]
    assert missed == []


def test_the_source_matters(model):
    assert not torch.allclose(model(SOURCE, TARGET), model(SOURCE.flip(1), TARGET), atol=1e-4)


@torch.no_grad()
def test_a_token_at_a_time_gives_the_logits_of_all_at_once(model):
    source = torch.tensor([[5, 6, 7, 8], [9, 4, 0, 0]])
    target = torch.cat([TARGET, TARGET.flip(1)]).contiguous()
    memory, mask = model.encode(source), model.source_mask(source)
    whole = model.decode(target, memory, mask)
    decoder = model.incremental(memory, mask)
    for t in range(2):
        torch.testing.assert_close(decoder.step(target[:, t]), whole[:, t], rtol=1e-5, atol=1e-5)
    decoder.select(torch.tensor([1, 0, 1]))
    for t in range(2, 5):
        tokens = target[[1, 0, 1], t]
        torch.testing.assert_close(decoder.step(tokens), whole[[1, 0, 1], t], rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_cross_attention_is_a_distribution_over_the_real_source_tokens(model):
    source = torch.tensor([[5, 6, 7, 8], [9, 4, 0, 0]])
    target = torch.cat([TARGET, TARGET])
    memory, mask = model.encode(source), model.source_mask(source)
    if isinstance(model, FixedContext):
        with pytest.raises(LabError, match="has no cross-attention to show"):
            model.cross_attention(target, memory, mask)
        return
    before = model.decode(target, memory, mask)
    weights = model.cross_attention(target, memory, mask)
    assert weights.shape[0] == 2
    assert weights.shape[2:] == (5, 4)
    torch.testing.assert_close(weights.sum(-1), torch.ones(weights.shape[:3]), rtol=0, atol=1e-5)
    assert (weights[1, :, :, 2:] == 0).all()
    assert torch.equal(model.decode(target, memory, mask), before)  # looking changes nothing


# Linear attention has no softmax to be watched: see its own tests.
OTHERS = (FixedContext, LinearTransformer)
LOOK_BACK = sorted(name for name, (_, kind) in ARCHITECTURES.items() if not issubclass(kind, OTHERS))
# More than one of each, so that one cannot be taken for another.
SEVERAL = {"num_layers": 3, "num_heads": 4, "num_groups": 2}


def by_layer(model, used: list[torch.Tensor], queries: int) -> AttentionMaps:
    """What the softmaxes of one pass gave, as (batch, heads, queries, keys) for each layer."""
    if isinstance(model, additive_attention.AttentionGRU):  # one a token
        return AttentionMaps([], [], [torch.cat(used, dim=1)[:, None]])
    if isinstance(model, convolutional.ConvolutionalSeq2Seq):  # one a layer
        return AttentionMaps([], [], [weights[:, None] for weights in used])
    layers = model.config.num_layers
    # The encoder's layers, then of each of the decoder's one to the target and one to the source.
    kinds = used[:layers], used[layers::2], used[layers + 1 :: 2]

    # Heads that share their keys stand in line.
    def apart(weights: torch.Tensor, rows: int) -> torch.Tensor:
        return weights.reshape(len(weights), -1, rows, weights.shape[-1])

    lengths = (used[0].shape[-1], queries, queries)
    return AttentionMaps(*([apart(one, rows) for one in kind] for kind, rows in zip(kinds, lengths, strict=True)))


@torch.no_grad()
@pytest.mark.parametrize("name", LOOK_BACK)
def test_all_maps_show_the_weights_that_the_model_uses(name, monkeypatch):
    """To 1e-6: heads in line are other matrix products than heads one by one."""
    torch.manual_seed(0)
    known = {field.name for field in fields(ARCHITECTURES[name][0])}
    several = [f"{size}={number}" for size, number in SEVERAL.items() if size in known]
    model = find_recipe("tiny", [f"architecture={name}", "vocab_size=12", "d_model=16", *several]).build().eval()
    source = torch.tensor([[5, 6, 7, 8], [9, 4, 0, 0]])
    target = torch.cat([TARGET, TARGET.flip(1)])
    memory, mask = model.encode(source), model.source_mask(source)
    used = []

    def recorded(*scores_and_mask):
        used.append(masked_softmax(*scores_and_mask))
        return used[-1]

    with monkeypatch.context() as patch:
        for user in (attention, additive_attention, convolutional):
            patch.setattr(user, "masked_softmax", recorded)
        before = model(source, target)
    expected, maps = by_layer(model, used, target.shape[1]), model.attention_maps(source, target)
    assert len(maps.cross) == getattr(model.config, "num_layers", 1)
    for kind in ("encoder", "decoder", "cross"):
        ours, theirs = getattr(maps, kind), getattr(expected, kind)
        assert len(ours) == len(theirs) in (0, len(maps.cross))
        for one, other in zip(ours, theirs, strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=1e-6)
    for layer, weights in enumerate(maps.cross):
        assert torch.equal(model.cross_attention(target, memory, mask, layer), weights)
    assert torch.equal(model.cross_attention(target, memory, mask), maps.cross[-1])
    assert torch.equal(model(source, target), before)  # looking changes nothing
    if maps.decoder:
        assert all((weights.triu(1) == 0).all() for weights in maps.decoder)
        assert all((weights[1, :, :, 2:] == 0).all() for weights in (*maps.encoder, *maps.cross))


def test_a_model_that_looks_nowhere_has_empty_maps():
    model = find_recipe("tiny", ["architecture=gru", "vocab_size=12"]).build().eval()
    assert model.attention_maps(SOURCE, TARGET) == AttentionMaps([], [], [])


def test_sizes_that_cannot_be_are_refused_in_one_sentence(model):
    config = model.config
    for name, value, sentence in [
        ("d_model", 0, "d_model=0 must be at least 1"),
        ("vocab_size", -3, "vocab_size=-3 must be at least 1"),
        ("dropout", 1.0, "dropout=1.0 must be at least 0 and below 1"),
        ("pad_id", 12, "pad_id=12 is not a token of a vocabulary of 12"),
    ]:
        with pytest.raises(LabError, match=sentence):
            replace(config, **{name: value})


def test_greedy_and_beam_of_one_agree(model):
    source = torch.tensor([[5, 6, 7, 8], [9, 4, 0, 0]])
    greedy = greedy_decode(model, source, bos_id=1, eos_id=2, limit=6)
    assert greedy == beam_decode(model, source, bos_id=1, eos_id=2, beam=1, length_penalty=0.0, limit=6)
