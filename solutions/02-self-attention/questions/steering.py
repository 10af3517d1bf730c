"""Question 8: editing attention weights (claim C35)."""

import numpy as np
import torch

from classroom.questions.common.drawing import normal
from classroom.questions.common.mistakes import cut_graph, fixed_precision
from classroom.questions.criteria import Gradients, ShapeAndDtype, Values
from classroom.questions.guide import Guide, Section, WorkedExample
from classroom.questions.question import Attempt, Case, Misconception, Question
from classroom.student_code.student import Call


def _multiplied(weights, key, factor):
    at_key = torch.arange(weights.shape[-1]) == key
    return torch.where(at_key, weights * factor, weights)


def steer(weights, key, factor):
    """One column times the factor, then every row divided by its sum; rows that sum to 0 stay 0."""
    edited = _multiplied(weights, key, factor)
    total = edited.sum(dim=-1, keepdim=True)
    return edited / total.masked_fill(total == 0, 1.0)


def cases(rng: np.random.Generator) -> list[Case]:
    def rows(*shape, dtype=np.float32):
        shares = rng.uniform(0.5, 2.0, shape)
        shares[..., -1] *= 3  # rows with a clear favourite: no factor leaves them nearly unchanged
        return (shares / shares.sum(axis=-1, keepdims=True)).astype(dtype)

    def case(name, tags, weights, key, factor, backward=False):
        cotangent = normal(rng, *weights.shape, dtype=weights.dtype) if backward else None
        return Case(name, (Call((weights, key, factor), cotangent=cotangent),), frozenset(tags))

    one_hot = rows(3, 4)
    one_hot[1] = np.eye(4, dtype=np.float32)[2]
    blind = rows(2, 3)
    blind[0] = 0.0
    return [
        case("one sequence", {"values", "shape", "gradients"}, rows(3, 4), 1, float(rng.uniform(2, 4)), backward=True),
        case("a batch", {"values", "shape"}, rows(2, 2, 4), 2, float(rng.uniform(0.2, 0.5))),
        case("batch and heads", {"values", "shape"}, rows(2, 2, 3, 3), 0, float(rng.uniform(2, 4))),
        case("all sizes equal", {"values", "shape"}, rows(3, 3, 3), 2, float(rng.uniform(2, 4))),
        case("factor 0", {"values", "gradients"}, rows(2, 3), 1, 0.0, backward=True),
        case("factor 1", {"values"}, rows(2, 3), 0, 1.0),
        case("factor 0 on a row's only key", {"values"}, one_hot, 2, 0.0),
        case("a row of zeros", {"values"}, blind, 1, 3.0),
        case("a single key", {"values", "shape"}, np.ones((2, 1), dtype=np.float32), 0, 2.0),
        case("double precision", {"values", "shape"}, rows(2, 3, dtype=np.float64), 1, 2.0),
    ]


def _normalised(edited, dim=-1):
    total = edited.sum(dim=dim, keepdim=True)
    return edited / total.masked_fill(total == 0, 1.0)


def not_normalised(weights, key, factor):
    return _multiplied(weights, key, factor)


def softmax_again(weights, key, factor):
    return _multiplied(weights, key, factor).softmax(dim=-1)


def row_in_place_of_column(weights, key, factor):
    edited = weights.clone()
    edited[..., key, :] = edited[..., key, :] * factor
    return _normalised(edited)


def added(weights, key, factor):
    return _normalised(weights + factor * (torch.arange(weights.shape[-1]) == key))


def replaced(weights, key, factor):
    edited = weights.clone()
    edited[..., key] = factor
    return _normalised(edited)


def over_queries(weights, key, factor):
    return _normalised(_multiplied(weights, key, factor), dim=-2)


def zero_by_zero(weights, key, factor):
    edited = _multiplied(weights, key, factor)
    return edited / edited.sum(dim=-1, keepdim=True)


def in_place(weights, key, factor):
    weights[..., key] *= factor
    return _normalised(weights)


def first_query_only(weights, key, factor):
    edited = weights.clone()
    edited[..., 0, key] = edited[..., 0, key] * factor
    return _normalised(edited)


def by_scores(weights, key, factor):
    multiplier = torch.ones(weights.shape[-1], dtype=weights.dtype)
    multiplier[key] = factor
    edited = weights * multiplier
    return torch.nan_to_num(edited / edited.sum(dim=-1, keepdim=True))


def by_clone(weights, key, factor):
    edited = weights.clone()
    edited[..., key] *= factor
    total = edited.sum(dim=-1, keepdim=True)
    return torch.where(total > 0, edited / torch.where(total > 0, total, 1.0), edited)


def by_columns(weights, key, factor):
    columns = [c * factor if j == key else c for j, c in enumerate(weights.unbind(dim=-1))]
    total = sum(columns)
    return torch.stack([c / total.clamp(min=1e-30) for c in columns], dim=-1)


