"""Recurrent cells written out, gate by gate: the vanilla RNN (Elman 1990), the GRU and the LSTM.

A cell's `project` does what the inputs of all steps need, at once; `step` does what must wait for the step before.
That split is why a recurrent network is slow: only `step` is sequential, and there is one for every token.
"""

from abc import ABC, abstractmethod

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


class RecurrentCell(nn.Module, ABC):
    """One step of a recurrent network: the input and the state before give the state after.

    A state is (batch, state_size) numbers, of which the first `hidden_size` are what the rest of the network sees.
    """

    gates: int  # how many vectors of `hidden_size` the input is projected to
    parts: int = 1  # how many vectors of `hidden_size` make a state

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.hidden_size = hidden_size
        self.from_input = nn.Linear(input_size, self.gates * hidden_size)
        self.from_state = nn.Linear(hidden_size, self.gates * hidden_size)

    def project(self, x: Float[Tensor, "*batch input_size"]) -> Float[Tensor, "*batch gates_size"]:
        """The inputs' part of every gate, for all steps at once."""
        return self.from_input(x)

    def start(self, rows: int) -> Float[Tensor, "rows state_size"]:
        """The state before the first step: zeros."""
        return self.from_state.weight.new_zeros(rows, self.parts * self.hidden_size)

    def hidden(self, state: Float[Tensor, "*batch state_size"]) -> Float[Tensor, "*batch hidden_size"]:
        """The part of a state that the rest of the network sees."""
        return state[..., : self.hidden_size]

    @abstractmethod
    def step(
        self, projected: Float[Tensor, "batch gates_size"], state: Float[Tensor, "batch state_size"]
    ) -> Float[Tensor, "batch state_size"]:
        """The state after one more input, given as `project` left it."""


class VanillaCell(RecurrentCell):
    """h' = tanh(W x + U h) (Elman 1990). Its gradient shrinks or grows by the same matrix at every step."""

    gates = 1

    def step(
        self, projected: Float[Tensor, "batch gates_size"], state: Float[Tensor, "batch state_size"]
    ) -> Float[Tensor, "batch state_size"]:
        return torch.tanh(projected + self.from_state(state))


class GRUCell(RecurrentCell):
    """The gated recurrent unit (Cho et al. 2014, equations 5–8), with the reset gate after the product, as in cuDNN.

    The update gate z says how much of the old state stays; the reset gate r how much of it the candidate may see.
    """

    gates = 3

    def step(
        self, projected: Float[Tensor, "batch gates_size"], state: Float[Tensor, "batch state_size"]
    ) -> Float[Tensor, "batch state_size"]:
        x_reset, x_update, x_candidate = projected.chunk(3, dim=-1)
        h_reset, h_update, h_candidate = self.from_state(state).chunk(3, dim=-1)
        reset, update = torch.sigmoid(x_reset + h_reset), torch.sigmoid(x_update + h_update)
        candidate = torch.tanh(x_candidate + reset * h_candidate)
        return candidate + update * (state - candidate)


class LSTMCell(RecurrentCell):
    """Long short-term memory (Hochreiter & Schmidhuber 1997), with the forget gate of Gers et al. (2000).

    A state is the hidden vector h and the cell c. What c keeps passes from step to step by a product with the forget
    gate alone: no matrix, no squashing.
    """

    gates, parts = 4, 2

    def step(
        self, projected: Float[Tensor, "batch gates_size"], state: Float[Tensor, "batch state_size"]
    ) -> Float[Tensor, "batch state_size"]:
        hidden, cell = state.chunk(2, dim=-1)
        gates = (projected + self.from_state(hidden)).chunk(4, dim=-1)
        input_gate, forget_gate, output_gate = (torch.sigmoid(gates[i]) for i in (0, 1, 3))
        cell = forget_gate * cell + input_gate * torch.tanh(gates[2])
        return torch.cat([output_gate * torch.tanh(cell), cell], dim=-1)


def run(
    cell: RecurrentCell,
    x: Float[Tensor, "batch n input_size"],
    real: Bool[Tensor, "batch n"] | None = None,
    state: Float[Tensor, "batch state_size"] | None = None,
    backward: bool = False,
) -> tuple[Float[Tensor, "batch n hidden_size"], Float[Tensor, "batch state_size"]]:
    """Reads a sequence, token by token: the hidden vector after each, and the last state.

    Where `real` is False the state stays as it was, so padding changes nothing. With `backward` it reads from the end;
    the hidden vectors still stand at their tokens' positions.
    """
    projected = cell.project(x)
    state = cell.start(len(x)) if state is None else state
    positions = range(x.shape[1] - 1, -1, -1) if backward else range(x.shape[1])
    hidden: list[Tensor] = []
    for t in positions:
        after = cell.step(projected[:, t], state)
        state = after if real is None else torch.where(real[:, t, None], after, state)
        hidden.append(cell.hidden(state))
    return torch.stack(hidden[::-1] if backward else hidden, dim=1), state
