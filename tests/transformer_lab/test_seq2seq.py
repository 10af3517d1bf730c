"""What holds for every sequence-to-sequence model, whatever is inside."""

from dataclasses import replace

import pytest
import torch

from transformer_lab.errors import LabError
from transformer_lab.predecessors.recurrent import FixedContext
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
