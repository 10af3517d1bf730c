"""Question 3: a softmax that survives large scores (claims C10, C30)."""

import numpy as np
import torch

from classroom.questions.common.drawing import normal, spread
from classroom.questions.common.forbidden import SOFTMAX as SOFTMAX_FAMILY
from classroom.questions.common.mistakes import cut_graph, fixed_precision
from classroom.questions.criteria import Gradients, ShapeAndDtype, Unchanged, Values
from classroom.questions.guide import Guide, Section, WorkedExample
from classroom.questions.question import Attempt, Case, Misconception, Question
from classroom.student_code.student import Call


def softmax(scores):
    """exp(s) / sum(exp(s)) over the last axis, shifted by each row's maximum."""
    return torch.softmax(scores, dim=-1)


def cases(rng: np.random.Generator) -> list[Case]:
    def case(name, tags, scores, backward=False):
        cotangent = normal(rng, *scores.shape, dtype=scores.dtype) if backward else None
        return Case(name, (Call((scores,), cotangent=cotangent),), frozenset(tags))

    shifted = spread(rng, 2, 4)
    constant = rng.permutation(np.array([[1.0], [4.0]], dtype=np.float32))
    apart = spread(rng, 3, 4) + np.array([[1000.0], [0.0], [-1000.0]], dtype=np.float32)
    # In one row: two keys far above the others, wherever they stand, so that only the largest score is a safe shift.
    # Each row's ends and middle hold every kind of score, so no place is one either.
    high, low = np.float32(1000), np.float32(-1000)
    extreme = spread(rng, 4, 5) + np.array(
        [[high, low, low, low, high], [low, high, low, high, low], [0, low, high, low, 0], [low, 0, 0, high, high]],
        dtype=np.float32,
    )
    return [
        case("one sequence", {"values", "shape", "gradients"}, spread(rng, 3, 4), backward=True),
        case("a batch", {"values", "shape", "gradients"}, spread(rng, 2, 3, 5), backward=True),
        case("batch and heads", {"values", "shape"}, spread(rng, 2, 2, 3, 4)),
        case("all sizes equal", {"values", "shape"}, spread(rng, 3, 3, 3)),
        case("a single key", {"values", "shape"}, spread(rng, 2, 1)),
        case("scores near +1000", {"values", "gradients"}, spread(rng, 2, 3) + 1000, backward=True),
        case("scores near -1000", {"values"}, spread(rng, 2, 3) - 1000),
        case("one row near +1000, one near -1000", {"values"}, apart),
        case("scores of +1000 and -1000 in one row", {"values"}, extreme),
        case("double precision", {"values", "shape"}, spread(rng, 2, 3, dtype=np.float64)),
        Case(
            "a constant added to each row",
            (Call((shifted,)), Call((shifted + constant,)), Call((-shifted,))),
            frozenset({"unchanged"}),
        ),
    ]


def over_queries(scores):
    return torch.softmax(scores, dim=-2)


def over_everything(scores):
    return torch.softmax(scores.flatten(), dim=0).reshape(scores.shape)


def over_first_axis(scores):
    return torch.softmax(scores, dim=0)


def overflowing(scores):
    exponentials = scores.exp()
    return exponentials / exponentials.sum(dim=-1, keepdim=True)


def one_shift_for_all(scores):
    exponentials = (scores - scores.max()).exp()
    return exponentials / exponentials.sum(dim=-1, keepdim=True)


def no_exponential(scores):
    return scores / scores.sum(dim=-1, keepdim=True)


def not_normalised(scores):
    return (scores - scores.amax(dim=-1, keepdim=True)).exp()


def logarithm(scores):
    return torch.log_softmax(scores, dim=-1)


def winner_takes_all(scores):
    return torch.nn.functional.one_hot(scores.argmax(dim=-1), scores.shape[-1]).to(scores.dtype)


def power_of_two(scores):
    exponentials = 2 ** (scores - scores.amax(dim=-1, keepdim=True))
    return exponentials / exponentials.sum(dim=-1, keepdim=True)


def clamped(scores):
    exponentials = scores.clamp(max=80).exp()
    return exponentials / exponentials.sum(dim=-1, keepdim=True)


def sum_without_axis(scores):
    exponentials = (scores - scores.amax(dim=-1, keepdim=True)).exp()
    return exponentials / exponentials.sum(dim=-1)


def nothing_keeps_its_axis(scores):
    exponentials = (scores - scores.amax(dim=-1)).exp()
    return exponentials / exponentials.sum(dim=-1)


def by_hand(scores):
    exponentials = torch.exp(scores - scores.max(dim=-1, keepdim=True).values)
    return exponentials / exponentials.sum(dim=-1, keepdim=True)


def by_detached_shift(scores):
    exponentials = torch.exp(scores - scores.amax(dim=-1, keepdim=True).detach())
    return exponentials * exponentials.sum(dim=-1, keepdim=True).reciprocal()


def by_logsumexp(scores):
    return torch.exp(scores - torch.logsumexp(scores, dim=-1, keepdim=True))


def by_loop(scores):
    rows = []
    for row in scores.reshape(-1, scores.shape[-1]):
        exponentials = (row - row.max()).exp()
        rows.append(exponentials / exponentials.sum())
    return torch.stack(rows).reshape(scores.shape)


