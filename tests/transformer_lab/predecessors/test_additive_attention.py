"""Additive attention, and the GRU that uses it."""

import pytest
import torch

from transformer_lab.data.batching import pad
from transformer_lab.predecessors.additive_attention import AdditiveAttention, AttentionGRU, AttentionGRUConfig


def test_scores_are_the_formula_s():
    torch.manual_seed(0)
    attention = AdditiveAttention(3, 4, 5).double()
    query, annotations = torch.randn(2, 3, dtype=torch.float64), torch.randn(2, 6, 4, dtype=torch.float64)
    mask = torch.tensor([[True] * 6, [True] * 4 + [False] * 2])
    weights = attention.weights(query, attention.key(annotations), mask)
    w, u, v = attention.query.weight, attention.key.weight, attention.score.weight[0]
    for row, length in ((0, 6), (1, 4)):  # one score at a time, over the real tokens alone
        scores = [v @ torch.tanh(w @ query[row] + u @ h + attention.key.bias) for h in annotations[row, :length]]
        torch.testing.assert_close(weights[row, :length], torch.stack(scores).softmax(0), rtol=0, atol=1e-12)
        assert (weights[row, length:] == 0).all()
    values = attention(query, attention.key(annotations), annotations, mask)
    torch.testing.assert_close(values[0], weights[0] @ annotations[0], rtol=0, atol=1e-12)


SOURCES, TARGETS = [[5, 6, 7, 8, 2], [9, 4, 2], [3]], [[1, 4, 3], [1, 9, 5, 6], [1]]


@pytest.fixture
def model() -> AttentionGRU:
    torch.manual_seed(0)
    return AttentionGRU(AttentionGRUConfig(vocab_size=11, d_model=6)).double().eval()


def after(cell, x, state):
    """torch's GRU, one step."""
    weights = (cell.from_input.weight, cell.from_state.weight, cell.from_input.bias, cell.from_state.bias)
    return torch.gru_cell(x[None], state[None], *weights)[0]


def annotations_in_loops(model, tokens):
    """One sentence, read without padding: what stands before each token, and what stands behind it."""
    x = model.embedding.weight[tokens]
    forwards, backwards = [torch.zeros_like(x[0])], [torch.zeros_like(x[0])]
    for word in x:
        forwards.append(after(model.forwards, word, forwards[-1]))
    for word in x.flip(0):
        backwards.append(after(model.backwards, word, backwards[-1]))
    return [torch.cat(both) for both in zip(forwards[1:], backwards[:0:-1], strict=True)]


def start_in_loops(model, annotations):
    """The backward reader's state at the first token, which is the second half of its annotation."""
    return torch.tanh(model.start.weight @ annotations[0][6:] + model.start.bias)


def written_in_loops(model, tokens, annotations):
    """For each token of a target: the state after it with what was found in the source, and the logits."""
    attention, readout, output = model.attention, model.readout, model.output
    state = start_in_loops(model, annotations)
    for word in model.embedding.weight[tokens]:
        scores = []
        for h in annotations:  # asked by the state before the word: s_{i−1} in a(s_{i−1}, h_j)
            hidden = attention.query.weight @ state + attention.key.weight @ h + attention.key.bias
            scores.append(attention.score.weight[0] @ torch.tanh(hidden))
        parts = torch.exp(torch.stack(scores))
        found = sum(part / parts.sum() * h for part, h in zip(parts, annotations, strict=True))
        state = after(model.decoder, torch.cat([word, found]), state)
        seen = torch.cat([state, found])
        hidden = torch.tanh(readout.weight @ torch.cat([seen, word]) + readout.bias)
        yield seen, output.weight @ hidden + output.bias


@torch.no_grad()
def test_the_first_state_comes_from_the_backward_reader_at_the_first_token(model):
    """In a padded batch, as loops over one sentence; float64, to 1e-12. So in the tests below."""
    source = pad(SOURCES, 0)
    memory = model.encode(source)
    decoder = model.incremental(memory, model.source_mask(source))
    for row, tokens in enumerate(SOURCES):
        annotations = annotations_in_loops(model, tokens)
        torch.testing.assert_close(memory[row, : len(tokens)], torch.stack(annotations), rtol=0, atol=1e-12)
        torch.testing.assert_close(decoder.state[row], start_in_loops(model, annotations), rtol=0, atol=1e-12)


@torch.no_grad()
def test_the_state_before_a_word_asks_and_the_state_after_it_is_returned(model):
    source, target = pad(SOURCES, 0), pad(TARGETS, 0)
    decoder = model.incremental(model.encode(source), model.source_mask(source))
    words = model.embedding(target)
    seen = torch.stack([decoder.read(words[:, t]) for t in range(target.shape[1])], dim=1)
    for row, tokens in enumerate(TARGETS):
        expected = [vector for vector, _ in written_in_loops(model, tokens, annotations_in_loops(model, SOURCES[row]))]
        torch.testing.assert_close(seen[row, : len(tokens)], torch.stack(expected), rtol=0, atol=1e-12)


@torch.no_grad()
def test_logits_are_read_from_the_state_the_context_and_the_word(model):
    logits = model(pad(SOURCES, 0), pad(TARGETS, 0))
    for row, tokens in enumerate(TARGETS):
        expected = [vector for _, vector in written_in_loops(model, tokens, annotations_in_loops(model, SOURCES[row]))]
        torch.testing.assert_close(logits[row, : len(tokens)], torch.stack(expected), rtol=0, atol=1e-12)


def test_the_memory_grows_with_the_source():
    """Claim C38: what removed the bottleneck of claim C03."""
    model = AttentionGRU(AttentionGRUConfig(vocab_size=11, d_model=8))
    for length in (1, 5, 40):
        assert model.encode(torch.ones(2, length, dtype=torch.long)).shape == (2, length, 16)
