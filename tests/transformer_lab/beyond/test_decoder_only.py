"""The decoder alone: against torch's layers under a causal mask, token by token, and writing on."""

import pytest
import torch
from torch import nn

from transformer_lab.beyond.decoder_only import DecoderOnly, generate
from transformer_lab.errors import LabError
from transformer_lab.masks import causal_mask
from transformer_lab.torch_weights import layer_to_torch
from transformer_lab.transformer import TransformerConfig
from transformer_lab.translation.decoding import sampler

BOS, EOS = 1, 2
PROMPTS = [[5, 6, 7], [], [4], [8, 8, 3, 9, 5]]


def model(seed: int = 0, max_length: int = 24) -> DecoderOnly:
    torch.manual_seed(seed)
    config = TransformerConfig(12, d_model=16, num_heads=4, d_ff=32, num_layers=2, dropout=0.3, max_length=max_length)
    return DecoderOnly(config).double().eval()


@torch.no_grad()
def test_it_is_torch_s_encoder_layers_under_a_causal_mask():
    """In float64, to 1e-12, embedding and output included."""
    ours, tokens = model(), torch.randint(3, 12, (2, 7))
    x = ours.embedding.weight[tokens] * 4.0 + ours.position.encoding[:7]
    for layer in ours.stack.layers:
        x = layer_to_torch(layer)(x, src_mask=~causal_mask(7))
    norm = ours.stack.norm
    x = nn.functional.layer_norm(x, (16,), norm.weight, norm.bias)
    torch.testing.assert_close(ours(tokens), x @ ours.embedding.weight.T, rtol=0, atol=1e-12)


@torch.no_grad()
def test_no_position_sees_a_later_token_nor_padding():
    ours, tokens = model(), torch.randint(3, 12, (1, 7))
    before = ours(tokens)
    for t in range(1, 7):
        changed = tokens.clone()
        changed[0, t:] = 3 + (changed[0, t:] - 2) % 9
        after = ours(changed)
        assert torch.equal(after[:, :t], before[:, :t])
        assert not torch.allclose(after[:, t], before[:, t], atol=1e-3)
    padded = torch.cat([tokens, torch.zeros(1, 4, dtype=torch.long)], dim=1)
    torch.testing.assert_close(ours(padded)[:, :7], before, rtol=0, atol=1e-12)


@torch.no_grad()
def test_a_token_at_a_time_gives_the_logits_of_all_at_once():
    ours, tokens = model(), torch.randint(3, 12, (3, 20))
    whole, writer = ours(tokens), ours.incremental()
    for t in range(9):
        torch.testing.assert_close(writer.step(tokens[:, t]), whole[:, t], rtol=0, atol=1e-12)
    rows = torch.tensor([2, 0, 2, 1])
    writer.select(rows)
    for t in range(9, 20):
        torch.testing.assert_close(writer.step(tokens[rows, t]), whole[rows, t], rtol=0, atol=1e-12)


def test_all_maps_look_back_only():
    maps = model().attention_maps(torch.randint(3, 12, (2, 7)))
    assert [weights.shape for weights in maps] == [(2, 4, 7, 7)] * 2
    for weights in maps:
        assert (weights.triu(1) == 0).all()
        torch.testing.assert_close(weights.sum(-1), torch.ones(2, 4, 7).double(), rtol=0, atol=1e-12)


@torch.no_grad()
def alone(ours: DecoderOnly, prompt: list[int], limit: int) -> list[int]:
    """One prompt, the whole model at every step."""
    text = [BOS, *prompt]
    while len(text) - 1 - len(prompt) < limit and len(text) <= ours.max_length:
        token = ours(torch.tensor([text]))[0, -1].argmax().item()
        if token == EOS:
            break
        text.append(token)
    return text[len(prompt) + 1 :]


@pytest.mark.parametrize("seed", range(4))
def test_prompts_of_several_lengths_go_on_as_each_alone(seed):
    ours = model(seed).train()  # nothing is dropped all the same
    expected = [alone(model(seed), prompt, 9) for prompt in PROMPTS]
    assert generate(ours, PROMPTS, BOS, EOS, limit=9) == expected
    assert ours.training
    assert generate(ours, [], BOS, EOS) == []
    without_limit = generate(ours, PROMPTS, BOS, EOS)
    assert without_limit == [alone(model(seed), prompt, 1000) for prompt in PROMPTS]
    assert all(len(prompt) + len(new) <= 24 for prompt, new in zip(PROMPTS, without_limit, strict=True))


def test_it_can_draw():
    ours, prompts = model(), [[5, 6]] * 6
    first, again, other = (
        generate(ours, prompts, BOS, EOS, sampler(generator=torch.Generator().manual_seed(seed)), limit=8)
        for seed in (1, 1, 2)
    )
    assert first == again != other
    assert generate(ours, prompts, BOS, EOS, sampler(top_k=1), limit=8) == generate(ours, prompts, BOS, EOS, limit=8)


def test_every_parameter_learns():
    ours = model().train()
    ours(torch.randint(3, 12, (2, 7))).logsumexp(-1).sum().backward()
    assert [name for name, parameter in ours.named_parameters() if parameter.grad is None] == []


def test_what_cannot_go_on_is_refused():
    with pytest.raises(LabError, match="prompt 2 has 24 tokens, this model takes at most 23 before it writes"):
        generate(model(), [[5], [5] * 24], BOS, EOS)
    with pytest.raises(LabError, match="limit=0 must be at least 1"):
        generate(model(), [[5]], BOS, EOS, limit=0)
