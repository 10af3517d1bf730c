"""The recurrent encoder–decoder without attention (Cho et al. 2014; Sutskever et al. 2014): a fixed-size context."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from transformer_lab.dropout import Dropout
from transformer_lab.predecessors.recurrent_cells import GRUCell, LSTMCell, RecurrentCell, VanillaCell, run
from transformer_lab.seq2seq import IncrementalDecoder, Seq2Seq
from transformer_lab.sizes import check_sizes


@dataclass(frozen=True)
class RecurrentConfig:
    """The sizes of a recurrent encoder–decoder.

    Raises:
        LabError: a size is not positive, `dropout` is not in [0, 1), or `pad_id` is not in the vocabulary.
    """

    vocab_size: int
    d_model: int = 256  # of embeddings and of hidden vectors
    max_length: int = 512
    pad_id: int = 0
    dropout: float = 0.0

    def __post_init__(self) -> None:
        check_sizes(self)


class FixedContext(Seq2Seq):
    """Reads the source into one state, as long for a novel as for a word, and writes the target from it."""

    cell: type[RecurrentCell]
    loops_over_tokens = True

    def __init__(self, config: RecurrentConfig):
        super().__init__()
        self.config = config
        self.pad_id = config.pad_id
        self.max_length = config.max_length
        self.embedding = nn.Embedding(config.vocab_size, config.d_model)
        self.dropout = Dropout(config.dropout)
        self.encoder = self.cell(config.d_model, config.d_model)
        self.decoder = self.cell(2 * config.d_model, config.d_model)
        self.output = nn.Linear(config.d_model, config.vocab_size)

    def encode(self, source: Int[Tensor, "batch source"]) -> Float[Tensor, "batch state_size"]:
        """The context: the encoder's state after the last real token."""
        _, state = run(self.encoder, self.dropout(self.embedding(source)), source != self.pad_id)
        return state

    def decode(
        self,
        target: Int[Tensor, "batch target"],
        memory: Float[Tensor, "batch state_size"],
        source_mask: Bool[Tensor, "batch 1 1 source"],
    ) -> Float[Tensor, "batch target vocab_size"]:
        """The context is the decoder's first state and part of its every input (Cho et al. 2014, section 2.2).

        `source_mask` has no use here: the source itself is gone.
        """
        hidden, _ = run(self.decoder, self.inputs(target, memory), state=memory)
        return self.output(self.dropout(hidden))

    def incremental(
        self, memory: Float[Tensor, "batch state_size"], source_mask: Bool[Tensor, "batch 1 1 source"]
    ) -> "FixedContextDecoder":
        """A state says all about what was written, so a step costs the same at every length."""
        return FixedContextDecoder(self, memory)

    def inputs(
        self, tokens: Int[Tensor, "batch n"], memory: Float[Tensor, "batch state_size"]
    ) -> Float[Tensor, "batch n twice_d_model"]:
        """Each token's embedding and the context's hidden vector, side by side."""
        context = self.decoder.hidden(memory)[:, None].expand(-1, tokens.shape[1], -1)
        return torch.cat([self.dropout(self.embedding(tokens)), context], dim=-1)


class FixedContextDecoder(IncrementalDecoder):
    """One step of the decoder's cell a token."""

    def __init__(self, model: FixedContext, memory: Float[Tensor, "rows state_size"]):
        self.model = model
        self.memory = self.state = memory

    def step(self, tokens: Int[Tensor, " rows"]) -> Float[Tensor, "rows vocab_size"]:
        """See `IncrementalDecoder.step`."""
        cell = self.model.decoder
        self.state = cell.step(cell.project(self.model.inputs(tokens[:, None], self.memory)[:, 0]), self.state)
        return self.model.output(cell.hidden(self.state))

    def select(self, rows: Int[Tensor, " kept"]) -> None:
        """See `IncrementalDecoder.select`."""
        self.memory, self.state = self.memory[rows], self.state[rows]

    def reorder(self, rows: Int[Tensor, " rows"]) -> None:
        """See `IncrementalDecoder.reorder`."""
        self.state = self.state[rows]


class FixedContextRNN(FixedContext):
    """With the vanilla cell (Elman 1990)."""

    cell = VanillaCell


class FixedContextGRU(FixedContext):
    """With gated recurrent units, as in Cho et al. (2014)."""

    cell = GRUCell


class FixedContextLSTM(FixedContext):
    """With long short-term memory, as in Sutskever et al. (2014): the context is the hidden vector and the cell."""

    cell = LSTMCell
