"""What holds for every sequence-to-sequence model, whatever is inside."""

import pytest
import torch

from transformer_lab.config import ARCHITECTURES, find_recipe
from transformer_lab.decoding import beam_decode, greedy_decode


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


def test_greedy_and_beam_of_one_agree(model):
    source = torch.tensor([[5, 6, 7, 8], [9, 4, 0, 0]])
    greedy = greedy_decode(model, source, bos_id=1, eos_id=2, limit=6)
    assert greedy == beam_decode(model, source, bos_id=1, eos_id=2, beam=1, length_penalty=0.0, limit=6)
