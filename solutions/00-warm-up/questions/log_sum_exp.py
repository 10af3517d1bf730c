"""Question 2: the logarithm of a sum of exponentials that neither overflows nor vanishes."""

import numpy as np
import torch

from classroom.questions.common.altered import altered
from classroom.questions.common.alternatives import in_double
from classroom.questions.common.drawing import normal, spread
from classroom.questions.common.forbidden import LOSSES, SOFTMAX
from classroom.questions.common.mistakes import cut_graph, fixed_precision
from classroom.questions.criteria import Gradients, ShapeAndDtype, Values
from classroom.questions.guide import Guide, Section, WorkedExample
from classroom.questions.question import Attempt, Case, Misconception, Question
from classroom.student_code.student import Call


def log_sum_exp(scores):
    """log(sum(exp(s))) over the last axis, shifted by each row's maximum."""
    return torch.logsumexp(scores, dim=-1)


def cases(rng: np.random.Generator) -> list[Case]:
    def case(name, tags, scores, backward=False):
        cotangent = normal(rng, *scores.shape[:-1], dtype=scores.dtype) if backward else None
        return Case(name, (Call((scores,), cotangent=cotangent),), frozenset(tags))

    def lifted(rows):
        return spread(rng, *np.shape(rows)) + np.array(rows, dtype=np.float32)

    high, low = 1000.0, -1000.0
    hidden = spread(rng, 3, 4)
    hidden[np.arange(3), rng.permutation(4)[:3]] = -np.inf
    return [
        case("one row", {"values"}, spread(rng, 5)),
        case("three rows", {"values", "shape", "gradients"}, spread(rng, 3, 4), backward=True),
        case("a batch", {"values", "shape", "gradients"}, spread(rng, 2, 3, 5), backward=True),
        case("a single score", {"values", "shape"}, spread(rng, 2, 1)),
        case("scores near +1000", {"values", "gradients"}, spread(rng, 2, 3) + 1000, backward=True),
        case("scores near -1000", {"values", "gradients"}, spread(rng, 2, 3) - 1000, backward=True),
        case("a row near +1000, one near -1000", {"values"}, lifted([[high] * 3, [low] * 3])),
        case("+1000 and -1000 in one row", {"values"},
             lifted([[high, low, low, low, high], [low, high, low, high, low], [0, low, high, low, 0]])),
        case("entries of minus infinity", {"values"}, hidden),
        case("double precision", {"values", "shape"}, spread(rng, 2, 3, dtype=np.float64)),
    ]  # fmt: skip


def shifted(scores, shift):
    return (scores - shift).exp().sum(dim=-1).log() + shift.squeeze(-1)


def overflowing(scores):
    return scores.exp().sum(dim=-1).log()


def one_shift(scores):
    return (scores - scores.max()).exp().sum(dim=-1).log() + scores.max()


def shift_at_least_zero(scores):
    return shifted(scores, scores.amax(dim=-1, keepdim=True).clamp(min=0))


def shift_by_the_mean(scores):
    return shifted(scores, scores.mean(dim=-1, keepdim=True))


def shift_by_the_first(scores):
    return shifted(scores, scores[..., :1])


def shift_by_the_largest_size(scores):
    return shifted(scores, scores.abs().amax(dim=-1, keepdim=True))


def base_two(scores):
    largest = scores.amax(dim=-1)
    return (scores - largest.unsqueeze(-1)).exp().sum(dim=-1).log2() + largest


def minus_infinity_as_zero(scores):
    return torch.logsumexp(scores.nan_to_num(neginf=0.0), dim=-1)


def shift_forgotten(scores):
    return (scores - scores.amax(dim=-1, keepdim=True)).exp().sum(dim=-1).log()


def maximum_keeps_its_axis(scores):
    largest = scores.amax(dim=-1, keepdim=True)
    return (scores - largest).exp().sum(dim=-1).log() + largest


def sum_of_all(scores):
    largest = scores.amax(dim=-1, keepdim=True)
    return (scores - largest).exp().sum().log() + largest


def maximum_of_all_added(scores):
    return (scores - scores.amax(dim=-1, keepdim=True)).exp().sum(dim=-1).log() + scores.max()


def maximum_lost_its_axis(scores):
    largest = scores.amax(dim=-1)
    return (scores - largest).exp().sum(dim=-1).log() + largest


def shift_subtracted(scores):
    return shift_forgotten(scores) - scores.amax(dim=-1)


def no_logarithm(scores):
    return (scores - scores.amax(dim=-1, keepdim=True)).exp().sum(dim=-1) + scores.amax(dim=-1)


