"""Question 9: from the counts of all sentences to one number."""

import numpy as np
import torch

from classroom.questions.common.altered import altered, with_swapped
from classroom.questions.criteria import ShapeAndDtype, Values
from classroom.questions.guide import Guide, Section, WorkedExample
from classroom.questions.question import Attempt, Case, Misconception, Question
from classroom.student_code.student import Call


def bleu(matched, written, lengths, reference_lengths):
    """100 · the brevity penalty · the geometric mean of the shares, all counts pooled over the sentences."""
    return 100 * penalty(lengths, reference_lengths) * shares(matched, written).log().mean().exp()


def shares(matched, written):
    """Of each length of run, the share of those written that count; 0 where none was written."""
    return matched.sum(dim=0) / written.sum(dim=0).clamp(min=1)


def penalty(lengths, reference_lengths):
    """exp(1 - r/c) for what is too short, else 1."""
    return (1 - reference_lengths.sum() / lengths.sum()).clamp(max=0).exp()


def cases(rng: np.random.Generator) -> list[Case]:
    def case(name, lengths, references, share=(0.5, 0.95), change=None, tags=("values", "shape")):
        lengths, references = np.array(lengths), np.array(references)
        written = np.maximum(0, lengths[:, None] - np.arange(4))
        matched = np.empty_like(written)
        kept = written[:, 0].astype(float)
        for k in range(4):  # the longer the run, the smaller its share
            kept = np.minimum(kept, written[:, k]) * rng.uniform(*share, len(lengths))
            matched[:, k] = np.ceil(kept)
        if change:
            change(matched, written)
        call = Call(tuple(a.astype(np.int64) for a in (matched, written, lengths, references)))
        return Case(name, (call,), frozenset(tags))

    def no_run_of_four(matched, written):
        matched[:, 3] = 0

    def perfect(matched, written):
        matched[:] = written

    def one_without(matched, written):
        matched[1, 2:] = 0

    size = int(rng.integers(9, 14))
    return [
        case("shorter than the references", [size, 7, 22], [size + 6, 9, 25]),
        case("longer than the references", [size + 8, 9, 21], [size, 12, 15]),
        case("some sentences too short, some too long", [8, size + 12, 15], [14, size, 22]),
        case("as long as the references", [12, size], [size, 12]),
        case("one sentence", [size], [size + 4]),
        case("a sentence with no run of three", [9, size, 17], [11, size, 18], change=one_without),
        case("a sentence too short for runs of four", [2, size, 15], [5, size, 16]),
        case("no run of four in any sentence", [9, size], [8, size], change=no_run_of_four),
        case("nothing but short sentences", [3, 2], [4, 3]),
        case("perfect", [size, 11], [size, 11], change=perfect),
    ]


def as_tensor(number):
    return torch.as_tensor(number, dtype=torch.float32)


def mean_share(matched, written, lengths, reference_lengths):
    return 100 * penalty(lengths, reference_lengths) * shares(matched, written).mean()


def no_root(matched, written, lengths, reference_lengths):
    return 100 * penalty(lengths, reference_lengths) * shares(matched, written).prod()


def square_root(matched, written, lengths, reference_lengths):
    return 100 * penalty(lengths, reference_lengths) * shares(matched, written).prod().sqrt()


def no_penalty(matched, written, lengths, reference_lengths):
    return 100 * shares(matched, written).log().mean().exp()


def rewarded(matched, written, lengths, reference_lengths):
    reward = (1 - reference_lengths.sum() / lengths.sum()).exp()
    return 100 * reward * shares(matched, written).log().mean().exp()


def penalty_for_length(matched, written, lengths, reference_lengths):
    return bleu(matched, written, reference_lengths, lengths)


def penalty_upside_down(matched, written, lengths, reference_lengths):
    factor = (1 - lengths.sum() / reference_lengths.sum()).clamp(min=0).neg().exp()
    return 100 * factor * shares(matched, written).log().mean().exp()


def ratio(matched, written, lengths, reference_lengths):
    factor = (lengths.sum() / reference_lengths.sum()).clamp(max=1)
    return 100 * factor * shares(matched, written).log().mean().exp()