SOFTMAX = Question(
    id="softmax",
    title="From scores to weights",
    target="softmax",
    points=2,
    reference=softmax,
    cases=cases,
    criteria=(
        # float32 has steps of 6e-5 near 1000, and log-sum-exp meets each of them: right, but to four digits only.
        Values(weight=2, rtol=1e-3, atol=1e-4),
        Gradients(weight=1, rtol=4e-3, atol=1e-4),
        ShapeAndDtype(weight=0.5),
        Unchanged(weight=0.5, name="shift invariance", what="a constant added to all scores of a row"),
    ),
    misconceptions=(
        Misconception(
            "softmax over queries",
            "Your weights sum to 1 over the *query* axis; softmax belongs on the key axis. Each query shares out one "
            "unit among its keys, so every row sums to 1: sum over `dim=-1` and keep the axis (`keepdim=True`).",
            over_queries,
        ),
        Misconception(
            "softmax over everything",
            "All your weights together sum to 1. Every query has its own unit to share out: sum over the last axis "
            "only (`dim=-1, keepdim=True`).",
            over_everything,
        ),
        Misconception(
            "softmax over the first axis",
            "You normalise over the first axis. With a batch that is the batch axis, so sentences would compete with "
            "each other. Count from the end: the keys are `dim=-1`.",
            over_first_axis,
        ),
        Misconception(
            "overflow",
            "For small scores your result is right, for large ones it is NaN: exp(1000) is infinite. Subtract each "
            "row's largest score before the exponential; the constant cancels.",
            overflowing,
        ),
        Misconception(
            "one shift for all rows",
            "You subtract the largest score of the whole tensor. A row far below it underflows to 0/0. Each row "
            "needs its own maximum: `amax(dim=-1, keepdim=True)`.",
            one_shift_for_all,
        ),
        Misconception(
            "clamped scores",
            "You cut large scores off to avoid the overflow, and with them the differences between keys. Subtract "
            "each row's largest score instead: this changes nothing, since it cancels.",
            clamped,
        ),
        Misconception(
            "the sum lost its axis",
            "Your sums have no key axis any more, so they are divided along the wrong one, or do not fit at all. With "
            "`keepdim=True` the axis stays, with size 1, and each row is divided by its own sum.",
            sum_without_axis,
        ),
        Misconception(
            "maximum and sum lost their axis",
            "Neither the maximum nor the sum of a row has a key axis any more, so they meet the wrong rows, or do not "
            "fit at all. With `keepdim=True` the axis stays, with size 1.",
            nothing_keeps_its_axis,
        ),
        Misconception(
            "no exponential",
            "You divide the scores by their sum. Scores can be negative, and their sum can be 0: take the "
            "exponential first.",
            no_exponential,
        ),
        Misconception(
            "not normalised",
            "Your rows do not sum to 1: the exponentials are there, the division by their sum is missing.",
            not_normalised,
        ),
        Misconception(
            "logarithm of the weights",
            "You return the logarithm of the weights (log-softmax): no weight can be negative. Take the exponential "
            "of the result.",
            logarithm,
        ),
        Misconception(
            "winner takes all",
            "You give everything to the key with the largest score. Softmax is the soft version: every key gets a "
            "weight above 0, and gradients can flow.",
            winner_takes_all,
        ),
        Misconception(
            "wrong base",
            "Your exponential has base 2. Softmax uses e: `torch.exp`.",
            power_of_two,
        ),
        cut_graph(softmax),
        fixed_precision(softmax, "weights"),
    ),
    alternatives={
        "by hand": by_hand,
        "detached shift": by_detached_shift,
        "logsumexp": by_logsumexp,
        "loop over rows": by_loop,
    },
    forbidden=(
        *SOFTMAX_FAMILY,
        "torch.nn.functional.scaled_dot_product_attention",
        "transformer_lab.attention.masked_softmax",
    ),
    promises={
        "over the last axis (the keys)": "misconception softmax over queries; a batch",
        "PyTorch's own softmax functions raise an error": "forbidden names",
        "survive scores of ±1000, in one row": "scores of +1000 and -1000 in one row",
        "or in different rows": "one row near +1000, one near -1000; scores near +1000; scores near -1000",
    },
    guide=Guide(
        difficulty=2,
        minutes=10,
        section=Section("self-attention", "From scores to weights"),
        hints=(
            "Begin with small scores: exponentials, divided by the sum of their row. Then ask what happens at 1000.",
            "Before the exponential, subtract from each row its own largest score. Why does this change nothing?",
            "`amax` and `sum` over `dim=-1` lose the axis of the keys, and the rows no longer line up. `keepdim=True` "
            "keeps it, with size 1.",
        ),
    ),
    example=WorkedExample(
        call="softmax([[ln 1, ln 2, ln 5]])",
        arguments=([[0.0, 0.6931472, 1.6094379]],),
        expected=([[0.125, 0.25, 0.625]],),
    ),
    attempts=(
        Attempt("def softmax(s):\n    return torch.exp(s) / torch.exp(s).sum(-1, keepdim=True)", named="overflow"),
        Attempt(
            "def softmax(s):\n    e = torch.exp(s - s.max(-1, keepdim=True)[0])\n    return e / e.sum(-1)",
            named="the sum lost its axis",
        ),
        Attempt("softmax = lambda scores: torch.softmax(scores, dim=-1)", forbidden="torch.softmax"),
        Attempt("softmax = lambda scores: scores.softmax(-1)", forbidden="torch.Tensor.softmax"),
        Attempt("softmax = nn.Softmax(dim=-1)", forbidden="torch.nn.Softmax.forward"),
        Attempt(
            "def softmax(s):\n    s = s.sub(s.topk(1, dim=-1).values).exp()\n    return s.div(s.sum(dim=-1)[..., None])"
        ),
    ),
)