def mean_of_exponentials(scores):
    return torch.logsumexp(scores, dim=-1) - torch.tensor(float(scores.shape[-1])).log()


def small_number(scores):
    return (scores.clamp(max=80).exp().sum(dim=-1) + 1e-9).log()


def by_hand(scores):
    largest = scores.max(dim=-1, keepdim=True).values
    return (largest + (scores - largest).exp().sum(dim=-1, keepdim=True).log()).squeeze(-1)


def by_detached_shift(scores):
    return shifted(scores, scores.amax(dim=-1, keepdim=True).detach())


def two_at_a_time(scores):
    total = scores[..., 0]
    for position in range(1, scores.shape[-1]):
        total = torch.logaddexp(total, scores[..., position])
    return total


def sorted_first(scores):
    ordered = scores.sort(dim=-1, descending=True).values
    return ordered[..., 0] + torch.log1p((ordered[..., 1:] - ordered[..., :1]).exp().sum(dim=-1))


LOG_SUM_EXP = Question(
    id="log-sum-exp",
    title="A sum that is too large",
    target="log_sum_exp",
    points=2,
    reference=log_sum_exp,
    cases=cases,
    # Near 1000 float32 has steps of 6e-5; the maximum alone is off by a few tenths, so values are held to 1e-5.
    criteria=(Values(weight=2, rtol=1e-5), Gradients(weight=1, rtol=4e-3, atol=1e-4), ShapeAndDtype(weight=1)),
    misconceptions=(
        Misconception(
            "overflow",
            "Right for small scores; exp(1000) is infinite, and exp(-1000) is 0, whose logarithm is minus infinity. "
            "Take the row's largest score out of the sum before the exponential, and add it again at the end.",
            overflowing,
        ),
        Misconception(
            "one shift for all rows",
            "You shift by the largest score of the whole tensor. A row far below it vanishes: its sum is 0. Each row "
            "needs its own maximum.",
            one_shift,
        ),
        Misconception(
            "a shift that is never below zero",
            "Your shift is at least 0, so a row of very negative scores still vanishes. Shift by the row's maximum, "
            "whatever its sign.",
            shift_at_least_zero,
        ),
        Misconception(
            "not shifted by the largest",
            "Your shift is not the largest score of a row (but its mean, say, or its smallest). The largest may lie "
            "1000 above it, and overflows: only the largest score itself is safe.",
            shift_by_the_mean,
        ),
        Misconception(
            "shifted by the first score",
            "You shift by the first score of a row. Another one may lie far above it, and overflows: take the largest.",
            shift_by_the_first,
        ),
        Misconception(
            "shifted by the largest absolute value",
            "You shift by the largest absolute value, so a row of very negative scores vanishes, and an entry of −∞ "
            "makes the shift infinite. Take the largest score, with its sign.",
            shift_by_the_largest_size,
        ),
        Misconception(
            "logarithm to the base 2",
            "Your logarithm has base 2 and your exponential base e. Both are natural here: `torch.log`.",
            base_two,
        ),
        Misconception(
            "minus infinity as 0",
            "You replace −∞ by 0, whose exponential is 1. An entry of −∞ adds nothing, and exp gives that by itself.",
            minus_infinity_as_zero,
        ),
        Misconception(
            "the shift is not added again",
            "You subtract the maximum and never give it back. In softmax a shift cancels, here it does not: "
            "log(exp(-m)·sum) is the result *minus m*.",
            shift_forgotten,
        ),
        Misconception(
            "the shift subtracted twice",
            "The shift has to be added again after the logarithm. You subtract it once more.",
            shift_subtracted,
        ),
        Misconception(
            "the maximum keeps its axis",
            "The sums have lost the last axis, the maximum that you add still has it (`keepdim=True`): they meet row "
            "by column, or do not fit at all. Drop the axis of the maximum before you add it.",
            maximum_keeps_its_axis,
        ),
        Misconception(
            "the maximum lost its axis",
            "The maximum that you subtract has no last axis any more, so it meets the wrong scores, or does not fit "
            "at all: `keepdim=True` keeps the axis, with size 1.",
            maximum_lost_its_axis,
        ),
        Misconception(
            "the sum of all rows",
            "Your sum runs over all rows together. Each row has its own: `sum(dim=-1)`.",
            sum_of_all,
        ),
        Misconception(
            "another maximum added",
            "You subtract each row's own maximum and add that of the whole tensor. What was taken out of a row comes "
            "back to it.",
            maximum_of_all_added,
        ),
        Misconception(
            "no logarithm",
            "The logarithm of the sum is missing.",
            no_logarithm,
        ),
        Misconception(
            "mean of the exponentials",
            "You take the mean of the exponentials where their sum is asked for.",
            mean_of_exponentials,
        ),
        Misconception(
            "sum of the scores",
            "You take the logarithm of each exponential, which gives the scores back, and add them. The sum comes "
            "first, then one logarithm.",
            lambda scores: scores.sum(dim=-1),
        ),
        Misconception(
            "only the largest score",
            "You return the row's largest score. The others count too; log-sum-exp is a little above the maximum.",
            lambda scores: scores.amax(dim=-1),
        ),
        Misconception(
            "cut off, and a small number added",
            "Cutting large scores off, or adding a small number before the logarithm, hides the overflow and loses the "
            "value: the result at ±1000 is wrong. A shift by the row's maximum loses nothing.",
            small_number,
        ),
        Misconception(
            "over the first axis",
            "You sum over the first axis. The scores of one row are the last axis: `dim=-1`.",
            lambda scores: torch.logsumexp(scores, dim=0),
        ),
        Misconception(
            "over everything",
            "You return one number for all rows together. Each row has its own: sum over the last axis only.",
            lambda scores: torch.logsumexp(scores.flatten(), dim=0),
        ),
        Misconception(
            "the axis stays",
            "The numbers are right, but the last axis is still there, with size 1: one number is asked for each row, "
            "so drop it at the end (`squeeze(-1)`).",
            altered(log_sum_exp, after=lambda total: total.unsqueeze(-1)),
        ),
        Misconception(
            "log-softmax",
            "You return log-softmax, the scores *minus* the log-sum-exp. The one number per row is asked for that is "
            "subtracted there.",
            lambda scores: torch.log_softmax(scores, dim=-1),
        ),
        cut_graph(log_sum_exp),
        fixed_precision(log_sum_exp, "numbers"),
    ),
    alternatives={
        "by hand": by_hand,
        "detached shift": by_detached_shift,
        "two at a time": two_at_a_time,
        "sorted, with log1p": sorted_first,
        "in float64": in_double(by_hand),
    },
    forbidden=(
        *SOFTMAX,
        *LOSSES,
        "torch.logsumexp",
        "torch.Tensor.logsumexp",
        "torch.special.logsumexp",
        "torch.logcumsumexp",
        "torch.Tensor.logcumsumexp",
    ),
    guide=Guide(
        difficulty=2,
        minutes=10,
        section=Section("sequences-to-sequences", "How likely is a sentence?"),
        hints=(
            "What is log(e^1000 + e^1001), on paper? Which factor do you take out of the sum?",
            "For any m: log Σ exp(s) = m + log Σ exp(s − m). Which m keeps every exponential at most 1, and one of "
            "them at exactly 1?",
            "`amax(dim=-1, keepdim=True)` for the subtraction; at the end the maximum is added without that axis.",
        ),
    ),
    example=WorkedExample(
        call="log_sum_exp([[ln 1, ln 2, ln 5], [ln 3, ln 3, ln 2]])",
        arguments=([[0.0, 0.6931472, 1.6094379], [1.0986123, 1.0986123, 0.6931472]],),
        expected=([2.0794, 2.0794],),
    ),
    attempts=(
        Attempt("def log_sum_exp(s):\n    return torch.log(torch.sum(torch.exp(s), -1))", named="overflow"),
        Attempt(
            "def log_sum_exp(s):\n    m = s.max()\n    return m + torch.log(torch.exp(s - m).sum(-1))",
            named="one shift for all rows",
        ),
        Attempt("def log_sum_exp(s):\n    return s.logsumexp(-1)", forbidden="torch.Tensor.logsumexp"),
        Attempt("def log_sum_exp(s):\n    return s[..., 0] - s.log_softmax(-1)[..., 0]", forbidden="log_softmax"),
        Attempt(
            "def log_sum_exp(s):\n    m = s.amax(-1)\n    return torch.log(sum((s[..., i] - m).exp() "
            "for i in range(s.shape[-1]))) + m"
        ),
    ),
    promises={
        "over the last axis": "three rows; a batch",
        "PyTorch's own `logsumexp`": "forbidden names",
        "It must survive scores of ±1000": "scores near +1000; scores near -1000; a row near +1000, one near -1000; "
        "+1000 and -1000 in one row",
        "An entry of $-\\infty$ adds nothing": "entries of minus infinity",
    },
)