def penalty_of_each(matched, written, lengths, reference_lengths):
    factor = (1 - reference_lengths / lengths).clamp(max=0).exp().mean()
    return 100 * factor * shares(matched, written).log().mean().exp()


def shares_of_each(matched, written, lengths, reference_lengths):
    each = (matched / written.clamp(min=1)).mean(dim=0)
    return 100 * penalty(lengths, reference_lengths) * each.log().mean().exp()


def mean_of_sentences(matched, written, lengths, reference_lengths):
    each = (matched / written.clamp(min=1)).log().mean(dim=-1).exp()
    factors = (1 - reference_lengths / lengths).clamp(max=0).exp()
    return 100 * (factors * each).mean()


def not_a_number(matched, written, lengths, reference_lengths):
    share = matched.sum(dim=0) / written.sum(dim=0)
    return 100 * penalty(lengths, reference_lengths) * share.log().mean().exp()


def smoothed(matched, written, lengths, reference_lengths):
    share = (matched.sum(dim=0) + 1) / (written.sum(dim=0) + 1)
    return 100 * penalty(lengths, reference_lengths) * share.log().mean().exp()


def zeros_left_out(matched, written, lengths, reference_lengths):
    share = shares(matched, written)
    return 100 * penalty(lengths, reference_lengths) * share[share > 0].log().mean().exp()


def small_number(matched, written, lengths, reference_lengths):
    share = shares(matched, written)
    return 100 * penalty(lengths, reference_lengths) * (share + 1e-3).log().mean().exp()


def whole_numbers(matched, written, lengths, reference_lengths):
    share = matched.sum(dim=0) // written.sum(dim=0).clamp(min=1)
    return 100 * penalty(lengths, reference_lengths) * share.log().mean().exp()


def over_runs(matched, written, lengths, reference_lengths):
    share = matched.sum(dim=1) / written.sum(dim=1)
    return 100 * penalty(lengths, reference_lengths) * share.log().mean().exp()


def longest_runs(matched, written, lengths, reference_lengths):
    return 100 * penalty(lengths, reference_lengths) * shares(matched, written)[-1]


def harmonic_mean(matched, written, lengths, reference_lengths):
    return 100 * penalty(lengths, reference_lengths) / (1 / shares(matched, written)).mean()


def divided_by_the_penalty(matched, written, lengths, reference_lengths):
    return 100 / penalty(lengths, reference_lengths) * shares(matched, written).log().mean().exp()


def third_root(matched, written, lengths, reference_lengths):
    return 100 * penalty(lengths, reference_lengths) * shares(matched, written).prod() ** (1 / 3)


def penalty_grows(matched, written, lengths, reference_lengths):
    c, r = lengths.sum(), reference_lengths.sum()
    factor = torch.where(c < r, (1 - c / r).exp(), torch.ones(()))
    return 100 * factor * shares(matched, written).log().mean().exp()


def mean_ratio(matched, written, lengths, reference_lengths):
    factor = (1 - (reference_lengths / lengths).mean()).clamp(max=0).exp()
    return 100 * factor * shares(matched, written).log().mean().exp()


def shares_of_each_without_care(matched, written, lengths, reference_lengths):
    each = (matched / written).mean(dim=0)
    return 100 * penalty(lengths, reference_lengths) * each.log().mean().exp()


def bounded_below(matched, written, lengths, reference_lengths):
    share = shares(matched, written).clamp(min=1e-9)
    return 100 * penalty(lengths, reference_lengths) * share.log().mean().exp()


def all_in_one(matched, written, lengths, reference_lengths):
    return 100 * penalty(lengths, reference_lengths) * matched.sum() / written.sum()


def four_scores(matched, written, lengths, reference_lengths):
    return 100 * penalty(lengths, reference_lengths) * shares(matched, written)


def by_root(matched, written, lengths, reference_lengths):
    c, r = int(lengths.sum()), int(reference_lengths.sum())
    factor = 1.0 if c >= r else torch.tensor(1 - r / c).exp()
    product = torch.tensor(1.0)
    for k in range(matched.shape[1]):
        if not written[:, k].sum() or not matched[:, k].sum():
            return torch.tensor(0.0)
        product = product * matched[:, k].sum() / written[:, k].sum()
    return 100 * factor * product**0.25


