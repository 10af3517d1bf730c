"""Additive attention and the recurrent encoder–decoder that it was invented for (Bahdanau et al. 2015)."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from transformer_lab.attention import masked_softmax
from transformer_lab.dropout import Dropout
from transformer_lab.predecessors.bidirectional import read_both_ways
from transformer_lab.predecessors.recurrent_cells import GRUCell
from transformer_lab.seq2seq import AttentionMaps, IncrementalDecoder, Seq2Seq
from transformer_lab.sizes import check_sizes


class AdditiveAttention(nn.Module):
    """score(s, h) = v · tanh(W s + U h): a small network compares the two.

    The decoder's state s is the query; the encoder's annotations h are both the
    keys and the values (Bahdanau et al. 2015, appendix A.1.2).
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
        """The values' average, weighted.

        `keys` are projected by `key` already: they are the same at every step.
        """
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
    """The sizes of a GRU encoder–decoder with attention.

    Raises:
        LabError: a size is not positive, `dropout` is not in [0, 1), or `pad_id` is not in the vocabulary.
    """

    vocab_size: int
    d_model: int = 256  # of embeddings, of the decoder's state, and of each direction of the encoder
    dropout: float = 0.1
    max_length: int = 512
    pad_id: int = 0

    def __post_init__(self) -> None:
        check_sizes(self)


class AttentionGRU(Seq2Seq):
    """A bidirectional GRU reads; a GRU writes, and looks back at every source position before each word.

    The memory has one vector for every source token, so its size grows with the sentence: that, not the kind of
    network, removed the bottleneck of `FixedContextGRU`.
    """

    loops_over_tokens = True

    def __init__(self, config: AttentionGRUConfig):
        super().__init__()
        self.config = config
        self.pad_id = config.pad_id
        self.max_length = config.max_length
        d_model = config.d_model
        self.embedding = nn.Embedding(config.vocab_size, d_model)
        self.dropout = Dropout(config.dropout)
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
        return read_both_ways(self.forwards, self.backwards, x, real)[0]

    def decode(
        self,
        target: Int[Tensor, "batch target"],
        memory: Float[Tensor, "batch source twice_d_model"],
        source_mask: Bool[Tensor, "batch 1 1 source"],
    ) -> Float[Tensor, "batch target vocab_size"]:
        """Step by step: the state asks, what it gets goes into the next state and into the word."""
        decoder = self.incremental(memory, source_mask)
        words = self.dropout(self.embedding(target))
        seen = [decoder.read(words[:, t]) for t in range(target.shape[1])]
        return self.predict(torch.stack(seen, dim=1), words)

    def cross_attention(
        self,
        target: Int[Tensor, "batch target"],
        memory: Float[Tensor, "batch source twice_d_model"],
        source_mask: Bool[Tensor, "batch 1 1 source"],
        layer: int = -1,
    ) -> Float[Tensor, "batch 1 target source"]:
        """See `Seq2Seq.cross_attention`. There is one layer with one head."""
        decoder = self.incremental(memory, source_mask)
        words = self.embedding(target)
        weights = []
        for t in range(target.shape[1]):
            weights.append(self.attention.weights(decoder.state, decoder.keys, decoder.mask))
            decoder.read(words[:, t])
        return torch.stack(weights, dim=1)[:, None]

    def attention_maps(self, source: Int[Tensor, "batch source"], target: Int[Tensor, "batch target"]) -> AttentionMaps:
        """See `Seq2Seq.attention_maps`. Neither side looks at itself."""
        return AttentionMaps([], [], [self.cross_attention(target, self.encode(source), self.source_mask(source))])

    def incremental(
        self, memory: Float[Tensor, "batch source twice_d_model"], source_mask: Bool[Tensor, "batch 1 1 source"]
    ) -> "AttentionGRUDecoder":
        """Training goes the same way, step by step: recurrence leaves no choice."""
        return AttentionGRUDecoder(self, memory, source_mask[:, 0, 0])

    def predict(
        self, seen: Float[Tensor, "*batch thrice_d_model"], words: Float[Tensor, "*batch d_model"]
    ) -> Float[Tensor, "*batch vocab_size"]:
        """The logits of the next word, from the decoder's state, what it found in the source, and the word before.

        The paper takes the state before the step, and a maxout layer in place of tanh (appendix A.2.2).
        """
        return self.output(self.dropout(torch.tanh(self.readout(torch.cat([seen, words], dim=-1)))))


class AttentionGRUDecoder(IncrementalDecoder):
    """The decoder's state, and the source's annotations that it asks at every step."""

    def __init__(
        self,
        model: AttentionGRU,
        memory: Float[Tensor, "rows source twice_d_model"],
        mask: Bool[Tensor, "rows source"],
    ):
        self.model = model
        self.memory, self.mask = memory, mask
        self.keys = model.attention.key(memory)
        # The backward reader's state at the first token has seen the whole sentence (section 3.2, appendix A.2.2).
        self.state = torch.tanh(model.start(memory[:, 0, memory.shape[-1] // 2 :]))

    def read(
        self,
        words: Float[Tensor, "rows d_model"],
    ) -> Float[Tensor, "rows thrice_d_model"]:
        """Takes the next word in.

        Returns the state after it, and what the state before it asked from the source.
        """
        context = self.model.attention(self.state, self.keys, self.memory, self.mask)
        cell = self.model.decoder
        given = cell.project(torch.cat([words, context], dim=-1))
        self.state = cell.step(given, self.state)
        return torch.cat([self.state, context], dim=-1)

    def step(self, tokens: Int[Tensor, " rows"]) -> Float[Tensor, "rows vocab_size"]:
        """See `IncrementalDecoder.step`."""
        words = self.model.dropout(self.model.embedding(tokens))
        return self.model.predict(self.read(words), words)

    def select(self, rows: Int[Tensor, " kept"]) -> None:
        """See `IncrementalDecoder.select`."""
        self.memory, self.mask = self.memory[rows], self.mask[rows]
        self.keys, self.state = self.keys[rows], self.state[rows]

    def reorder(self, rows: Int[Tensor, " rows"]) -> None:
        """See `IncrementalDecoder.reorder`."""
        self.state = self.state[rows]
