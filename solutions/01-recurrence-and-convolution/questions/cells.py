"""The library's cells as functions of their matrices, and inputs for them: what the recurrent questions share."""

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call

from classroom.questions.common.forbidden import RECURRENT, library
from transformer_lab.predecessors.recurrent_cells import GRUCell, RecurrentCell, VanillaCell, run

READY_MADE = (
    *RECURRENT,
    *library("transformer_lab.predecessors.recurrent_cells", "run", "VanillaCell.step", "GRUCell.step"),
)


class _Reader(VanillaCell):
    def forward(self, x: Tensor, real: Tensor | None, backward: bool) -> Tensor:
        return run(self, x, real, backward=backward)[0]


class _Step(GRUCell):
    def forward(self, x: Tensor, h: Tensor) -> Tensor:
        return self.step(self.project(x), h)


def read(x: Tensor, w: Tensor, u: Tensor, b: Tensor, real: Tensor | None = None, backward: bool = False) -> Tensor:
    """The states of the library's vanilla cell with these matrices."""
    return _with_matrices(_Reader(x.shape[-1], len(u)), w, u, b, (x, real, backward))


def gru_step(x: Tensor, h: Tensor, w: Tensor, u: Tensor, b: Tensor) -> Tensor:
    """One step of the library's GRU with these matrices."""
    return _with_matrices(_Step(x.shape[-1], h.shape[-1]), w, u, b, (x, h))


def _with_matrices(cell: RecurrentCell, w: Tensor, u: Tensor, b: Tensor, arguments: tuple) -> Tensor:
    parameters = {
        "from_input.weight": w,
        "from_input.bias": b,
        "from_state.weight": u,
        "from_state.bias": torch.zeros_like(b),
    }
    return functional_call(cell, parameters, arguments)


def matrix(rng: np.random.Generator, rows: int, columns: int, dtype: type = np.float32) -> np.ndarray:
    """Entries far from 0, of both signs, small enough that no tanh is saturated."""
    sign = rng.choice([-1.0, 1.0], size=(rows, columns))
    return (sign * rng.uniform(0.3, 0.9, (rows, columns)) * np.sqrt(2 / columns)).astype(dtype)


def bias(rng: np.random.Generator, size: int, dtype: type = np.float32) -> np.ndarray:
    """Entries far from 0, of both signs."""
    return (rng.choice([-1.0, 1.0], size=size) * rng.uniform(0.3, 0.6, size)).astype(dtype)


def words(rng: np.random.Generator, *shape: int, dtype: type = np.float32) -> np.ndarray:
    """Vectors of words, none of them near 0."""
    return (rng.choice([-1.0, 1.0], size=shape) * rng.uniform(0.3, 1.3, shape)).astype(dtype)


def real_words(n: int, *lengths: int) -> np.ndarray:
    """True at words, False at the padding after each sentence's end."""
    return np.arange(n) < np.array(lengths)[:, None]
