"""Greedy and beam search against brute force, on random models."""

import itertools
import math

import pytest
import torch

from transformer_lab.data.batching import pad
from transformer_lab.errors import LabError
from transformer_lab.predecessors.recurrent import FixedContextGRU, RecurrentConfig
from transformer_lab.transformer import Transformer, TransformerConfig
from transformer_lab.translation.decoding import beam_decode, greedy_decode, output_limit, sample_decode

BOS, EOS = 1, 2
SOURCES = [[5, 4, 3, EOS], [3, EOS], [4, 4, 4, 4, 5, 3, EOS]]


def model(seed: int, vocab_size: int = 6, max_length: int = 30, dropout: float = 0.1) -> Transformer:
    torch.manual_seed(seed)
    return Transformer(TransformerConfig(vocab_size, 16, 2, 32, 1, dropout, max_length)).double().eval()


@torch.no_grad()
def greedy_alone(network, source: list[int], limit: int) -> list[int]:
    """One sentence, no padding, the whole model at every step."""
    written = [BOS]
    while len(written) <= limit:
        token = network(torch.tensor([source]), torch.tensor([written]))[0, -1].argmax().item()
        if token == EOS:
            break
        written.append(token)
    return written[1:]


@pytest.mark.parametrize("seed", range(3))
def test_greedy_in_a_padded_batch_writes_what_it_writes_alone(seed):
    network = model(seed)
    outputs = greedy_decode(network, pad(SOURCES, 0), BOS, EOS, limit=12)
    assert outputs == [greedy_alone(network, source, 12) for source in SOURCES]


def test_greedy_serves_another_model():
    torch.manual_seed(0)
    network = FixedContextGRU(RecurrentConfig(6, 16, 30)).double().eval()
    outputs = greedy_decode(network, pad(SOURCES, 0), BOS, EOS, limit=12)
    assert outputs == [greedy_alone(network, source, 12) for source in SOURCES]


@torch.no_grad()
def best_by_brute_force(network, source: list[int], limit: int, alpha: float) -> list[int]:
    """Every sentence that ends within `limit` tokens, scored by log P / ((5 + length) / 6)^α."""
    best, best_score = [], -math.inf
    for length in range(1, limit + 1):
        bodies = itertools.product([token for token in range(6) if token != EOS], repeat=length - 1)
        sentences = torch.tensor([[*body, EOS] for body in bodies])
        read = torch.cat([torch.full((len(sentences), 1), BOS), sentences[:, :-1]], dim=1)
        logits = network(torch.tensor([source]).expand(len(sentences), -1), read)
        log_p = logits.log_softmax(-1).gather(-1, sentences[:, :, None]).sum((1, 2))
        score, index = (log_p / ((5 + length) / 6) ** alpha).max(0)
        if score > best_score:
            best, best_score = sentences[index].tolist(), score
    return [token for token in best if token != EOS]


@pytest.mark.parametrize("alpha", [0.0, 0.6, 2.0, 10.0])
@pytest.mark.parametrize("seed", range(3))
def test_a_beam_as_wide_as_the_tree_finds_the_best_sentence(seed, alpha):
    network = model(seed)
    outputs = beam_decode(network, pad(SOURCES, 0), BOS, EOS, beam=6**2, length_penalty=alpha, limit=3)
    assert outputs == [best_by_brute_force(network, source, 3, alpha) for source in SOURCES]


@pytest.mark.parametrize("seed", range(3))
def test_a_beam_of_one_without_length_penalty_is_greedy(seed):
    network = model(seed)
    source = pad(SOURCES, 0)
    beam = beam_decode(network, source, BOS, EOS, beam=1, length_penalty=0.0, limit=12)
    assert beam == greedy_decode(network, source, BOS, EOS, limit=12)


def test_a_sentence_that_is_cut_off_counts_only_where_none_has_ended():
    """A model that nearly always goes on: by log P alone, the two tokens without an end are far likelier."""
    network = model(1)
    network.embedding.weight.data[EOS] *= 0.1
    network.embedding.weight.data[3:] = network.embedding.weight.data[3:].abs()
    source = pad(SOURCES[:1], 0)
    cut_off = greedy_decode(network, source, BOS, EOS, limit=2)[0]
    assert len(cut_off) == 2
    assert len(beam_decode(network, source, BOS, EOS, beam=6, limit=2)[0]) < 2
    assert beam_decode(network, source, BOS, EOS, beam=1, limit=2) == [cut_off]


@pytest.mark.parametrize("decode", [greedy_decode, beam_decode, sample_decode])
def test_nothing_is_dropped_while_a_model_in_training_writes(decode):
    network = model(2, dropout=0.5)
    options = {"generator": torch.Generator().manual_seed(0)} if decode is sample_decode else {}
    expected = decode(network, pad(SOURCES, 0), BOS, EOS, limit=12, **options)
    options = {"generator": torch.Generator().manual_seed(0)} if options else {}
    network.train()
    assert decode(network, pad(SOURCES, 0), BOS, EOS, limit=12, **options) == expected
    assert network.training