def power(weights, key, factor):
    edited = weights.clone()
    edited[..., key] = edited[..., key] ** factor
    return _normalised(edited)


def uniform_where_nothing(weights, key, factor):
    edited = _multiplied(weights, key, factor)
    total = edited.sum(dim=-1, keepdim=True)
    return torch.where(total == 0, 1 / weights.shape[-1], edited / total.masked_fill(total == 0, 1.0))


def last_key(weights, key, factor):
    return _normalised(_multiplied(weights, weights.shape[-1] - 1, factor))


def over_everything(weights, key, factor):
    edited = _multiplied(weights, key, factor)
    return edited / edited.sum()


STEERING = Question(
    id="steer",
    title="Steering attention",
    target="steer",
    points=2,
    reference=steer,
    cases=cases,
    criteria=(Values(weight=2), Gradients(weight=1), ShapeAndDtype(weight=1)),
    misconceptions=(
        Misconception(
            "not normalised",
            "The key's weights are multiplied, but the rows no longer sum to 1: divide each by its sum.",
            not_normalised,
        ),
        Misconception(
            "softmax again",
            "You put the edited weights through a softmax. They are shares already, not scores: softmax would flatten "
            "them. Divide each row by its sum.",
            softmax_again,
        ),
        Misconception(
            "row in place of column",
            "You multiply the row of a query. A key is a column: `weights[..., key]`.",
            row_in_place_of_column,
        ),
        Misconception(
            "added in place of multiplied",
            "You add the factor to the weight. It multiplies: a factor of 1 must leave everything as it was.",
            added,
        ),
        Misconception(
            "replaced in place of multiplied",
            "You replace the weight by the factor. It multiplies: a factor of 1 must leave everything as it was.",
            replaced,
        ),
        Misconception(
            "normalised over queries",
            "You normalise over the *query* axis. Each query shares out one unit among its keys, so every row sums "
            "to 1: `dim=-1`.",
            over_queries,
        ),
        Misconception(
            "NaN for rows of zeros",
            "Right wherever something is left to share. Where a row's sum is 0 you divide 0 by 0, which is NaN: such "
            "a row has to stay 0.",
            zero_by_zero,
        ),
        Misconception(
            "changed in place",
            "The weights you were given are changed: whoever calls `steer` would lose their original. Work on a copy "
            "(`weights.clone()`) or make a new tensor.",
            in_place,
        ),
        Misconception(
            "first query only",
            "Only the first query is steered. The key's weight changes for every query: `weights[..., key]` is the "
            "whole column.",
            first_query_only,
        ),
        cut_graph(steer),
        fixed_precision(steer, "weights"),
        Misconception(
            "a power in place of a product",
            "You raise the weight to the power of the factor. It multiplies: a factor of 0 gives 0, not 1.",
            power,
        ),
        Misconception(
            "uniform where nothing is left",
            "A row whose sum is 0 gets equal weights in your version. It has nothing to share: it stays 0.",
            uniform_where_nothing,
        ),
        Misconception(
            "always the last key",
            "You steer the last key whatever `key` says.",
            last_key,
        ),
        Misconception(
            "normalised over everything",
            "All your weights together sum to 1. Every row shares out a unit of its own: sum over `dim=-1`.",
            over_everything,
        ),
    ),
    alternatives={"nan_to_num": by_scores, "clone": by_clone, "column by column": by_columns},
    promises={
        "in every row the weight of key number `key`": "misconception first query only; a batch",
        "(a float ≥ 0)": "factor 0; factor 1",
        "the row is divided by its sum": "misconception not normalised; misconception normalised over everything",
        "it stays 0": "a row of zeros; factor 0 on a row's only key",
        "leave the one you were given as it is": "misconception changed in place",
    },
    guide=Guide(
        difficulty=2,
        minutes=10,
        section=Section("self-attention", "Choosing what to look at"),
        hints=(
            "Two steps: multiply one column, then share out one unit again in every row.",
            "`weights[..., key]` is the column, for any number of axes before it. Change a copy, not the tensor that "
            "you were given.",
            "Divide by the sum over `dim=-1` with `keepdim=True`. Where that sum is 0, divide by 1 instead.",
        ),
    ),
    example=WorkedExample(
        call="steer([[1/2, 1/4, 1/4]], key=0, factor=2.0)",
        arguments=([[0.5, 0.25, 0.25]], 0, 2.0),
        expected=([[0.6667, 0.1667, 0.1667]],),
    ),
    attempts=(
        Attempt(
            "def steer(w, key, factor):\n    w[..., key] *= factor\n    return w / w.sum(-1, keepdim=True)",
            named="changed in place",
        ),
    ),
)
