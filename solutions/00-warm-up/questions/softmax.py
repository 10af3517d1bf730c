"""Question 3: softmax over any axis."""

import numpy as np
import torch

from classroom.questions.common.drawing import normal, spread
from classroom.questions.common.forbidden import SOFTMAX as SOFTMAX_FAMILY
from classroom.questions.common.forbidden import library
from classroom.questions.common.mistakes import cut_graph, fixed_precision
from classroom.questions.criteria import Gradients, ShapeAndDtype, Values
from classroom.questions.guide import Guide, Section, WorkedExample
from classroom.questions.question import Attempt, Case, Misconception, Question
from classroom.student_code.student import Call


def softmax(scores, dim):
    """exp(s) / sum(exp(s)) over the axis `dim`, shifted by the maximum along it."""
    return torch.softmax(scores, dim=dim)


def cases(rng: np.random.Generator) -> list[Case]:
    def case(name, tags, scores, dim, backward=False):
        cotangent = normal(rng, *scores.shape, dtype=scores.dtype) if backward else None
        return Case(name, (Call((scores, dim), cotangent=cotangent),), frozenset(tags))

    high, low = 1000.0, -1000.0
    columns = np.array([[high, 0.0, low]], dtype=np.float32)
    extreme = np.array([[high, low, low, low, high], [low, high, low, high, low], [0, low, high, low, 0]])
    return [
        case("the last axis", {"values", "shape", "gradients"}, spread(rng, 3, 4), -1, backward=True),
        case("the first axis", {"values", "shape", "gradients"}, spread(rng, 4, 3), 0, backward=True),
        case("the middle of three axes", {"values", "shape", "gradients"}, spread(rng, 2, 3, 5), 1, backward=True),
        case("the first of three axes", {"values", "shape"}, spread(rng, 3, 2, 4), -3),
        case("the last axis, counted from the front", {"values"}, spread(rng, 2, 4, 3), 2),
        case("one row alone", {"values", "shape"}, spread(rng, 5), 0),
        case("all sizes equal", {"values"}, spread(rng, 3, 3, 3), -2),
        case("scores near +1000", {"values", "gradients"}, spread(rng, 2, 3) + 1000, -1, backward=True),
        case("scores near -1000", {"values"}, spread(rng, 2, 3) - 1000, -1),
        case("columns near +1000, 0 and -1000", {"values"}, spread(rng, 4, 3) + columns, 0),
        case("+1000 and -1000 in one row", {"values"}, spread(rng, 3, 5) + extreme.astype(np.float32), -1),
        case("double precision", {"values", "shape"}, spread(rng, 2, 3, dtype=np.float64), 0),
    ]


def divided(exponentials, dim):
    return exponentials / exponentials.sum(dim=dim, keepdim=True)


def overflowing(scores, dim):
    return divided(scores.exp(), dim)


def one_shift(scores, dim):
    return divided((scores - scores.max()).exp(), dim)


def shift_at_least_zero(scores, dim):
    return divided((scores - scores.amax(dim=dim, keepdim=True).clamp(min=0)).exp(), dim)


def shift_by_the_mean(scores, dim):
    return divided((scores - scores.mean(dim=dim, keepdim=True)).exp(), dim)


def clamped(scores, dim):
    return divided(scores.clamp(-80, 80).exp(), dim)


def shift_over_the_last_axis(scores, dim):
    return divided((scores - scores.amax(dim=-1, keepdim=True)).exp(), dim)


def sum_over_the_last_axis(scores, dim):
    return divided((scores - scores.amax(dim=dim, keepdim=True)).exp(), -1)


def sum_lost_its_axis(scores, dim):
    exponentials = (scores - scores.amax(dim=dim, keepdim=True)).exp()
    return exponentials / exponentials.sum(dim=dim)


def both_lost_their_axis(scores, dim):
    exponentials = (scores - scores.amax(dim=dim)).exp()
    return exponentials / exponentials.sum(dim=dim)


def maximum_lost_its_axis(scores, dim):
    exponentials = (scores - scores.amax(dim=dim)).exp()
    return exponentials / exponentials.sum(dim=dim, keepdim=True)


def shifted_above_only(scores, dim):
    return (scores - scores.amax(dim=dim, keepdim=True)).exp() / scores.exp().sum(dim=dim, keepdim=True)