def test_a_source_longer_than_the_model_allows_is_an_error():
    network = model(0, max_length=6)
    with pytest.raises(LabError, match="7 tokens with its <eos>; this model takes at most 6"):
        greedy_decode(network, pad(SOURCES, 0), BOS, EOS)
    with pytest.raises(LabError, match="takes at most 6"):
        beam_decode(network, pad(SOURCES, 0), BOS, EOS)


def test_what_cannot_be_searched_for_is_refused():
    network, source = model(0), pad(SOURCES, 0)
    for penalty in (-0.5, math.nan, math.inf, 1000.0):
        with pytest.raises(LabError, match="must be from 0, which compares plain probabilities, to 10"):
            beam_decode(network, source, BOS, EOS, length_penalty=penalty)
    for beam in (0, 10**20):
        with pytest.raises(LabError, match=f"beam={beam} must be at least 1 and at most"):
            beam_decode(network, source, BOS, EOS, beam=beam)
    for decode in (greedy_decode, beam_decode):
        with pytest.raises(LabError, match="limit=0 must be at least 1"):
            decode(network, source, BOS, EOS, limit=0)
        assert decode(network, source[:0], BOS, EOS) == []


def test_outputs_end_where_the_model_does():
    """A model that never writes <eos> is stopped by its max_length."""
    network = model(1, max_length=9)
    network.embedding.weight.data[EOS] = 0
    network.embedding.weight.data[3:] = 1e3 * network.embedding.weight.data[3:].abs()
    assert all(len(ids) == 9 for ids in greedy_decode(network, pad(SOURCES, 0), BOS, EOS))
    assert output_limit(10, 512) == 60
    assert output_limit(10, 40) == 40


def sampled(network, **options):
    """The first token of 20,000 samples, as shares of the vocabulary."""
    source = torch.tensor([SOURCES[0]]).expand(20_000, -1)
    generator = torch.Generator().manual_seed(0)
    outputs = sample_decode(network, source, BOS, EOS, limit=1, generator=generator, **options)
    return torch.bincount(torch.tensor([ids[0] if ids else EOS for ids in outputs]), minlength=6) / 20_000


@torch.no_grad()
@pytest.mark.parametrize(
    "options", [{}, {"temperature": 0.5}, {"top_k": 2}, {"top_p": 0.6}, {"top_k": 4, "top_p": 0.5, "temperature": 2.0}]
)
def test_samples_have_the_probabilities_of_the_model(options):
    """20,000 draws: each share within five standard deviations of the probability, cut and scaled by hand."""
    network = model(4)
    logits = network(torch.tensor([SOURCES[0]]), torch.tensor([[BOS]]))[0, -1]
    p = (logits / options.get("temperature", 1.0)).softmax(0)
    likeliest = p.argsort(descending=True)[: options.get("top_k", 6)]
    share = options.get("top_p", 1.0) * p[likeliest].sum()
    reached, allowed = 0.0, []
    for token in likeliest.tolist():  # the likeliest first, until they hold the share top_p of what is left
        if reached >= share:
            break
        allowed.append(token)
        reached += p[token].item()
    expected = torch.zeros(6, dtype=p.dtype)
    expected[allowed] = p[allowed] / p[allowed].sum()
    shares = sampled(network, **options)
    assert (shares[expected == 0] == 0).all()
    assert ((shares - expected).abs() <= 5 * (expected * (1 - expected) / 20_000).sqrt()).all()


def test_sampling_is_greedy_when_it_is_cold_or_has_one_choice():
    network, source = model(2), pad(SOURCES, 0)
    greedy = greedy_decode(network, source, BOS, EOS, limit=12)
    assert sample_decode(network, source, BOS, EOS, temperature=1e-4, limit=12) == greedy
    assert sample_decode(network, source, BOS, EOS, temperature=1e-300, limit=12) == greedy
    assert sample_decode(network, source, BOS, EOS, top_k=1, limit=12) == greedy
    network = network.float()  # in which 1e-46 would be 0
    greedy = greedy_decode(network, source, BOS, EOS, limit=12)
    assert sample_decode(network, source, BOS, EOS, temperature=1e-46, limit=12) == greedy


def test_the_same_generator_draws_the_same_sentences():
    network, source = model(3), pad(SOURCES * 5, 0)
    first, again, other = (
        sample_decode(network, source, BOS, EOS, limit=12, generator=torch.Generator().manual_seed(seed))
        for seed in (1, 1, 2)
    )
    assert first == again != other


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"temperature": float("nan")}, "temperature=nan must be above 0"),
        ({"limit": 0}, "limit=0 must be at least 1"),
        ({"temperature": 0.0}, "temperature=0.0 must be above 0; for the likeliest token, decode greedily"),
        ({"top_k": 0}, "top_k=0 must be at least 1"),
        ({"top_p": 0.0}, "top_p=0.0 must be above 0 and at most 1"),
        ({"top_p": 1.5}, "top_p=1.5 must be above 0"),
    ],
)
def test_impossible_ways_to_sample_are_refused(options, sentence):
    with pytest.raises(LabError, match=sentence):
        sample_decode(model(0), pad(SOURCES, 0), BOS, EOS, **options)
