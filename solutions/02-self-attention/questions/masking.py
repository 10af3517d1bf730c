"""Question 4: softmax over the visible keys only; a query that sees nothing gets zeros."""

import numpy as np
import torch

from classroom.questions.common.drawing import causal, normal, some_visible, spread
from classroom.questions.common.mistakes import cut_graph, fixed_precision
from classroom.questions.criteria import Gradients, ShapeAndDtype, Unchanged, Values
from classroom.questions.guide import Guide, Section, WorkedExample
from classroom.questions.question import Attempt, Case, Misconception, Question
from classroom.student_code.student import Call
from transformer_lab import attention


def masked_softmax(scores, mask=None):
    """The library's, for every mask that broadcasts; its own signature asks for two axes at least."""
    return attention.masked_softmax(scores, None if mask is None else torch.atleast_2d(mask))


def cases(rng: np.random.Generator) -> list[Case]:
    def case(name, tags, scores, mask, backward=False):
        cotangent = normal(rng, *scores.shape, dtype=scores.dtype) if backward else None
        return Case(name, (Call((scores, mask), cotangent=cotangent),), frozenset(tags))

    blind = some_visible(rng, 3, 4)
    blind[rng.integers(3)] = False
    padding = np.array([[[True, True, True, False]], [[True, True, False, False]]])
    hidden_large = spread(rng, 2, 4)
    favourite = np.array([[True, True, False, True], [False, True, True, True]])
    hidden_large[~favourite] += 200.0
    # Two hidden keys in each row, moved in opposite directions: whoever looks at them cannot miss it.
    perturbed = spread(rng, 3, 4)
    shift = rng.permuted(np.tile(np.array([0, 0, 2, -2], dtype=np.float32), (3, 1)), axis=-1)
    moved, seen = perturbed + shift, shift == 0
    return [
        case("no mask", {"values", "shape", "gradients"}, spread(rng, 2, 3), None, backward=True),
        case(
            "a mask for one sequence",
            {"values", "shape", "gradients"},
            spread(rng, 3, 4),
            some_visible(rng, 3, 4),
            True,
        ),
        case(
            "one mask for every query",
            {"values", "shape"},
            spread(rng, 2, 3, 4),
            rng.permutation(np.array([True, True, False, False])),
        ),
        case("a causal mask and all sizes equal", {"values", "shape"}, spread(rng, 3, 3, 3), causal(3)),
        case("padding at the end of two sentences", {"values", "shape"}, spread(rng, 2, 3, 4), padding),
        case("batch and heads", {"values", "shape"}, spread(rng, 2, 2, 2, 3), some_visible(rng, 2, 1, 2, 3)),
        case("a query that may see nothing", {"values", "gradients"}, spread(rng, 3, 4), blind, backward=True),
        case("a single key, hidden", {"values"}, spread(rng, 2, 1), np.array([[False], [True]])),
        case("scores near -1000", {"values"}, spread(rng, 3, 4) - 1000, some_visible(rng, 3, 4)),
        case("hidden keys with the largest scores", {"values"}, hidden_large, favourite),
        case("double precision", {"values", "shape"}, spread(rng, 2, 3, dtype=np.float64), some_visible(rng, 2, 3)),
        Case(
            "other scores of hidden keys",
            (Call((perturbed, seen)), Call((moved, seen)), Call((-perturbed, seen))),
            frozenset({"unchanged"}),
        ),
    ]


def _visible(scores, mask):
    return torch.ones_like(scores, dtype=torch.bool) if mask is None else mask


def over_queries(scores, mask=None):
    return masked_softmax(scores.mT, None if mask is None else mask.expand(scores.shape).mT).mT


def mask_ignored(scores, mask=None):
    return scores.softmax(dim=-1)


def mask_inverted(scores, mask=None):
    return masked_softmax(scores, None if mask is None else ~mask)


def scores_multiplied(scores, mask=None):
    return (scores * _visible(scores, mask)).softmax(dim=-1)


def mask_added(scores, mask=None):
    return (scores + _visible(scores, mask)).softmax(dim=-1)


def weights_multiplied(scores, mask=None):
    return scores.softmax(dim=-1) * _visible(scores, mask)


def renormalised(scores, mask=None):
    weights = scores.softmax(dim=-1) * _visible(scores, mask)
    total = weights.sum(dim=-1, keepdim=True)
    return weights / total.masked_fill(total == 0, 1.0)


