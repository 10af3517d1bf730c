"""Small questions that have nothing to do with Transformers, for the tests of the classroom."""

import numpy as np
import torch
from torch import nn

from classroom.questions.criteria import Cost, Gradients, Permuted, ShapeAndDtype, Unchanged, Values
from classroom.questions.question import Case, Misconception, Question
from classroom.student_code.student import Call


def positive(rng: np.random.Generator, *shape: int, dtype: type = np.float32) -> np.ndarray:
    return rng.uniform(0.5, 2.0, shape).astype(dtype)


# rows: divide each row of a matrix by its sum


def rows(x):
    return x / x.sum(dim=-1, keepdim=True)


def rows_over_columns(x):
    return x / x.sum(dim=-2, keepdim=True)


def rows_by_length(x):
    return x / x.shape[-1]


def rows_cut(x):
    return rows(x).detach()


def rows_single(x):
    return rows(x.float())


def rows_looped(x):
    return torch.stack([row / row.sum() for row in x])


def row_cases(rng: np.random.Generator) -> list[Case]:
    return [
        Case("a square matrix", (Call((positive(rng, 3, 3),), cotangent=positive(rng, 3, 3)),), frozenset(
            {"values", "gradients", "shape"}
        )),
        Case("a wide matrix in double precision", (Call((positive(rng, 2, 5, dtype=np.float64),)),), frozenset(
            {"values", "shape"}
        )),
        Case(
            "three rows, then thirty",
            (
                Call((positive(rng, 3, 4),), count_operations=True),
                Call((positive(rng, 30, 4),), count_operations=True),
            ),
            frozenset({"cost"}),
        ),
    ]  # fmt: skip


ROWS = Question(
    id="normalise-rows",
    title="Rows that sum to one",
    target="normalise",
    points=4,
    reference=rows,
    cases=row_cases,
    criteria=(Values(weight=2), Gradients(), ShapeAndDtype(weight=0.5), Cost(weight=0.5)),
    misconceptions=(
        Misconception("columns", "Your *columns* sum to 1; sum over the last axis.", rows_over_columns),
        Misconception("length", "You divide by the length of a row instead of its sum.", rows_by_length),
        Misconception("cut graph", "No gradient comes back: `detach` cuts the graph.", rows_cut),
        Misconception("single precision", "You convert to float32; keep the dtype.", rows_single),
        Misconception("loop", "Right, but row after row: divide the whole matrix at once.", rows_looped),
    ),
    alternatives={"einsum": lambda x: torch.einsum("ij,i->ij", x, 1 / torch.einsum("ij->i", x))},
    forbidden=("torch.nn.functional.normalize", "torch.softmax"),
)


# running mean: position i may look at positions up to i


def running_mean(x):
    return x.cumsum(dim=-2) / torch.arange(1, x.shape[-2] + 1, dtype=x.dtype)[:, None]


def mean_of_all(x):
    return x.mean(dim=-2, keepdim=True).expand_as(x)


def mean_from_behind(x):
    return running_mean(x.flip(-2)).flip(-2)


def running_sum(x):
    return x.cumsum(dim=-2)


def prefix_cases(rng: np.random.Generator) -> list[Case]:
    x = positive(rng, 5, 2)
    later = x.copy()
    later[3:] += 1
    fixed = np.array([[True], [True], [True], [False], [False]])
    return [
        Case("one sequence", (Call((positive(rng, 4, 3),)),), frozenset({"values"})),
        Case("another future", (Call((x,)), Call((later,))), frozenset({"unchanged"}), {"unchanged": fixed}),
    ]


PREFIX = Question(
    id="running-mean",
    title="Running mean",
    target="running_mean",
    points=2,
    reference=running_mean,
    cases=prefix_cases,
    criteria=(Values(), Unchanged(name="cannot see the future", what="the future")),
    misconceptions=(
        Misconception("mean of all", "You average over the whole sequence, the future included.", mean_of_all),
        Misconception("from behind", "You start from the end.", mean_from_behind),
        Misconception("sum", "You never divide by the number of terms.", running_sum),
    ),
    alternatives={"matrix": lambda x: torch.ones(len(x), len(x)).tril() @ x / torch.arange(1.0, len(x) + 1)[:, None]},
)


# centred: an operation that commutes with permutations


def centred(x):
    return x - x.mean(dim=-2, keepdim=True)


def permuted_cases(rng: np.random.Generator) -> list[Case]:
    x = positive(rng, 6, 2)
    order = np.roll(np.arange(6), 1)
    return [
        Case("one set", (Call((positive(rng, 4, 3),)),), frozenset({"values"})),
        Case("another order", (Call((x,)), Call((x[order],))), frozenset({"permuted"}), {"permutation": order}),
    ]


CENTRED = Question(
    id="centred",
    title="Centred",
    target="centred",
    points=2,
    reference=centred,
    cases=permuted_cases,
    criteria=(Values(), Permuted(name="order does not matter")),
    misconceptions=(
        Misconception("first row", "You subtract the first row.", lambda x: x - x[..., :1, :]),
        Misconception("features", "You subtract the mean of each row.", lambda x: x - x.mean(-1, keepdim=True)),
    ),
    alternatives={},
)


# a class with parameters


class Scale(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(size))
        self.shift = nn.Parameter(torch.zeros(size))

    def forward(self, x):
        return x * self.gain + self.shift


class ScaleShiftFirst(Scale):
    def forward(self, x):
        return (x + self.shift) * self.gain


class ScaleWithoutShift(Scale):
    def forward(self, x):
        return x * self.gain


class ScaleWithBuffer(Scale):
    def __init__(self, size):
        super().__init__(size)
        self.register_buffer("ones", torch.ones(size))

    def forward(self, x):
        return torch.addcmul(self.shift * self.ones, x, self.gain)


def scale_cases(rng: np.random.Generator) -> list[Case]:
    def call(dtype):
        named = {"gain": positive(rng, 3, dtype=dtype), "shift": positive(rng, 3, dtype=dtype)}
        cotangent = positive(rng, 2, 3, dtype=dtype)
        return Call((positive(rng, 2, 3, dtype=dtype),), construct=(3,), parameters=named, cotangent=cotangent)

    tags = frozenset({"values", "gradients", "shape"})
    return [
        Case("float32", (call(np.float32),), tags),
        Case("double precision", (call(np.float64),), tags),
    ]


SCALE = Question(
    id="scale-layer",
    title="A layer",
    target="Scale",
    points=3,
    reference=Scale,
    cases=scale_cases,
    criteria=(Values(), Gradients(), ShapeAndDtype()),
    misconceptions=(
        Misconception("order", "You shift before you scale.", ScaleShiftFirst),
        Misconception("no shift", "`shift` is never used.", ScaleWithoutShift),
    ),
    alternatives={"with a buffer": ScaleWithBuffer},
)

QUESTIONS = (ROWS, PREFIX, CENTRED, SCALE)
