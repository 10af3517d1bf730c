"""Question 2: scaled scores (claims C10, C11, C30, C44, C46)."""

import math

import numpy as np
import torch

from classroom.questions.common.drawing import normal
from classroom.questions.common.mistakes import cut_graph, fixed_precision
from classroom.questions.criteria import Cost, Gradients, ShapeAndDtype, Values
from classroom.questions.guide import Guide, Section, WorkedExample
from classroom.questions.question import Attempt, Case, Misconception, Question
from classroom.student_code.student import Call
from transformer_lab.attention import attention_scores

from .running import RUNNING_W


def cases(rng: np.random.Generator) -> list[Case]:
    def call(batch, q, k, d_k, dtype=np.float32, backward=False, count=False):
        query, key = normal(rng, *batch, q, d_k, dtype=dtype), normal(rng, *batch, k, d_k, dtype=dtype)
        cotangent = normal(rng, *batch, q, k, dtype=dtype) if backward else None
        return Call((query, key), cotangent=cotangent, count_operations=count)

    def case(name, tags, *sizes, **more):
        return Case(name, (call(*sizes, **more),), frozenset(tags))

    return [
        case("one sequence", {"values", "shape", "gradients"}, (), 4, 4, 3, backward=True),
        case("more keys than queries", {"values", "shape", "gradients"}, (2,), 2, 5, 3, backward=True),
        case("batch and heads", {"values", "shape"}, (2, 3), 2, 4, 2),
        case("all sizes equal", {"values", "shape"}, (3,), 3, 3, 3),
        case("wide queries and keys", {"values", "shape"}, (), 2, 3, 64),
        case("a single token", {"values", "shape"}, (1,), 1, 1, 5),
        case("double precision", {"values", "shape"}, (2,), 3, 2, 3, dtype=np.float64),
        Case(
            "one short sequence, then three longer and wider ones, with more heads",
            (call((1, 2), 2, 2, 3, count=True), call((3, 5), 7, 8, 9, count=True)),
            frozenset({"cost"}),
        ),
    ]


def unscaled(query, key):
    return query @ key.transpose(-2, -1)


def scaled_by_width(query, key):
    return unscaled(query, key) / query.shape[-1]


def scaled_by_length(query, key):
    return unscaled(query, key) / math.sqrt(key.shape[-2])


def multiplied(query, key):
    return unscaled(query, key) * math.sqrt(query.shape[-1])


def scaled_twice(query, key):
    root = math.sqrt(query.shape[-1])
    return (query / root) @ (key / root).transpose(-2, -1) / root


def cosine(query, key):
    return unscaled(torch.nn.functional.normalize(query, dim=-1), torch.nn.functional.normalize(key, dim=-1))


def keys_as_rows(query, key):
    return attention_scores(key, query)


def queries_with_queries(query, key):
    return attention_scores(query, query)


def all_axes_reversed(query, key):
    return query @ key.permute(*reversed(range(key.ndim))) / math.sqrt(query.shape[-1])


def first_axes_swapped(query, key):
    return query @ key.transpose(0, 1) / math.sqrt(query.shape[-1])


def key_not_transposed(query, key):
    return query @ key / math.sqrt(query.shape[-1])


def matrices_only(query, key):
    return torch.mm(query, key.t()) / math.sqrt(query.shape[-1])


def weights_already(query, key):
    return attention_scores(query, key).softmax(dim=-1)


def by_einsum(query, key):
    return torch.einsum("...qd,...kd->...qk", query, key) * query.shape[-1] ** -0.5


def by_broadcasting(query, key):
    return (query[..., :, None, :] * key[..., None, :, :]).sum(dim=-1) / query.shape[-1] ** 0.5


def by_scaling_first(query, key):
    return torch.matmul(query / math.sqrt(query.shape[-1]), key.mT)


def scaled_by_queries(query, key):
    return unscaled(query, key) / math.sqrt(query.shape[-2])


def half_of_the_power(query, key):
    return unscaled(query, key) / query.shape[-1] ** 1 / 2


def standardised(query, key):
    products = unscaled(query, key)
    return products / products.std()


def by_fixed_width(query, key):
    return unscaled(query, key) / 8


