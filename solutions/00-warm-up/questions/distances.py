"""Question 1: every row against every row, by broadcasting."""

import numpy as np
import torch

from classroom.questions.common.altered import altered
from classroom.questions.common.drawing import normal
from classroom.questions.common.mistakes import axis_lost, cut_graph, fixed_precision, python_loop, transposed
from classroom.questions.criteria import Cost, Gradients, ShapeAndDtype, Values
from classroom.questions.guide import Guide, Section, WorkedExample
from classroom.questions.question import Attempt, Case, Misconception, Question
from classroom.student_code.student import Call


def squared_distances(x, y):
    """The sum over the features of (x_i - y_j)²."""
    return (x.unsqueeze(-2) - y.unsqueeze(-3)).square().sum(dim=-1)


def cases(rng: np.random.Generator) -> list[Case]:
    def call(batch, n, m, d, dtype=np.float32, backward=False, count=False, shared=False):
        x, y = normal(rng, *batch, n, d, dtype=dtype), normal(rng, *(() if shared else batch), m, d, dtype=dtype)
        cotangent = normal(rng, *batch, n, m, dtype=dtype) if backward else None
        return Call((x, y), cotangent=cotangent, count_operations=count)

    def case(name, tags, *sizes, **more):
        return Case(name, (call(*sizes, **more),), frozenset(tags))

    return [
        case("five rows against three", {"values", "shape", "gradients"}, (), 5, 3, 4, backward=True),
        case("a batch", {"values", "shape", "gradients"}, (2,), 3, 4, 5, backward=True),
        case("two batch axes", {"values", "shape"}, (2, 3), 4, 2, 3),
        case("all sizes equal", {"values", "shape"}, (3,), 3, 3, 3),
        case("one y for a whole batch", {"values", "shape"}, (2,), 3, 5, 4, shared=True),
        case("a single row each", {"values", "shape"}, (1,), 1, 1, 3),
        case("double precision", {"values", "shape"}, (2,), 4, 3, 5, dtype=np.float64),
        Case(
            "a few rows, then more, in a larger batch",
            (call((2,), 2, 3, 4, count=True), call((5,), 9, 8, 4, count=True)),
            frozenset({"cost"}),
        ),
    ]


def row_by_row(x, y):
    return (x - y).square().sum(dim=-1)


def dot_products(x, y):
    return x @ y.mT


def not_squared(x, y):
    return (x.unsqueeze(-2) - y.unsqueeze(-3)).sum(dim=-1)


def absolute(x, y):
    return (x.unsqueeze(-2) - y.unsqueeze(-3)).abs().sum(dim=-1)


def square_of_the_sum(x, y):
    return not_squared(x, y).square()


def over_rows(x, y):
    return (x.unsqueeze(-2) - y.unsqueeze(-3)).square().sum(dim=-2)


def over_the_first_axis(x, y):
    return (x.unsqueeze(-2) - y.unsqueeze(-3)).square().sum(dim=0)


def not_summed(x, y):
    return (x.unsqueeze(-2) - y.unsqueeze(-3)).square()


def from_the_front(x, y):
    return (x[:, None] - y[None]).square().sum(dim=-1)


def one_batch_axis(x, y):
    return (x[:, :, None] - y[:, None]).square().sum(dim=-1)


def product_once(x, y):
    return x.square().sum(-1)[..., :, None] + y.square().sum(-1)[..., None, :] - x @ y.mT


def product_added(x, y):
    return x.square().sum(-1)[..., :, None] + y.square().sum(-1)[..., None, :] + 2 * x @ y.mT


def by_products(x, y):
    return x.square().sum(-1)[..., :, None] + y.square().sum(-1)[..., None, :] - 2 * x @ y.mT


def by_cdist(x, y):
    return torch.cdist(x, y) ** 2


def by_einsum(x, y):
    difference = x[..., :, None, :] - y[..., None, :, :]
    return torch.einsum("...d,...d->...", difference, difference)


def the_other_way_round(x, y):
    return torch.transpose(y[..., :, None, :] - x[..., None, :, :], -2, -3).pow(2).sum(-1)


