"""Question 5: scaled dot-product attention as a whole (claims C16, C17, C34, C46)."""

import math

import numpy as np
import torch

from classroom.questions.common.drawing import causal, normal, some_visible
from classroom.questions.common.forbidden import ATTENTION as ATTENTION_FAMILY
from classroom.questions.common.forbidden import library
from classroom.questions.common.mistakes import cut_graph, fixed_precision
from classroom.questions.criteria import Cost, Gradients, ShapeAndDtype, Unchanged, Values
from classroom.questions.guide import Guide, Section, WorkedExample
from classroom.questions.question import Attempt, Case, Misconception, Question
from classroom.student_code.student import Call
from transformer_lab.attention import attention_scores, attention_weights, masked_softmax, scaled_dot_product_attention

from .running import RUNNING_W

READY_MADE = (
    *ATTENTION_FAMILY,
    "torch.nn.TransformerEncoderLayer.forward",
    *library("transformer_lab.attention", "attention_weights", "scaled_dot_product_attention"),
)


def cases(rng: np.random.Generator) -> list[Case]:
    def inputs(batch, q, k, d_k, d_v, dtype=np.float32):
        return tuple(normal(rng, *batch, *size, dtype=dtype) for size in ((q, d_k), (k, d_k), (k, d_v)))

    def case(name, tags, batch, q, k, d_k, d_v, mask=None, dtype=np.float32, backward=False):
        cotangent = normal(rng, *batch, q, d_v, dtype=dtype) if backward else None
        call = Call((*inputs(batch, q, k, d_k, d_v, dtype), mask), cotangent=cotangent)
        return Case(name, (call,), frozenset(tags))

    def counted(batch, q, k, d_k, d_v):
        return Call((*inputs(batch, q, k, d_k, d_v), some_visible(rng, *batch, q, k)), count_operations=True)

    blind = some_visible(rng, 3, 4)
    blind[rng.integers(3)] = False
    query, key, value = inputs((), 4, 4, 3, 2)
    # Query 1 prefers key 0, so that the output is not simply a copy of the values for whoever takes only the best.
    query[1] = rng.choice([-1.5, 1.5], size=3)
    key[0] = 2 * query[1]
    # The last token's new key suits its own query, so the last output must move; the earlier ones must not.
    query[-1] = -query[1]
    new_key, new_value = key.copy(), value.copy()
    new_key[-1] = 2 * query[-1]
    new_value[-1] += 3.0
    return [
        case("one sequence", {"values", "shape", "gradients"}, (), 3, 3, 4, 2, backward=True),
        case("more keys than queries", {"values", "shape"}, (2,), 2, 4, 3, 5),
        case("values as wide as keys, all sizes equal", {"values", "shape"}, (3,), 3, 3, 3, 3),
        case("batch and heads with a mask", {"values", "shape"}, (2, 2), 2, 3, 2, 3, some_visible(rng, 2, 1, 2, 3)),
        case("a causal mask", {"values", "gradients"}, (), 4, 4, 3, 2, causal(4), backward=True),
        case("a query that may see nothing", {"values", "gradients"}, (), 3, 4, 2, 3, blind, backward=True),
        case("a single token", {"values", "shape"}, (1,), 1, 1, 3, 2),
        case("double precision", {"values", "shape"}, (), 2, 3, 3, 2, some_visible(rng, 2, 3), dtype=np.float64),
        Case(
            "a causal mask and another last token",
            (Call((query, key, value, causal(4))), Call((query, new_key, new_value, causal(4)))),
            frozenset({"unchanged"}),
            {"unchanged": np.array([[True], [True], [True], [False]])},
        ),
        Case(
            "one short sequence, then three longer and wider ones, with more heads",
            (counted((1, 2), 2, 2, 3, 2), counted((3, 5), 7, 8, 9, 10)),
            frozenset({"cost"}),
        ),
    ]


def unscaled(query, key, value, mask=None):
    return masked_softmax(query @ key.mT, mask) @ value


def scaled_by_width(query, key, value, mask=None):
    return masked_softmax(query @ key.mT / query.shape[-1], mask) @ value


def scaled_by_value_width(query, key, value, mask=None):
    return masked_softmax(query @ key.mT / math.sqrt(value.shape[-1]), mask) @ value


def scaled_after(query, key, value, mask=None):
    return masked_softmax(query @ key.mT, mask) / math.sqrt(query.shape[-1]) @ value


