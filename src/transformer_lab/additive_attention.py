"""Additive attention and the recurrent encoder–decoder that it was invented for (Bahdanau et al. 2015)."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from transformer_lab.attention import masked_softmax
from transformer_lab.recurrent_cells import GRUCell, run
from transformer_lab.seq2seq import Seq2Seq


class AdditiveAttention(nn.Module):
    """score(s, h) = v · tanh(W s + U h) (Bahdanau et al. 2015, appendix A.1.2): a small network compares the two.

    The decoder's state s is the query; the encoder's annotations h are both the keys and the values.
    """

    def __init__(self, query_size: int, key_size: int, width: int):
        super().__init__()
        self.query = nn.Linear(query_size, width, bias=False)
        self.key = nn.Linear(key_size, width)
        self.score = nn.Linear(width, 1, bias=False)

    def forward(
        self,
        query: Float[Tensor, "batch query_size"],
        keys: Float[Tensor, "batch k width"],
        values: Float[Tensor, "batch k value_size"],
        mask: Bool[Tensor, "batch k"],
    ) -> Float[Tensor, "batch value_size"]:
        """The values' average, weighted. `keys` are projected by `key` already: they are the same at every step."""
        return (self.weights(query, keys, mask)[:, None] @ values)[:, 0]

    def weights(
        self,
        query: Float[Tensor, "batch query_size"],
        keys: Float[Tensor, "batch k width"],
        mask: Bool[Tensor, "batch k"],
    ) -> Float[Tensor, "batch k"]:
        """How much the query takes from each key."""
        scores = self.score(torch.tanh(self.query(query)[:, None] + keys))
        return masked_softmax(scores.transpose(1, 2), mask[:, None])[:, 0]


@dataclass(frozen=True)
class AttentionGRUConfig:
    """The sizes of a GRU encoder–decoder with attention."""

    vocab_size: int
    d_model: int = 256  # of embeddings, of the decoder's state, and of each direction of the encoder
    dropout: float = 0.1
    max_length: int = 512
    pad_id: int = 0


class AttentionGRU(Seq2Seq):
    """A bidirectional GRU reads; a GRU writes, and looks back at every source position before each word.

    The memory has one vector for every source token, so its size grows with the sentence: that, not the kind of
    network, removed the bottleneck of `FixedContextGRU`.
    """

    def __init__(self, config: AttentionGRUConfig):
        super().__init__()
        self.config = config
        self.pad_id = config.pad_id
        self.max_length = config.max_length
        d_model = config.d_model
        self.embedding = nn.Embedding(config.vocab_size, d_model)
        self.dropout = nn.Dropout(config.dropout)
        self.forwards = GRUCell(d_model, d_model)
        self.backwards = GRUCell(d_model, d_model)
        self.start = nn.Linear(d_model, d_model)
        self.attention = AdditiveAttention(d_model, 2 * d_model, d_model)
        self.decoder = GRUCell(3 * d_model, d_model)
        self.readout = nn.Linear(4 * d_model, d_model)
        self.output = nn.Linear(d_model, config.vocab_size)

    def encode(self, source: Int[Tensor, "batch source"]) -> Float[Tensor, "batch source twice_d_model"]:
        """Each token's annotation: what came before it, read forwards, and what comes after it, read backwards."""
        x, real = self.dropout(self.embedding(source)), source != self.pad_id
        before, _ = run(self.forwards, x, real)
        after, _ = run(self.backwards, x, real, backward=True)
        return torch.cat([before, after], dim=-1)

    def decode(
        self,
        target: Int[Tensor, "batch target"],
        memory: Float[Tensor, "batch source twice_d_model"],
        source_mask: Bool[Tensor, "batch 1 1 source"],
    ) -> Float[Tensor, "batch target vocab_size"]:
        """Step by step: the state asks, what it gets goes into the next state and into the word."""
        mask = source_mask[:, 0, 0]
        keys = self.attention.key(memory)
        words = self.dropout(self.embedding(target))
        # The backward reader's state at the first token has seen the whole sentence (section 3.2, appendix A.2.2).
        state = torch.tanh(self.start(memory[:, 0, memory.shape[-1] // 2 :]))
        seen = []
        for t in range(target.shape[1]):
            context = self.attention(state, keys, memory, mask)
            state = self.decoder.step(self.decoder.project(torch.cat([words[:, t], context], dim=-1)), state)
            seen.append(torch.cat([state, context], dim=-1))
        features = torch.tanh(self.readout(torch.cat([torch.stack(seen, dim=1), words], dim=-1)))
        return self.output(self.dropout(features))