def not_divided(scores, dim):
    return (scores - scores.amax(dim=dim, keepdim=True)).exp()


def base_two(scores, dim):
    return divided(2 ** (scores - scores.amax(dim=dim, keepdim=True)), dim)


def winner_takes_all(scores, dim):
    return (scores == scores.amax(dim=dim, keepdim=True)).to(scores.dtype)


def axis_left_at_the_end(scores, dim):
    return torch.softmax(scores, dim=dim).movedim(dim, -1)


def by_hand(scores, dim):
    return divided((scores - scores.max(dim=dim, keepdim=True).values.detach()).exp(), dim)


def by_logsumexp(scores, dim):
    return (scores - torch.logsumexp(scores, dim=dim, keepdim=True)).exp()


def axis_to_the_end(scores, dim):
    moved = scores.movedim(dim, -1)
    exponentials = (moved - moved.amax(-1)[..., None]).exp()
    return (exponentials / exponentials.sum(-1)[..., None]).movedim(-1, dim)


def by_loop(scores, dim):
    parts = scores.unbind(dim)
    largest = parts[0]
    for part in parts[1:]:
        largest = torch.maximum(largest, part)
    exponentials = [torch.exp(part - largest) for part in parts]
    return torch.stack([e / sum(exponentials) for e in exponentials], dim=dim)


