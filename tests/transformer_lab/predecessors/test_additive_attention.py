"""Additive attention, and the GRU that uses it."""

import torch

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


def test_the_memory_grows_with_the_source():
    """Claim C38: what removed the bottleneck of claim C03."""
    model = AttentionGRU(AttentionGRUConfig(vocab_size=11, d_model=8))
    for length in (1, 5, 40):
        assert model.encode(torch.ones(2, length, dtype=torch.long)).shape == (2, length, 16)