def renormalised_to_nan(scores, mask=None):
    weights = scores.softmax(dim=-1) * _visible(scores, mask)
    return weights / weights.sum(dim=-1, keepdim=True)


def nan_where_blind(scores, mask=None):
    return scores.masked_fill(~_visible(scores, mask), -torch.inf).softmax(dim=-1)


def uniform_where_blind(scores, mask=None):
    return scores.masked_fill(~_visible(scores, mask), -1e9).softmax(dim=-1)


def fill_too_high(scores, mask=None):
    visible = _visible(scores, mask)
    return scores.masked_fill(~visible, -100.0).softmax(dim=-1).masked_fill(~visible, 0.0)


def fill_too_high_and_blind(scores, mask=None):
    return scores.masked_fill(~_visible(scores, mask), -100.0).softmax(dim=-1)


def by_infinity(scores, mask=None):
    weights = scores.masked_fill(~_visible(scores, mask), float("-inf")).softmax(dim=-1)
    return weights.nan_to_num(0.0)


def by_where(scores, mask=None):
    visible = _visible(scores, mask)
    weights = torch.softmax(torch.where(visible, scores, torch.full_like(scores, -1e9)), dim=-1)
    return torch.where(visible, weights, torch.zeros_like(weights))


def by_exponentials(scores, mask=None):
    visible = _visible(scores, mask)
    largest = scores.masked_fill(~visible, torch.finfo(scores.dtype).min).amax(dim=-1, keepdim=True)
    exponentials = (scores - largest).masked_fill(~visible, -torch.inf).exp()
    total = exponentials.sum(dim=-1, keepdim=True)
    return exponentials / total.clamp(min=torch.finfo(scores.dtype).tiny)


def by_additive_mask(scores, mask=None):
    if mask is None:
        return torch.softmax(scores, dim=-1)
    additive = torch.zeros_like(mask, dtype=scores.dtype).masked_fill(~mask, -1e9)
    blind = ~mask.any(dim=-1, keepdim=True)
    return torch.softmax(scores + additive, dim=-1).masked_fill(blind, 0.0)


def by_rows(scores, mask=None):
    visible = _visible(scores, mask).expand(scores.shape).reshape(-1, scores.shape[-1])
    rows = []
    for row, seen in zip(scores.reshape(-1, scores.shape[-1]), visible, strict=True):
        rows.append(torch.zeros_like(row).masked_scatter(seen, row[seen].softmax(dim=0)))
    return torch.stack(rows).reshape(scores.shape)


