"""Question 1: the queries, keys and values of every token (claim C16)."""

import math

import numpy as np
import torch

from classroom.questions.common.drawing import normal
from classroom.questions.criteria import Gradients, ShapeAndDtype, Values
from classroom.questions.guide import Guide, Section, WorkedExample
from classroom.questions.question import Case, Misconception, Question
from classroom.student_code.student import Call

from .running import RUNNING_W


def project_qkv(x, w_q, w_k, w_v):
    """Q = XW^Q, K = XW^K, V = XW^V (Vaswani et al. 2017, section 3.2)."""
    return x @ w_q, x @ w_k, x @ w_v


def cases(rng: np.random.Generator) -> list[Case]:
    def case(name, tags, batch, n, d_model, d_k, d_v, dtype=np.float32, backward=False):
        x = normal(rng, *batch, n, d_model, dtype=dtype)
        w_q, w_k = normal(rng, d_model, d_k, dtype=dtype), normal(rng, d_model, d_k, dtype=dtype)
        w_v = normal(rng, d_model, d_v, dtype=dtype)
        cotangent = normal(rng, *batch, n, 2 * d_k + d_v, dtype=dtype) if backward else None
        return Case(name, (Call((x, w_q, w_k, w_v), cotangent=cotangent),), frozenset(tags))

    return [
        case("one sequence", {"values", "shape", "gradients"}, (), 3, 4, 2, 5, backward=True),
        case("a batch of sequences", {"values", "shape", "gradients"}, (2,), 3, 4, 5, 2, backward=True),
        case("two batch axes", {"values", "shape"}, (2, 2), 2, 3, 2, 4),
        case("all sizes equal", {"values", "shape"}, (3,), 3, 3, 3, 3),
        case("a single token", {"values", "shape"}, (1,), 1, 4, 6, 7),
        case("double precision", {"values", "shape"}, (2,), 2, 3, 2, 2, dtype=np.float64),
    ]


def one_matrix(x, w_q, w_k, w_v):
    q = x @ w_q
    return q, q, q


def keys_first(x, w_q, w_k, w_v):
    q, k, v = project_qkv(x, w_q, w_k, w_v)
    return k, q, v


def values_first(x, w_q, w_k, w_v):
    q, k, v = project_qkv(x, w_q, w_k, w_v)
    return v, k, q


def transposed_matrices(x, w_q, w_k, w_v):
    return x @ w_q.T, x @ w_k.T, x @ w_v.T


def scaled_here(x, w_q, w_k, w_v):
    root = math.sqrt(w_q.shape[-1])
    return x @ w_q / root, x @ w_k / root, x @ w_v


def matrices_only(x, w_q, w_k, w_v):
    return torch.mm(x, w_q), torch.mm(x, w_k), torch.mm(x, w_v)


def cut_graph(x, w_q, w_k, w_v):
    return tuple(part.detach() for part in project_qkv(x, w_q, w_k, w_v))


def single_precision(x, w_q, w_k, w_v):
    return project_qkv(x.float(), w_q.float(), w_k.float(), w_v.float())


def by_einsum(x, w_q, w_k, w_v):
    return tuple(torch.einsum("...nd,df->...nf", x, w) for w in (w_q, w_k, w_v))


def by_linear(x, w_q, w_k, w_v):
    return [torch.nn.functional.linear(x, w.T) for w in (w_q, w_k, w_v)]


def by_loop(x, w_q, w_k, w_v):
    tokens = range(x.shape[-2])
    return tuple(torch.stack([x[..., i, :] @ w for i in tokens], dim=-2) for w in (w_q, w_k, w_v))


def by_one_product(x, w_q, w_k, w_v):
    together = x @ torch.cat([w_q, w_k, w_v], dim=-1)
    return together.split([w_q.shape[-1], w_k.shape[-1], w_v.shape[-1]], dim=-1)


def values_from_keys(x, w_q, w_k, w_v):
    return x @ w_q, x @ w_k, x @ w_k


def cut_off_at_zero(x, w_q, w_k, w_v):
    return tuple(part.relu() for part in project_qkv(x, w_q, w_k, w_v))


PROJECTIONS = Question(
    id="project-qkv",
    title="Three views of a token",
    target="project_qkv",
    points=2,
    reference=project_qkv,
    cases=cases,
    criteria=(Values(weight=2), Gradients(weight=1), ShapeAndDtype(weight=1)),
    misconceptions=(
        Misconception(
            "one matrix for all",
            "Queries, keys and values all come from the first matrix here. Each has its own: `w_q` makes the queries, "
            "`w_k` the keys, `w_v` the values.",
            one_matrix,
        ),
        Misconception(
            "keys before queries",
            "The first two results have changed places: you return the keys before the queries. The order is "
            "`(q, k, v)`, and nothing but the order tells a caller which is which.",
            keys_first,
        ),
        Misconception(
            "values before queries",
            "You return the values first and the queries last. The order is `(q, k, v)`.",
            values_first,
        ),
        Misconception(
            "transposed matrices",
            "You multiply by the transposed matrices. They are given as `(d_model, d_k)`, so they stand to the right "
            "of x as they are: `x @ w_q`. The transpose belongs to `nn.Linear`, which stores `(out, in)`.",
            transposed_matrices,
        ),
        Misconception(
            "scaling too early",
            "Your queries and keys are divided by √d_k already. The projection is only the product; the scaling "
            "comes in the next question, and once.",
            scaled_here,
        ),
        Misconception(
            "no batches",
            "Right for one sequence, but a batch raises an error: `torch.mm` and einsum with fixed axes know no "
            "batch. `x @ w_q` takes any number of axes before the last two.",
            matrices_only,
        ),
        Misconception(
            "cut graph",
            "The values are right, but no gradient comes back: something cuts the graph (`.detach()`, `.data`, "
            "`torch.no_grad()` or `.numpy()`). Without gradients the matrices can never be learned.",
            cut_graph,
        ),
        Misconception(
            "fixed precision",
            "You convert to float32 on the way. Keep the dtype of the input: a float64 sequence gives float64 "
            "queries, keys and values.",
            single_precision,
        ),
        Misconception(
            "values from the keys' matrix",
            "Your values come from the keys' matrix, and `w_v` is never used. What a token gives away need not look "
            "like what it is found by.",
            values_from_keys,
        ),
        Misconception(
            "cut off at zero",
            "Negative entries are missing: there is a ReLU. The projection is a matrix product and nothing else.",
            cut_off_at_zero,
        ),
    ),
    alternatives={"einsum": by_einsum, "linear": by_linear, "loop": by_loop, "one product": by_one_product},
    promises={
        "`project_qkv(x, w_q, w_k, w_v)`": "values",
        "the tuple `(q, k, v)`": "misconception keys before queries; misconception values before queries",
        "one sequence `(n, d_model)`": "one sequence",
        "any number of batch axes": "a batch of sequences; two batch axes",
    },
    guide=Guide(
        difficulty=1,
        minutes=6,
        section=Section("self-attention", "Three parts for every word"),
        hints=(
            "Three matrix products, one for each view. Which axes of `x` and `w_q` have to meet?",
            "`@` multiplies over the last axis of `x` and the first of `w_q`, and leaves all axes before them alone.",
            "The queries are `x @ w_q`. Keys and values are made in the same way; return all three in this order.",
        ),
    ),
    example=WorkedExample(
        call="project_qkv(X, W, W, W)",
        arguments=(np.eye(3, dtype=np.float32), *3 * (RUNNING_W,)),
        expected=3 * ([[1, 0], [0, 1], [1, 1]],),
    ),
)