def over_queries(query, key, value, mask=None):
    scores = attention_scores(query, key)
    return masked_softmax(scores.mT, None if mask is None else mask.expand(scores.shape).mT).mT @ value


def no_softmax(query, key, value, mask=None):
    scores = attention_scores(query, key)
    return (scores if mask is None else scores.masked_fill(~mask, 0.0)) @ value


def returns_weights(query, key, value, mask=None):
    return attention_weights(query, key, mask)


def values_forgotten(query, key, value, mask=None):
    return attention_weights(query, key, mask) @ key


def weights_transposed(query, key, value, mask=None):
    return attention_weights(query, key, mask).mT @ value


def keys_with_keys(query, key, value, mask=None):
    return scaled_dot_product_attention(key, key, value, mask)


def mask_ignored(query, key, value, mask=None):
    return scaled_dot_product_attention(query, key, value)


def mask_inverted(query, key, value, mask=None):
    return scaled_dot_product_attention(query, key, value, None if mask is None else ~mask)


def weights_multiplied(query, key, value, mask=None):
    weights = attention_weights(query, key)
    return (weights if mask is None else weights * mask) @ value


def scores_multiplied(query, key, value, mask=None):
    scores = attention_scores(query, key)
    return (scores if mask is None else scores * mask).softmax(dim=-1) @ value


def _filled(query, key, value, mask, fill):
    scores = attention_scores(query, key)
    return (scores if mask is None else scores.masked_fill(~mask, fill)).softmax(dim=-1) @ value


def nan_where_blind(query, key, value, mask=None):
    return _filled(query, key, value, mask, -torch.inf)


def uniform_where_blind(query, key, value, mask=None):
    return _filled(query, key, value, mask, -1e9)


def hard_attention(query, key, value, mask=None):
    scores = attention_scores(query, key)
    best = (scores if mask is None else scores.masked_fill(~mask, -1e9)).argmax(dim=-1)
    weights = torch.nn.functional.one_hot(best, key.shape[-2]).to(value.dtype)
    return (weights if mask is None else weights * mask) @ value


def matrices_only(query, key, value, mask=None):
    return masked_softmax(torch.mm(query, key.t()) / math.sqrt(query.shape[-1]), mask) @ value


def cut_weights(query, key, value, mask=None):
    return attention_weights(query, key, mask).detach() @ value


def one_query_at_a_time(query, key, value, mask=None):
    rows = []
    for i in range(query.shape[-2]):
        seen = None
        if mask is not None:
            seen = mask.expand(*mask.shape[:-2], query.shape[-2], key.shape[-2])[..., i : i + 1, :]
        rows.append(scaled_dot_product_attention(query[..., i : i + 1, :], key, value, seen))
    return torch.cat(rows, dim=-2)


def by_einsum(query, key, value, mask=None):
    scores = torch.einsum("...qd,...kd->...qk", query, key) / query.shape[-1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf)
    weights = scores.softmax(dim=-1).nan_to_num(0.0)
    return torch.einsum("...qk,...kv->...qv", weights, value)


def by_broadcasting(query, key, value, mask=None):
    scores = (query[..., :, None, :] * key[..., None, :, :]).sum(dim=-1) / math.sqrt(key.shape[-1])
    if mask is None:
        mask = torch.ones_like(scores, dtype=torch.bool)
    weights = torch.where(mask, scores, -1e9).softmax(dim=-1) * mask
    return (weights[..., None] * value[..., None, :, :]).sum(dim=-2)


def by_normalising_last(query, key, value, mask=None):
    scores = torch.matmul(query, key.transpose(-1, -2)) * query.size(-1) ** -0.5
    if mask is not None:
        scores = scores + torch.zeros_like(scores).masked_fill(~mask, -1e9)
    exponentials = (scores - scores.amax(dim=-1, keepdim=True)).exp()
    if mask is not None:
        exponentials = exponentials * mask
    total = exponentials.sum(dim=-1, keepdim=True)
    return exponentials @ value / total.clamp(min=1e-30)


def half_of_the_power(query, key, value, mask=None):
    return masked_softmax(query @ key.mT / query.shape[-1] ** 1 / 2, mask) @ value


def scaled_by_keys(query, key, value, mask=None):
    return masked_softmax(query @ key.mT / math.sqrt(key.shape[-2]), mask) @ value


def always_causal(query, key, value, mask=None):
    triangle = torch.ones(query.shape[-2], key.shape[-2], dtype=torch.bool).tril()
    return scaled_dot_product_attention(query, key, value, triangle if mask is None else mask & triangle)