MASKED_SOFTMAX = Question(
    id="masked-softmax",
    title="Hiding keys",
    target="masked_softmax",
    points=3,
    reference=masked_softmax,
    cases=cases,
    criteria=(
        Values(weight=3),
        Gradients(weight=1),
        ShapeAndDtype(weight=1),
        Unchanged(weight=1, name="hidden keys have no influence", what="the scores of hidden keys"),
    ),
    misconceptions=(
        Misconception(
            "softmax over queries",
            "Your weights sum to 1 over the *query* axis; softmax belongs on the key axis: `dim=-1`.",
            over_queries,
        ),
        Misconception(
            "mask ignored",
            "Hidden keys still get weight: the mask is never used. Overwrite their scores before the softmax "
            "(`masked_fill` or `torch.where`).",
            mask_ignored,
        ),
        Misconception(
            "mask inverted",
            "You hide the visible keys and show the hidden ones. Here True means *may attend*; `masked_fill`, though, "
            "fills where its argument is True, so it needs `~mask`.",
            mask_inverted,
        ),
        Misconception(
            "scores multiplied by the mask",
            "You set the scores of hidden keys to 0. But 0 is a score like any other, and exp(0) = 1: a hidden key "
            "even beats a visible one with a negative score. Only a score of -inf, or nearly, gives a weight of 0.",
            scores_multiplied,
        ),
        Misconception(
            "mask added to the scores",
            "You add the mask, that is 1 or 0, to the scores. This favours visible keys a little but hides nothing: "
            "hidden keys need a score of -inf, or nearly.",
            mask_added,
        ),
        Misconception(
            "weights multiplied by the mask",
            "You remove hidden keys after the softmax, so the visible weights no longer sum to 1. Hide the keys "
            "before the softmax; the visible ones then share the whole unit.",
            weights_multiplied,
        ),
        Misconception(
            "masked after the softmax and normalised again",
            "You hide keys after the softmax and normalise again. On paper this is the same; in floating point it "
            "fails when a hidden key has by far the largest score: the visible weights underflow to 0 before you can "
            "save them. Hide the keys before the softmax.",
            renormalised,
        ),
        Misconception(
            "normalised again, to NaN",
            "You hide keys after the softmax and divide by what is left. When nothing is left this is 0/0 = NaN: for "
            "a query that may see nothing, and for one whose hidden keys have by far the largest scores. Hide the "
            "keys before the softmax, and give a query that sees nothing weights of 0.",
            renormalised_to_nan,
        ),
        Misconception(
            "NaN for a query that sees nothing",
            "Right wherever at least one key is visible. A query that may see nothing has only scores of -inf, and "
            "softmax turns them into 0/0 = NaN. Such a row has to become 0.",
            nan_where_blind,
        ),
        Misconception(
            "uniform for a query that sees nothing",
            "Right wherever at least one key is visible. But with the same very low score everywhere, a query that "
            "may see nothing attends to all hidden keys equally. Such a row has to become 0: fill once more, after "
            "the softmax.",
            uniform_where_blind,
        ),
        Misconception(
            "hidden scores not low enough",
            "Your scores for hidden keys are not low enough: when visible scores lie below them (the check tries "
            "scores near -1000), hidden keys win. Use `-inf` or `torch.finfo(scores.dtype).min`.",
            fill_too_high,
        ),
        Misconception(
            "hidden scores not low enough, and uniform rows",
            "Two things. Your scores for hidden keys are not low enough: when visible scores lie below them (near "
            "-1000), hidden keys win; use `-inf` or `torch.finfo(scores.dtype).min`. And a query that may see nothing "
            "must get weights of 0.",
            fill_too_high_and_blind,
        ),
        cut_graph(masked_softmax),
        fixed_precision(masked_softmax, "weights"),
    ),
    alternatives={
        "-inf, then nan_to_num": by_infinity,
        "where": by_where,
        "own exponentials": by_exponentials,
        "additive mask": by_additive_mask,
        "loop over rows": by_rows,
    },
    forbidden=(
        "torch.nn.functional.scaled_dot_product_attention",
        "transformer_lab.attention.masked_softmax",
    ),
    promises={
        "must not be seen: padding": "padding at the end of two sentences; a causal mask and all sizes equal",
        "a weight of exactly 0": "hidden keys with the largest scores; scores near -1000",
        "the visible ones must still sum to 1": "misconception weights multiplied by the mask",
        "such a query gets weights of 0": "a query that may see nothing; a single key, hidden",
        "`masked_softmax(scores, mask)`": "values",
        "`(k,)`": "one mask for every query",
        "`(q, k)`": "a mask for one sequence",
        "`(batch, 1, k)`": "padding at the end of two sentences",
        "`None` means that every key is visible": "no mask",
        "PyTorch's softmax is allowed here": "nothing to test",
    },
    guide=Guide(
        difficulty=2,
        minutes=12,
        section=Section("training-a-translator", "How do you forbid a place?"),
        hints=(
            "Hide keys before the exponential, not after it. Which score gives a weight of 0?",
            "`masked_fill` fills where its mask is True; here True means *may attend*, so it needs `~mask`.",
            "A row of nothing but -inf becomes NaN. Fill with the lowest finite number of the dtype instead, and set "
            "the weights of hidden keys to 0 after the softmax.",
        ),
    ),
    example=WorkedExample(
        call="masked_softmax([[ln 1, ln 2, ln 5]], [True, True, False])",
        arguments=([[0.0, 0.6931472, 1.6094379]], np.array([True, True, False])),
        expected=([[0.3333, 0.6667, 0]],),
    ),
    attempts=(
        Attempt(
            "def masked_softmax(s, mask=None):\n"
            "    if mask is not None:\n        s = torch.where(mask, s, float('-inf'))\n"
            "    return nn.functional.softmax(s, dim=-1)",
            named="NaN for a query that sees nothing",
        ),
        Attempt(
            "def masked_softmax(s, mask=None):\n"
            "    return s.softmax(-1) if mask is None else (s - 100 * (~mask)).masked_fill(~mask, -50).softmax(-1)",
            named="hidden scores not low enough, and uniform rows",
        ),
        Attempt(
            "def masked_softmax(s, mask=None):\n"
            "    if mask is None:\n        mask = torch.tensor(True)\n"
            "    return s.masked_fill(mask.logical_not(), -torch.inf).softmax(-1).nan_to_num()"
        ),
    ),
)