DISTANCES = Question(
    id="squared-distances",
    title="Every row against every row",
    target="squared_distances",
    points=1,
    reference=squared_distances,
    cases=cases,
    criteria=(Values(weight=2), Gradients(weight=1), ShapeAndDtype(weight=1), Cost(weight=1)),
    misconceptions=(
        Misconception(
            "row by row",
            "You compare row i of `x` with row i of `y` only. Every row is to meet every row: give both tensors an "
            "axis of size 1 where the other one has its rows, and let broadcasting do the rest.",
            row_by_row,
        ),
        Misconception(
            "dot products",
            "These are dot products. The squared distance is the sum of the squared *differences* of the features.",
            dot_products,
        ),
        Misconception(
            "a root too many",
            "You return the distances. The squared ones are asked for: leave out the root.",
            altered(squared_distances, after=torch.sqrt),
        ),
        Misconception(
            "differences not squared",
            "You add up the differences as they are, so that those above and below zero cancel. Square them first.",
            not_squared,
        ),
        Misconception(
            "absolute differences",
            "You add up absolute values. Take squares of the differences instead.",
            absolute,
        ),
        Misconception(
            "square of the sum",
            "You square after the sum, but (a + b)² is not a² + b²: square each feature's difference, then add.",
            square_of_the_sum,
        ),
        Misconception(
            "mean over the features",
            "You take the mean over the features where their sum is asked for.",
            lambda x, y: (x.unsqueeze(-2) - y.unsqueeze(-3)).square().mean(dim=-1),
        ),
        Misconception(
            "summed over rows",
            "You sum over an axis of rows. The features, which have to go, are the last axis.",
            over_rows,
        ),
        Misconception(
            "summed over the first axis",
            "You sum over the first axis. What has to go are the features; count from the end: `dim=-1`.",
            over_the_first_axis,
        ),
        Misconception(
            "not summed",
            "Your result still has an axis of features: the squares are there, their sum over the last axis is "
            "missing.",
            not_summed,
        ),
        Misconception(
            "axes counted from the front",
            "Right for two matrices; with a batch the new axes of size 1 stand in the wrong places, since you count "
            "them from the front. Count from the end: `x[..., :, None, :]`.",
            from_the_front,
        ),
        Misconception(
            "exactly one batch axis",
            "Right with exactly one batch axis in both. There may be none, or two, or none in `y` alone: count from "
            "the end, with `...` for what stands before.",
            one_batch_axis,
        ),
        Misconception(
            "the product once",
            "Nearly |x|² + |y|² − 2 x·y, but the dot product is subtracted once and not twice.",
            product_once,
        ),
        Misconception(
            "the product added",
            "You add 2 x·y where it has to be subtracted: this is the squared length of the sum.",
            product_added,
        ),
        transposed(squared_distances, "distances"),
        axis_lost(squared_distances, "distances"),
        cut_graph(squared_distances),
        fixed_precision(squared_distances, "distances"),
        python_loop(squared_distances, axis=-2),
    ),
    alternatives={
        "|x|² + |y|² − 2 x·y": by_products,
        "cdist": by_cdist,
        "einsum": by_einsum,
        "y first, then transposed": the_other_way_round,
    },
    guide=Guide(
        difficulty=1,
        minutes=8,
        section=Section("sequences-to-sequences", "A token picks a row"),
        hints=(
            "Which shape has the result, and which the differences, before anything is summed?",
            "An axis of size 1 is stretched to fit. `x` needs one where `y` has its rows, and the other way round.",
            "Shapes `(..., n, 1, d)` and `(..., 1, m, d)` subtract to `(..., n, m, d)`.",
        ),
    ),
    example=WorkedExample(
        call="squared_distances([[0, 0], [3, 4]], [[0, 1], [3, 0], [3, 4]])",
        arguments=([[0.0, 0.0], [3.0, 4.0]], [[0.0, 1.0], [3.0, 0.0], [3.0, 4.0]]),
        expected=([[1.0, 9.0, 25.0], [18.0, 16.0, 0.0]],),
    ),
    attempts=(
        Attempt("def squared_distances(x, y):\n    return ((x[:, None] - y[None]) ** 2).sum(-1)",
                named="axes counted from the front"),
        Attempt("def squared_distances(x, y):\n    return torch.cdist(x, y)", named="a root too many"),
        Attempt("def squared_distances(x, y):\n    d = x.unsqueeze(-2).sub(y.unsqueeze(-3))\n"
                "    return torch.linalg.vecdot(d, d)"),
    ),
    promises={
        "without a Python loop": "no Python loop",
        "Entry $(i, j)$ of the result": "five rows against three; all sizes equal",
        "Batch axes broadcast": "one y for a whole batch; two batch axes",
    },
)  # fmt: skip