def softmax_of_the_output(query, key, value, mask=None):
    scores = attention_scores(query, key)
    hidden = scores if mask is None else scores.masked_fill(~mask, -1e9)
    return (hidden @ value).softmax(dim=-1)


def softmax_twice(query, key, value, mask=None):
    return attention_weights(query, key, mask).softmax(dim=-1) @ value


def shared_out_twice(query, key, value, mask=None):
    weights = attention_weights(query, key, mask)
    return weights / (weights.sum(dim=-2, keepdim=True) + 1e-9) @ value


def axis_left_out(query, key, value, mask=None):
    scores = attention_scores(query, key)
    dim = 0 if scores.ndim == 3 else 1  # what torch guesses
    filled = scores if mask is None else scores.masked_fill(~mask, -1e9)
    return filled.softmax(dim=dim) @ value


ATTENTION = Question(
    id="scaled-dot-product-attention",
    title="Attention",
    target="scaled_dot_product_attention",
    points=3,
    reference=scaled_dot_product_attention,
    cases=cases,
    criteria=(
        Values(weight=2),
        Gradients(weight=1),
        ShapeAndDtype(weight=1),
        Unchanged(weight=1, name="cannot see the future", what="the last token, which earlier ones may not see,"),
        Cost(weight=1),
    ),
    misconceptions=(
        Misconception(
            "not scaled",
            "Everything is there but the scaling: divide the scores by √d_k before the softmax.",
            unscaled,
        ),
        Misconception(
            "scaled by d_k",
            "You divide the scores by d_k instead of its square root.",
            scaled_by_width,
        ),
        Misconception(
            "scaled by the width of the values",
            "You scale by the width of the values. The dot product runs over the features of queries and keys: take "
            "`query.shape[-1]`.",
            scaled_by_value_width,
        ),
        Misconception(
            "scaled after the softmax",
            "You divide the weights by √d_k instead of the scores, so they no longer sum to 1. Scale before the "
            "softmax.",
            scaled_after,
        ),
        Misconception(
            "softmax over queries",
            "Your weights sum to 1 over the *query* axis; softmax belongs on the key axis. Each query shares out one "
            "unit among its keys: `dim=-1`.",
            over_queries,
        ),
        Misconception(
            "no softmax",
            "You multiply the values by the scores themselves. Turn scores into weights with a softmax first, "
            "otherwise the output is no average of the values.",
            no_softmax,
        ),
        Misconception(
            "weights returned",
            "You return the weights. One step is missing: their product with the values.",
            returns_weights,
        ),
        Misconception(
            "keys in place of values",
            "You average the keys. The keys decide the weights; what is averaged are the values.",
            values_forgotten,
        ),
        Misconception(
            "weights transposed",
            "You multiply the values by the transposed weights, so each output mixes values as if it were a key. "
            "The rows of the weights belong to the queries already: `weights @ value`.",
            weights_transposed,
        ),
        Misconception(
            "keys in place of queries",
            "The keys are compared with themselves; `query` is never used. Look at the first factor of the scores.",
            keys_with_keys,
        ),
        Misconception(
            "mask ignored",
            "Right without a mask, wrong with one: the mask never reaches your softmax.",
            mask_ignored,
        ),
        Misconception(
            "mask inverted",
            "You hide the visible keys and show the hidden ones. Here True means *may attend*; `masked_fill`, though, "
            "fills where its argument is True, so it needs `~mask`.",
            mask_inverted,
        ),
        Misconception(
            "weights multiplied by the mask",
            "You remove hidden keys after the softmax, so the visible weights no longer sum to 1. Hide the keys "
            "before the softmax.",
            weights_multiplied,
        ),
        Misconception(
            "scores multiplied by the mask",
            "You set the scores of hidden keys to 0, but 0 is a score like any other and gets weight. Hidden keys "
            "need a score of -inf, or nearly.",
            scores_multiplied,
        ),
        Misconception(
            "NaN for a query that sees nothing",
            "Right wherever at least one key is visible. A query that may see nothing becomes NaN (softmax of only "
            "-inf is 0/0); by convention its weights, and so its output, are 0.",
            nan_where_blind,
        ),
        Misconception(
            "uniform for a query that sees nothing",
            "Right wherever at least one key is visible. A query that may see nothing gets the average of all "
            "hidden values in your version; by convention its weights, and so its output, are 0.",
            uniform_where_blind,
        ),
        Misconception(
            "winner takes all",
            "Each of your outputs is the value of one key, the best. Softmax of finite scores is never exactly 0 or "
            "1: every visible key contributes.",
            hard_attention,
        ),
        Misconception(
            "no batches",
            "Right for one sequence, but a batch raises an error: `.t()`, `torch.mm` and einsum with fixed axes know "
            "no batch. Swap the last two axes of `key` and multiply with `@`, which leaves the axes before them alone.",
            matrices_only,
        ),
        Misconception(
            "weights cut off",
            "The values are right, and gradients reach `value`, but none reaches `query` and `key`: the weights are "
            "cut off (`.detach()`, `torch.no_grad()`, `.numpy()`). Where to look could never be learned.",
            cut_weights,
        ),
        cut_graph(scaled_dot_product_attention),
        fixed_precision(scaled_dot_product_attention, "outputs"),
        Misconception(
            "one query at a time",
            "Right, but one query after another in a Python loop. A matrix product does them all at once, and that "
            "is why attention is fast: `query @ key.transpose(-2, -1)` holds every score.",
            one_query_at_a_time,
        ),
        Misconception(
            "half of the power",
            "No root is taken: `x / d_k ** 1/2` is `(x / d_k) / 2`, since a power binds more closely than a division. "
            "Write `d_k ** 0.5` or `math.sqrt(d_k)`.",
            half_of_the_power,
        ),
        Misconception(
            "scaled by the number of keys",
            "You scale by the number of keys. The dot product runs over the features: take `query.shape[-1]`.",
            scaled_by_keys,
        ),
        Misconception(
            "always causal",
            "You hide the future whether a mask says so or not. Who may see whom is the caller's choice: without a "
            "mask every query sees every key.",
            always_causal,
        ),
        Misconception(
            "softmax of the output",
            "Your softmax comes last, over the features of the output. It belongs before the product with the values, "
            "where it makes weights of the scores.",
            softmax_of_the_output,
        ),
        Misconception(
            "softmax twice",
            "Your weights go through a softmax twice. They are shares already: the second one makes them nearly equal, "
            "and hidden keys get weight again.",
            softmax_twice,
        ),
        Misconception(
            "shared out among queries as well",
            "Your weights are divided by their sum over the *queries* on top of the softmax, so the rows no longer sum "
            "to 1. Once per query is enough.",
            shared_out_twice,
        ),
        Misconception(
            "axis left out",
            "Your softmax has no `dim`: torch then takes an axis by the number of axes, and for most inputs that is "
            "not the keys'. Say `dim=-1`.",
            axis_left_out,
        ),
    ),
    alternatives={
        "einsum": by_einsum,
        "broadcasting": by_broadcasting,
        "division at the end": by_normalising_last,
    },
    forbidden=READY_MADE,
    promises={
        "without a Python loop": "no Python loop; misconception one query at a time",
        "without PyTorch's ready-made attention": "forbidden names",
        "Values may be wider or narrower than keys": "more keys than queries; one sequence",
        "You may call `attention_scores` and `masked_softmax`": "nothing to test",
    },
    guide=Guide(
        difficulty=2,
        minutes=10,
        section=Section("self-attention", "A worked example, three times"),
        hints=(
            "Three steps: scores, weights, and an average of the values. The first two are written already.",
            "Each output is a sum over keys of weight times value: a matrix product of the weights and `value`.",
            "Call `masked_softmax` on `attention_scores(query, key)` and the mask, and put the values to its right.",
        ),
    ),
    example=WorkedExample(
        call="scaled_dot_product_attention(W, W, W)",
        arguments=(RUNNING_W, RUNNING_W, RUNNING_W),
        expected=([[0.8022, 0.5989], [0.5989, 0.8022], [0.7517, 0.7517]],),
    ),
    attempts=(
        Attempt(
            "def scaled_dot_product_attention(q, k, v, mask=None):\n"
            "    w = (q @ k.mT / q.shape[-1] ** 0.5).softmax(-1)\n"
            "    return (w if mask is None else w * mask) @ v",
            named="weights multiplied by the mask",
        ),
        Attempt(
            "def scaled_dot_product_attention(q, k, v, mask=None):\n"
            "    return nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)",
            forbidden="torch.nn.functional.scaled_dot_product_attention",
        ),
        Attempt(
            "from transformer_lab.attention import scaled_dot_product_attention",
            forbidden="transformer_lab.attention.",
        ),
    ),
)
