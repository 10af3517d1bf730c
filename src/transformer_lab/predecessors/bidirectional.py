"""Reading a sentence from both ends (Schuster & Paliwal 1997), with any recurrent cell.

Each token then knows of what stands before it and of what stands after it. It is two chains instead of one, and each is
as long as the sentence: the reading may be done side by side, but takes as many steps that wait as before.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from transformer_lab.predecessors.recurrent import FixedContext, RecurrentConfig
from transformer_lab.predecessors.recurrent_cells import GRUCell, LSTMCell, RecurrentCell, VanillaCell, run


def read_both_ways(
    forwards: RecurrentCell,
    backwards: RecurrentCell,
    x: Float[Tensor, "batch n input_size"],
    real: Bool[Tensor, "batch n"] | None = None,
) -> tuple[Float[Tensor, "batch n twice_hidden"], Float[Tensor, "batch twice_state"]]:
    """The hidden vectors of both readers at each token, side by side; and both last states, side by side.

    The backward reader's last state stands at the first token. Where `real` is False, padding, both keep their state.
    """
    before, end = run(forwards, x, real)
    after, beginning = run(backwards, x, real, backward=True)
    return torch.cat([before, after], dim=-1), torch.cat([end, beginning], dim=-1)


class BidirectionalEncoder(nn.Module):
    """Two cells of one kind, one from each end; see `read_both_ways`."""

    def __init__(self, cell: type[RecurrentCell], input_size: int, hidden_size: int):
        super().__init__()
        self.forwards = cell(input_size, hidden_size)
        self.backwards = cell(input_size, hidden_size)

    def forward(
        self, x: Float[Tensor, "batch n input_size"], real: Bool[Tensor, "batch n"] | None = None
    ) -> tuple[Float[Tensor, "batch n twice_hidden"], Float[Tensor, "batch twice_state"]]:
        """Every token's two hidden vectors, and the two last states."""
        return read_both_ways(self.forwards, self.backwards, x, real)


class BidirectionalFixedContext(FixedContext):
    """Reads from both ends, and writes from one state: still as long for a novel as for a word.

    The two last states become the decoder's first by tanh of a linear layer, as in Bahdanau et al. (2015, appendix
    A.2.2), who take the backward one alone.
    """

    def __init__(self, config: RecurrentConfig):
        super().__init__(config)
        size = self.cell.parts * config.d_model
        self.encoder = BidirectionalEncoder(self.cell, config.d_model, config.d_model)
        self.join = nn.Linear(2 * size, size)

    def encode(self, source: Int[Tensor, "batch source"]) -> Float[Tensor, "batch state_size"]:
        """The context: what both readers end with, joined."""
        _, states = self.encoder(self.dropout(self.embedding(source)), source != self.pad_id)
        return torch.tanh(self.join(states))


class BidirectionalRNN(BidirectionalFixedContext):
    """With the vanilla cell."""

    cell = VanillaCell


class BidirectionalGRU(BidirectionalFixedContext):
    """With gated recurrent units."""

    cell = GRUCell


class BidirectionalLSTM(BidirectionalFixedContext):
    """With long short-term memory."""

    cell = LSTMCell