SOFTMAX = Question(
    id="stable-softmax",
    title="Shares that sum to one",
    target="softmax",
    points=2,
    reference=softmax,
    cases=cases,
    # float32 has steps of 6e-5 near 1000, and log-sum-exp meets each of them: right, but to four digits only.
    criteria=(Values(weight=2, rtol=1e-3, atol=1e-4), Gradients(weight=1, rtol=4e-3, atol=1e-4), ShapeAndDtype()),
    misconceptions=(
        Misconception(
            "`dim` is not used",
            "You always take the last axis. `dim` says which axis is to sum to 1: both the maximum and the sum need "
            "it.",
            lambda scores, dim: torch.softmax(scores, dim=-1),
        ),
        Misconception(
            "always the first axis",
            "You always take the first axis. `dim` says which axis is to sum to 1.",
            lambda scores, dim: torch.softmax(scores, dim=0),
        ),
        Misconception(
            "over everything",
            "All your shares together sum to 1. Each slice along `dim` is to sum to 1 by itself.",
            lambda scores, dim: torch.softmax(scores.flatten(), dim=0).reshape(scores.shape),
        ),
        Misconception(
            "overflow",
            "Your softmax overflows: exp(1000) is infinite, and infinity over infinity is not a number. Subtract the "
            "maximum along `dim` first; it cancels.",
            overflowing,
        ),
        Misconception(
            "one shift for all",
            "You subtract one maximum for the whole tensor: rows far below it vanish, and 0/0 is not a number. Each "
            "slice along `dim` needs its own maximum.",
            one_shift,
        ),
        Misconception(
            "a shift that is never below zero",
            "Your shift is never below zero (max(0, x), or the largest absolute value): very negative rows become "
            "0/0. Subtract the maximum, whatever its sign.",
            shift_at_least_zero,
        ),
        Misconception(
            "not shifted by the maximum",
            "Your shift is not the maximum along `dim` (but the mean, say, or the minimum). The largest score may "
            "lie 1000 above it and overflow: only the maximum is safe.",
            shift_by_the_mean,
        ),
        Misconception(
            "scores cut off",
            "You cut large scores off to avoid the overflow, and with them the differences between scores. A shift by "
            "the maximum changes nothing, since it cancels.",
            clamped,
        ),
        Misconception(
            "the maximum of another axis",
            "Your sum is over `dim`, your maximum over the last axis. Then it does not cancel: the shift must be the "
            "same for all scores that are summed.",
            shift_over_the_last_axis,
        ),
        Misconception(
            "the sum of another axis",
            "Your maximum is over `dim`, your sum over the last axis. Both belong to `dim`.",
            sum_over_the_last_axis,
        ),
        Misconception(
            "the sum lost its axis",
            "Your sums have lost the axis `dim`, so they meet the wrong rows, or do not fit at all. `keepdim=True` "
            "keeps it, with size 1.",
            sum_lost_its_axis,
        ),
        Misconception(
            "maximum and sum lost their axis",
            "Neither your maximum nor your sum has the axis `dim` any more, so they meet the wrong rows, or do not fit "
            "at all. `keepdim=True` keeps it, with size 1.",
            both_lost_their_axis,
        ),
        Misconception(
            "the maximum lost its axis",
            "Your maximum has lost the axis `dim`, so it meets the wrong rows, or does not fit at all. "
            "`keepdim=True` keeps it, with size 1.",
            maximum_lost_its_axis,
        ),
        Misconception(
            "shifted above, not below",
            "You shift the exponentials and add up others that are not shifted, so the factor does not cancel: the "
            "sum is over the same exponentials.",
            shifted_above_only,
        ),
        Misconception(
            "not divided",
            "Your shares do not sum to 1: the exponentials are there, the division by their sum is missing.",
            not_divided,
        ),
        Misconception(
            "no exponential",
            "You divide the scores by their sum. Scores can be negative, and so would be shares: take exponentials "
            "first.",
            divided,
        ),
        Misconception(
            "softmax twice",
            "You apply softmax to the result of softmax. The second makes the shares nearly equal; once is enough.",
            lambda scores, dim: scores.softmax(dim).softmax(dim),
        ),
        Misconception(
            "wrong base",
            "Your exponential has base 2. Softmax uses e: `torch.exp`.",
            base_two,
        ),
        Misconception(
            "winner takes all",
            "You give everything to the largest score. Softmax is the soft version: every score gets a share above 0.",
            winner_takes_all,
        ),
        Misconception(
            "the axis left at the end",
            "You moved the axis `dim` to the end and did not move it back: the result has the axes in another order.",
            axis_left_at_the_end,
        ),
        Misconception(
            "logarithm of the shares",
            "You return the logarithm of the shares (log-softmax): no share can be negative.",
            lambda scores, dim: scores.log_softmax(dim),
        ),
        cut_graph(softmax),
        fixed_precision(softmax, "shares"),
    ),
    alternatives={
        "by hand": by_hand,
        "logsumexp": by_logsumexp,
        "the axis moved to the end": axis_to_the_end,
        "loop along the axis": by_loop,
    },
    forbidden=(*SOFTMAX_FAMILY, *library("transformer_lab.attention", "masked_softmax")),
    guide=Guide(
        difficulty=1,
        minutes=8,
        section=Section("self-attention", "From scores to weights"),
        hints=(
            "Begin with small scores and the last axis: exponentials, divided by their sum.",
            "Subtract the maximum before the exponential. Why may every slice have another one?",
            "`amax` and `sum` both take `dim=dim, keepdim=True`.",
        ),
    ),
    example=WorkedExample(
        call="softmax([[ln 1, ln 2], [ln 3, ln 8]], dim=0)",
        arguments=([[0.0, 0.6931472], [1.0986123, 2.0794415]], 0),
        expected=([[0.25, 0.2], [0.75, 0.8]],),
    ),
    attempts=(
        Attempt(
            "def softmax(s, dim):\n    e = torch.exp(s - s.max())\n    return e / e.sum(dim, keepdim=True)",
            named="one shift for all",
        ),
        Attempt(
            "def softmax(s, dim=-1):\n    e = torch.exp(s - s.amax(-1, True))\n    return e / e.sum(-1, True)",
            named="`dim` is not used",
        ),
        Attempt("def softmax(s, dim):\n    return F.softmax(s, dim)".replace("F.", "nn.functional."),
                forbidden="torch.nn.functional.softmax"),
        Attempt(
            "def softmax(s, dim):\n    e = torch.exp(s - torch.max(s, dim, keepdim=True)[0])\n"
            "    return torch.div(e, torch.sum(e, dim=dim).unsqueeze(dim))"
        ),
    ),
    promises={
        "over the axis `dim`": "the last axis; the first axis; the middle of three axes",
        "may be counted from the front or from the end": "the last axis, counted from the front; "
        "the first of three axes; one row alone",
        "PyTorch's softmax functions raise": "forbidden names",
        "It must survive scores of ±1000": "scores near +1000; scores near -1000; columns near +1000, 0 and -1000; "
        "+1000 and -1000 in one row",
    },
)  # fmt: skip