SCORES = Question(
    id="attention-scores",
    title="How well does a key match?",
    target="attention_scores",
    points=3,
    reference=attention_scores,
    cases=cases,
    criteria=(Values(weight=3), Gradients(weight=1), ShapeAndDtype(weight=1), Cost(weight=1)),
    misconceptions=(
        Misconception(
            "not scaled",
            "The products are right, but not scaled: divide by √d_k, the root of the size of the last axis. "
            "Without it the spread of the scores grows with the width of the model.",
            unscaled,
        ),
        Misconception(
            "scaled by d_k",
            "You divide by d_k instead of its square root. The variance of the sum is d_k, so its standard deviation "
            "is √d_k, and that is what brings the spread back to 1.",
            scaled_by_width,
        ),
        Misconception(
            "scaled by the number of keys",
            "You divide by the root of the number of keys. The sum in a dot product runs over the features: take "
            "the size of the last axis, `query.shape[-1]`.",
            scaled_by_length,
        ),
        Misconception(
            "multiplied by the root",
            "You multiply by √d_k where you should divide. Watch the exponent: `d_k ** 0.5` in the denominator, or "
            "`d_k ** -0.5` as a factor.",
            multiplied,
        ),
        Misconception(
            "scaled twice",
            "The scaling is applied more than once: queries and keys are both divided, and the product again. "
            "One division by √d_k in all.",
            scaled_twice,
        ),
        Misconception(
            "cosine similarity",
            "You compute the cosine of the angle: the vectors are normalised to length 1 first. Attention uses the "
            "dot product itself, in which long vectors count more, divided by √d_k.",
            cosine,
        ),
        Misconception(
            "keys as rows",
            "Your matrix is the transpose of the right one: row i belongs to key i. Put the queries on the left of "
            "the product, so that each query has a row.",
            keys_as_rows,
        ),
        Misconception(
            "queries with queries",
            "You compare the queries with themselves; `key` is never used. Look at the second factor of the product.",
            queries_with_queries,
        ),
        Misconception(
            "all axes reversed",
            "For one sequence your result is right, for a batch it is not: `.T` and `permute` reverse *all* axes, the "
            "batch axis too. Swap only the last two: `key.transpose(-2, -1)`.",
            all_axes_reversed,
        ),
        Misconception(
            "first two axes swapped",
            "For one sequence your result is right, for a batch it is not: `transpose(0, 1)` swaps batch and keys. "
            "Count from the end: `transpose(-2, -1)`.",
            first_axes_swapped,
        ),
        Misconception(
            "keys not transposed",
            "You multiply `query @ key` without the transpose. The features of a query must meet the features of a "
            "key: swap the last two axes of `key` first.",
            key_not_transposed,
        ),
        Misconception(
            "no batches",
            "Right for one sequence, but a batch raises an error: `.t()`, `torch.mm` and einsum with fixed axes know "
            "no batch. Swap the last two axes of `key` and multiply with `@`, which leaves the axes before them alone.",
            matrices_only,
        ),
        Misconception(
            "softmax too early",
            "You return weights: each row is positive and sums to 1. Scores are what stands before the softmax; "
            "leave it to the next question.",
            weights_already,
        ),
        cut_graph(attention_scores),
        fixed_precision(attention_scores, "scores"),
        Misconception(
            "scaled by the number of queries",
            "You divide by the root of the number of queries. The sum in a dot product runs over the features: take "
            "the size of the last axis, `query.shape[-1]`.",
            scaled_by_queries,
        ),
        Misconception(
            "half of the power",
            "No root is taken: `x / d_k ** 1/2` is `(x / d_k) / 2`, since a power binds more closely than a division. "
            "Write `d_k ** 0.5` or `math.sqrt(d_k)`.",
            half_of_the_power,
        ),
        Misconception(
            "divided by their own spread",
            "You divide the scores by their own standard deviation. Then each score depends on all others, of other "
            "sentences too. The scale is a fixed number for the layer: √d_k.",
            standardised,
        ),
        Misconception(
            "a fixed width",
            "You divide by 8, which is √64: right for one width only. Take the size of the last axis, whatever it is.",
            by_fixed_width,
        ),
    ),
    alternatives={"einsum": by_einsum, "broadcasting": by_broadcasting, "scaling first": by_scaling_first},
    forbidden=("transformer_lab.attention.attention_scores",),
    promises={
        "whatever the width of the model": "wide queries and keys; misconception a fixed width",
        "without a Python loop": "no Python loop",
        "before softmax": "misconception softmax too early",
        "Row $i$ of the result belongs to query $i$": "misconception keys as rows; more keys than queries",
    },
    guide=Guide(
        difficulty=2,
        minutes=10,
        section=Section("self-attention", "A match is a dot product"),
        hints=(
            "Each score is a dot product of one query and one key. Which matrix product holds all of them?",
            "Of `key` the last two axes have to change places, and no others: `key.transpose(-2, -1)`.",
            "Multiply `query` by that transpose and divide by the root of the number that each dot product sums over, "
            "`query.shape[-1]`.",
        ),
    ),
    example=WorkedExample(
        call="attention_scores(W, W)",
        arguments=(RUNNING_W, RUNNING_W),
        expected=([[0.7071, 0, 0.7071], [0, 0.7071, 0.7071], [0.7071, 0.7071, 1.4142]],),
    ),
    attempts=(
        Attempt("def attention_scores(q, k):\n    return q @ k.T / math.sqrt(q.size(-1))", named="all axes reversed"),
        Attempt(
            "def attention_scores(q, k):\n    return torch.einsum('...id,...jd->...ij', q, q) / q.shape[-1] ** 0.5",
            named="queries with queries",
        ),
        Attempt(
            "def attention_scores(query, key):\n"
            "    *batch, q, d = query.shape\n"
            "    rows = query.reshape(-1, q, d).bmm(key.reshape(-1, key.shape[-2], d).permute(0, 2, 1))\n"
            "    return rows.mul(d ** -0.5).view(*batch, q, -1)"
        ),
    ),
)
