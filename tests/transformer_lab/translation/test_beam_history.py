"""The history of a beam search against a search written out for one sentence, and that looking changes nothing."""

import math

import pytest
import torch

from transformer_lab.data.batching import pad
from transformer_lab.errors import LabError
from transformer_lab.transformer import Transformer, TransformerConfig
from transformer_lab.translation.beam_history import BeamHistory, Fate
from transformer_lab.translation.decoding import beam_decode

BOS, EOS = 1, 2
SOURCES = [[5, 4, 3, EOS], [3, EOS], [4, 4, 4, 4, 5, 3, EOS]]


def model(seed: int) -> Transformer:
    torch.manual_seed(seed)
    return Transformer(TransformerConfig(6, 16, 2, 32, 1, 0.1, 30)).double().eval()


@torch.no_grad()
def alone(network, source, beam, alpha, limit):
    """One sentence, the whole model on every prefix: for each step (parent, tokens, log p, total, fate), and the best.

    `limit` is the longest output, so the divisor of what an open sentence can reach is that of `limit`.
    """
    opened, best, cut, steps = [((), 0.0)], (-math.inf, ()), (-math.inf, ()), []
    for length in range(1, limit + 1):
        grown = []
        for parent, (tokens, total) in enumerate(opened):
            log_p = network(torch.tensor([source]), torch.tensor([[BOS, *tokens]]))[0, -1].log_softmax(-1).tolist()
            grown += [(parent, (*tokens, token), p, total + p) for token, p in enumerate(log_p)]
        grown = sorted(grown, key=lambda one: -one[3])[: 2 * beam]
        penalty = ((5 + length) / 6) ** alpha
        step, opened = [], []
        for rank, (parent, tokens, p, total) in enumerate(grown):
            fate = Fate.DROPPED
            if tokens[-1] == EOS and rank < beam:
                fate, best = Fate.ENDED, max(best, (total / penalty, tokens), key=lambda one: one[0])
            elif tokens[-1] != EOS and length == limit and rank < beam:
                fate, cut = Fate.CUT_OFF, max(cut, (total / penalty, tokens), key=lambda one: one[0])
            elif tokens[-1] != EOS and length < limit and len(opened) < beam:
                fate = Fate.KEPT
                opened.append((tokens, total))
            step.append((parent, tokens, p, total, total / penalty, fate))
        steps.append(step)
        if not opened or opened[0][1] / ((5 + limit) / 6) ** alpha <= best[0]:
            break
    return steps, [token for token in (best if best[1] else cut)[1] if token != EOS]


@pytest.mark.parametrize(("beam", "alpha", "limit"), [(1, 0.0, 9), (2, 0.6, 9), (4, 0.6, 12), (3, 2.0, 3)])
@pytest.mark.parametrize("seed", [0, 2, 5])
def test_every_candidate_of_every_step(seed, beam, alpha, limit):
    """In float64: the same tree, in a batch with other sentences, and probabilities to 1e-9."""
    network, history = model(seed), BeamHistory()
    outputs = beam_decode(network, pad(SOURCES, 0), BOS, EOS, beam, alpha, limit, history)
    assert outputs == beam_decode(network, pad(SOURCES, 0), BOS, EOS, beam, alpha, limit)  # looking changes nothing
    assert history.steps.keys() == {0, 1, 2}
    for row, source in enumerate(SOURCES):
        expected, best = alone(network, source, beam, alpha, limit)
        assert outputs[row] == best
        found = history.steps[row]
        assert len(found) == len(expected)
        for step, wanted in zip(found, expected, strict=True):
            assert [(c.parent, c.tokens, c.fate) for c in step.candidates] == [(w[0], w[1], w[5]) for w in wanted]
            for candidate, (_, _, p, total, score, _) in zip(step.candidates, wanted, strict=True):
                assert candidate.log_probability == pytest.approx(p, rel=0, abs=1e-9)
                assert candidate.total == pytest.approx(total, rel=0, abs=1e-9)
                assert candidate.score == pytest.approx(score, rel=0, abs=1e-9)
        assert [step.stopped for step in found] == [False] * (len(found) - 1) + [True]


@pytest.mark.parametrize(("seed", "ends"), [(5, True), (2, False)])
def test_it_can_be_followed_from_step_to_step(seed, ends):
    """Each candidate extends the kept one that its `parent` counts; the best never falls, and at the end it wins."""
    history = BeamHistory()
    outputs = beam_decode(model(seed), pad(SOURCES, 0), BOS, EOS, beam=3, limit=12, history=history)
    for row, steps in history.steps.items():
        before, best = [()], -math.inf
        for step in steps:
            assert all(c.tokens[:-1] == before[c.parent] for c in step.candidates)
            before = [c.tokens for c in step.having(Fate.KEPT)]
            assert len(before) <= 3
            assert step.best == max([best, *(c.score for c in step.having(Fate.ENDED))])
            best = step.best
            assert step.stopped == (not before or step.reach <= best)
        ended = [c for step in steps for c in step.having(Fate.ENDED)]
        winner = max(ended or steps[-1].having(Fate.CUT_OFF), key=lambda c: c.score)
        assert best == (winner.score if ended else -math.inf)
        assert [token for token in winner.tokens if token != EOS] == outputs[row]
        assert bool(ended) == ends


def test_without_a_history_nothing_is_made_for_one(monkeypatch):
    def made(*_) -> None:
        raise AssertionError("made for nobody")

    monkeypatch.setattr("transformer_lab.translation.decoding._candidates", made)
    beam_decode(model(0), pad(SOURCES, 0), BOS, EOS, limit=5)
    with pytest.raises(AssertionError, match="made for nobody"):
        beam_decode(model(0), pad(SOURCES, 0), BOS, EOS, limit=5, history=BeamHistory())


def test_a_history_serves_one_search():
    history = BeamHistory()
    beam_decode(model(0), pad(SOURCES, 0), BOS, EOS, limit=5, history=history)
    with pytest.raises(LabError, match="the history holds another search already"):
        beam_decode(model(0), pad(SOURCES, 0), BOS, EOS, limit=5, history=history)
