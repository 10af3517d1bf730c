"""The key–value cache against the whole decoder on the whole prefix."""

import pytest
import torch

from transformer_lab.cache import CachedDecoder
from transformer_lab.data.batching import pad
from transformer_lab.seq2seq import PrefixDecoder, Seq2Seq
from transformer_lab.training.config import find_recipe
from transformer_lab.translation.decoding import beam_decode, greedy_decode

KINDS = ["transformer", "prenorm", "learned-positions", "rotary", "grouped-query"]
BOS, EOS = 1, 2
SOURCES = [[5, 4, 3, EOS], [3, EOS], [4, 7, 9, 4, 5, 3, EOS], [8, 8, EOS]]


def model(kind: str, *settings: str):
    torch.manual_seed(0)
    sizes = ["vocab_size=12", "d_model=16", "num_heads=4", "num_layers=2", "max_length=80", *settings]
    return find_recipe("tiny", [f"architecture={kind}", *sizes]).build().double().eval()


@pytest.fixture(params=KINDS)
def network(request):
    return model(request.param)


@torch.no_grad()
def test_every_step_gives_the_logits_of_the_whole_prefix(network):
    """50 steps pass several enlargements of the cache; 1e-12 in float64."""
    source = pad(SOURCES, 0)
    target = torch.cat([torch.full((4, 1), BOS), torch.randint(3, 12, (4, 49))], dim=1)
    memory, mask = network.encode(source), network.source_mask(source)
    decoder = network.incremental(memory, mask)
    assert isinstance(decoder, CachedDecoder)
    steps = torch.stack([decoder.step(target[:, t]) for t in range(50)], dim=1)
    torch.testing.assert_close(steps, network.decode(target, memory, mask), rtol=1e-12, atol=1e-12)


@torch.no_grad()
def test_rows_can_be_repeated_dropped_and_reordered_on_the_way(network):
    source = pad(SOURCES, 0)
    memory, mask = network.encode(source), network.source_mask(source)
    cached, prefix = network.incremental(memory, mask), PrefixDecoder(network, memory, mask)
    generator = torch.Generator().manual_seed(0)
    rows = 4
    for count in (4, 7, 7, 3, 9, 1, 2):
        for _ in range(4):
            tokens = torch.randint(3, 12, (rows,), generator=generator)
            torch.testing.assert_close(cached.step(tokens), prefix.step(tokens), rtol=1e-12, atol=1e-12)
        kept = torch.randint(0, rows, (count,), generator=generator)
        cached.select(kept)
        prefix.select(kept)
        rows = count


@pytest.mark.parametrize("beam", [1, 3])
def test_the_same_tokens_with_and_without(network, beam, monkeypatch):
    """Greedy and beam search, with <eos> made unlikely enough that rows end at different steps."""
    network.embedding.weight.data[EOS] *= 0.5
    source = pad(SOURCES, 0)

    def decoded():
        if beam == 1:
            return greedy_decode(network, source, BOS, EOS, limit=40)
        return beam_decode(network, source, BOS, EOS, beam, limit=40)

    with_cache = decoded()
    monkeypatch.setattr(type(network), "incremental", Seq2Seq.incremental)
    assert with_cache == decoded()
    assert max(map(len, with_cache)) > 3


def test_the_model_is_left_as_it_was(network):
    """The cached decoder shares the parameters, and the layers of the model keep their own attention."""
    names = [name for name, _ in network.named_modules()]
    source = pad(SOURCES, 0)
    decoder = network.incremental(network.encode(source), network.source_mask(source))
    decoder.step(torch.full((4,), BOS))
    assert [name for name, _ in network.named_modules()] == names
    assert {p.data_ptr() for p in decoder.decoder.parameters()} == {p.data_ptr() for p in network.decoder.parameters()}


def test_weights_of_attention_do_not_change_what_is_decoded(network):
    """Looking costs nothing and changes nothing: the weights are computed beside the usual path."""
    from transformer_lab.translation.alignment import cross_attention

    source = pad(SOURCES[:1], 0)
    before = network(source, torch.tensor([[BOS, 5, 6]]))
    weights = cross_attention(network, SOURCES[0], [BOS, 5, 6])
    assert weights.shape == (4, 3, 4)
    torch.testing.assert_close(weights.sum(-1), torch.ones(4, 3, dtype=torch.float64))
    assert torch.equal(network(source, torch.tensor([[BOS, 5, 6]])), before)


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_a_grouped_cache_is_as_many_times_smaller_as_heads_share_a_group(groups):
    def cache(kind, *settings):
        network = model(kind, *settings)
        source = pad(SOURCES, 0)
        decoder = network.incremental(network.encode(source), network.source_mask(source))
        for _ in range(20):
            decoder.step(torch.full((4,), 5))
        return decoder.nbytes

    assert cache("transformer") == cache("grouped-query", f"num_groups={groups}") * 4 // groups


def test_a_target_beyond_the_models_positions_is_refused():
    from transformer_lab.errors import LabError

    for kind in ("transformer", "rotary"):
        network = model(kind, "max_length=5")
        source = pad(SOURCES[:1], 0)
        decoder = network.incremental(network.encode(source), network.source_mask(source))
        for _ in range(5):
            decoder.step(torch.tensor([BOS]))
        with pytest.raises(LabError, match="6 tokens is longer than the model's max_length=5"):
            decoder.step(torch.tensor([BOS]))