def in_python(matched, written, lengths, reference_lengths):
    score = 1.0
    for hits, runs in zip(matched.sum(0).tolist(), written.sum(0).tolist(), strict=True):
        score *= (hits / runs if runs else 0.0) ** (1 / 4)
    shortness = reference_lengths.sum().item() / lengths.sum().item()
    return torch.tensor(100 * score * min(1.0, 2.718281828459045 ** (1 - shortness)))


def nan_made_zero(matched, written, lengths, reference_lengths):
    share = (matched.sum(0).double() / written.sum(0)).nan_to_num(0.0)
    factor = torch.minimum(torch.tensor(1.0), torch.exp(1 - reference_lengths.sum() / lengths.sum()))
    return (factor * share.pow(0.25).prod() * 100).float()


BLEU_SCORE = Question(
    id="bleu",
    title="One number for a translator",
    target="bleu",
    points=2,
    reference=bleu,
    cases=cases,
    criteria=(Values(weight=3), ShapeAndDtype(weight=1)),
    misconceptions=(
        Misconception(
            "mean of the shares",
            "You add the four shares and divide by four. BLEU takes their *geometric* mean: the fourth root of their "
            "product.",
            mean_share,
        ),
        Misconception(
            "no root",
            "You multiply the four shares and leave the fourth root out.",
            no_root,
        ),
        Misconception(
            "square root",
            "You take the square root of the product of four shares; it has to be the fourth.",
            square_root,
        ),
        Misconception(
            "no brevity penalty",
            "Right where the output is long enough. Where it is too short the brevity penalty is missing.",
            no_penalty,
        ),
        Misconception(
            "long outputs are rewarded",
            "Right for short outputs; for long ones your factor is above 1. The brevity penalty is at most 1.",
            rewarded,
        ),
        Misconception(
            "long outputs are punished",
            "Output and reference have changed places in your penalty: it punishes what is too long.",
            penalty_for_length,
        ),
        Misconception(
            "the ratio upside down",
            "Your penalty has c/r in the exponent where r/c belongs.",
            penalty_upside_down,
        ),
        Misconception(
            "the ratio as penalty",
            "You multiply by c/r. The penalty is an exponential, exp(1 − r/c).",
            ratio,
        ),
        Misconception(
            "a penalty for each sentence",
            "You compute a penalty for each sentence and average. The lengths are added up over all sentences first: "
            "one that is too long may make up for one that is too short.",
            penalty_of_each,
        ),
        Misconception(
            "shares for each sentence",
            "You divide within each sentence and average the shares. Counts are added up over all sentences *before* "
            "anything is divided.",
            shares_of_each,
        ),
        Misconception(
            "mean of the sentences' scores",
            "You average one BLEU for each sentence. Counts and lengths are added up over all sentences before "
            "anything is divided.",
            mean_of_sentences,
        ),
        Misconception(
            "whole-number division",
            "`//` divides to whole numbers, so every share below 1 is 0. `/` gives the share.",
            whole_numbers,
        ),
        Misconception(
            "summed over the lengths of run",
            "You add up the runs of all lengths in each sentence. The counts of *one length* are added up over the "
            "*sentences* (`dim=0`).",
            over_runs,
        ),
        Misconception(
            "the longest runs only",
            "You take the share of the runs of four alone. All four shares count, in a geometric mean.",
            longest_runs,
        ),
        Misconception(
            "harmonic mean",
            "You take the harmonic mean of the shares. BLEU takes the geometric one: the fourth root of their product.",
            harmonic_mean,
        ),
        Misconception(
            "divided by the penalty",
            "You divide by the penalty, so that a short output is rewarded. It is a factor.",
            divided_by_the_penalty,
        ),
        Misconception(
            "third root",
            "You take the third root of the product of four shares; it has to be the fourth.",
            third_root,
        ),
        Misconception(
            "a penalty above 1",
            "For a short output your factor is above 1: the ratio in the exponent is upside down.",
            penalty_grows,
        ),
        Misconception(
            "mean of the ratios",
            "You average r/c over the sentences. The lengths are added up first, and then there is one ratio.",
            mean_ratio,
        ),
        Misconception(
            "shares for each sentence, 0/0",
            "You divide within each sentence, where a short one is 0/0, and average the shares. Counts are added up "
            "over all sentences *before* anything is divided.",
            shares_of_each_without_care,
        ),
        Misconception(
            "shares kept away from 0",
            "You keep the shares away from 0 by a bound, so the score is not 0 where a share is. The logarithm of 0 "
            "is −∞, and exp(−∞) is 0 as it should be.",
            bounded_below,
        ),
        Misconception(
            "0/0",
            "Where no sentence is long enough to have a run of some length, you divide 0 by 0. The score is 0 there.",
            not_a_number,
        ),
        Misconception(
            "smoothed",
            "You add 1 to the counts (smoothing). It is not asked for: a share of 0 makes the score 0.",
            smoothed,
        ),
        Misconception(
            "shares of 0 left out",
            "You leave shares of 0 out of the mean. They belong to it: one share of 0 makes the score 0.",
            zeros_left_out,
        ),
        Misconception(
            "a small number in the logarithm",
            "You add a small number so that no logarithm is infinite. Then the score is not 0 where a share is; "
            "exp(−∞) is 0 as it should be.",
            small_number,
        ),
        Misconception(
            "runs of all lengths together",
            "You put runs of all lengths together into one share. There is one share for each length, and then the "
            "geometric mean.",
            all_in_one,
        ),
        Misconception(
            "a score for each length of run",
            "You return four numbers, one for each length of run. Their geometric mean is asked for.",
            four_scores,
        ),
        Misconception(
            "from 0 to 1",
            "Your score goes from 0 to 1. It is asked for from 0 to 100.",
            altered(bleu, after=lambda score: score / 100),
        ),
        Misconception(
            "recall for precision",
            "Your shares are upside down: what counts, divided by what was written.",
            with_swapped(bleu, 0, 1),
        ),
        Misconception(
            "float64",
            "The number is right, but it is a Python number or a float64 tensor. A float32 tensor is asked for, "
            "which is what dividing tensors of whole numbers gives, or `torch.tensor(number)`.",
            altered(bleu, after=lambda score: score.double()),
        ),
    ),
    alternatives={
        "a product and its root": by_root,
        "Python numbers": in_python,
        "NaN made 0, powers": nan_made_zero,
    },
    guide=Guide(
        difficulty=2,
        minutes=12,
        section=Section("sequences-to-sequences", "How good is a translation?"),
        hints=(
            "What is added up, and when is it divided? Do the example on paper.",
            "Sum over the sentences (`dim=0`) before you divide; then one share for each length of run.",
            "The fourth root of a product is exp of the mean of the logarithms; `clamp` keeps the exponent of the "
            "penalty at 0 or below, and a denominator at 1 or above.",
        ),
    ),
    example=WorkedExample(
        call="bleu([[8, 4, 2, 1], [2, 0, 0, 0]], [[8, 7, 6, 5], [2, 1, 0, 0]], [8, 2], [10, 10])",
        arguments=(
            np.array([[8, 4, 2, 1], [2, 0, 0, 0]]),
            np.array([[8, 7, 6, 5], [2, 1, 0, 0]]),
            np.array([8, 2]),
            np.array([10, 10]),
        ),
        expected=(15.7190,),
    ),
    attempts=(
        Attempt(
            "def bleu(m, w, c, r):\n    p = m.sum(0) / w.sum(0)\n"
            "    bp = torch.exp(torch.clamp(1 - r.sum() / c.sum(), max=0))\n"
            "    return 100 * bp * p.log().mean().exp()",
            named="0/0",
        ),
        Attempt(
            "def bleu(m, w, c, r):\n    p = m.sum(0) / w.sum(0).clamp(min=1)\n"
            "    return 100 * min(1, math.exp(1 - r.sum() / c.sum())) * p.prod() ** 0.25"
        ),
    ),
    promises={
        "from 0 to 100": "values; perfect",
        "Row $i$ of `matched`": "some sentences too short, some too long",
        "All counts and lengths are added up over the sentences": "some sentences too short, some too long; "
        "a sentence with no run of three; a sentence too short for runs of four",
        "The penalty": "shorter than the references; longer than the references; as long as the references; "
        "one sentence",
        "the score is 0": "no run of four in any sentence; nothing but short sentences",
        "a float32 tensor": "shape and dtype",
    },
)
