"""Question 6: among how many equal choices the model stood."""

import numpy as np
import torch

from classroom.questions.common.alternatives import in_double
from classroom.questions.common.mistakes import fixed_precision
from classroom.questions.criteria import ShapeAndDtype, Values
from classroom.questions.guide import Guide, Section, WorkedExample
from classroom.questions.question import Attempt, Case, Misconception, Question
from classroom.student_code.student import Call


def perplexity(log_probs, real):
    """exp of minus the mean over the real tokens."""
    return torch.exp(-log_probs[real].mean())


def cases(rng: np.random.Generator) -> list[Case]:
    def call(lengths, n, low=-4.0, high=-0.2, dtype=np.float32, behind=None):
        logs = rng.uniform(low, high, (len(lengths), n)).astype(dtype)
        real = np.arange(n) < np.array(lengths)[:, None]
        if behind is not None:
            logs = np.where(real, logs, np.array(behind, dtype=dtype))
        logs[0] *= np.array(0.25, dtype=dtype)  # sentences of very different difficulty
        return Call((logs, real))

    def case(name, tags, *sizes, **more):
        return Case(name, (call(*sizes, **more),), frozenset(tags))

    middle = call([5, 5], 5)
    middle.arguments[1][0, :2] = False
    return [
        case("no padding", {"values", "shape"}, [4, 4], 4),
        case("sentences of different lengths", {"values", "shape"}, [6, 2, 3], 6),
        case("padding at minus infinity", {"values"}, [3, 5], 5, behind=-np.inf),
        case("padding at 0", {"values"}, [4, 1, 2], 4, low=-9.0, behind=0.0),
        Case("padding in front", (middle,), frozenset({"values"})),
        case("a sentence of padding only", {"values"}, [3, 0], 3),
        case("a sentence of 90 tokens", {"values"}, [90], 90, low=-9.0, high=-5.0),
        case("double precision", {"values", "shape"}, [4, 2], 4, dtype=np.float64),
    ]


def masked_mean(log_probs, real):
    return log_probs.masked_fill(~real, 0.0).sum() / real.sum()


def padding_counts(log_probs, real):
    return torch.exp(-log_probs.mean())


def padding_in_the_denominator(log_probs, real):
    return torch.exp(-log_probs.masked_fill(~real, 0.0).mean())


def multiplied_by_the_mask(log_probs, real):
    return torch.exp(-(log_probs * real).sum() / real.sum())


def sign_missing(log_probs, real):
    return torch.exp(masked_mean(log_probs, real))


def cross_entropy(log_probs, real):
    return -masked_mean(log_probs, real)


def base_two(log_probs, real):
    return 2 ** -masked_mean(log_probs, real)


def no_root(log_probs, real):
    return torch.exp(-log_probs.masked_fill(~real, 0.0).sum())


def by_product(log_probs, real):
    return log_probs.exp()[real].prod() ** (-1 / real.sum())


def of_each_token(log_probs, real):
    return torch.exp(-log_probs)[real].mean()


def of_the_mean_probability(log_probs, real):
    return 1 / log_probs.exp()[real].mean()


def of_each_sentence(log_probs, real):
    means = log_probs.masked_fill(~real, 0.0).sum(dim=-1) / real.sum(dim=-1).clamp(min=1)
    return torch.exp(-means)[real.any(dim=-1)].mean()


def mean_of_means(log_probs, real):
    means = log_probs.masked_fill(~real, 0.0).sum(dim=-1) / real.sum(dim=-1).clamp(min=1)
    return torch.exp(-means[real.any(dim=-1)].mean())


def ratios_of_sentences(log_probs, real):
    return torch.exp(-log_probs.sum(dim=-1) / real.sum(dim=-1)).mean()


def of_each_sentence_without_care(log_probs, real):
    return for_each_sentence(log_probs, real).mean()


def for_each_sentence(log_probs, real):
    return torch.exp(-log_probs.masked_fill(~real, 0.0).sum(dim=-1) / real.sum(dim=-1))


def padding_in_the_sum(log_probs, real):
    return torch.exp(-log_probs.sum() / real.sum())


def divided_by_sentences(log_probs, real):
    return torch.exp(-log_probs.masked_fill(~real, 0.0).sum() / len(real))


def probability(log_probs, real):
    return torch.exp(log_probs.masked_fill(~real, 0.0).sum())


def each_token(log_probs, real):
    return torch.exp(-log_probs[real])


def times_mask_in_all_places(log_probs, real):
    return torch.exp(-(log_probs * real).mean())


def base_ten(log_probs, real):
    return 10 ** -masked_mean(log_probs, real)


def upside_down(log_probs, real):
    return torch.exp(-log_probs[~real].mean())


def by_roots(log_probs, real):
    """Each probability's root first, then the product: nothing vanishes."""
    return (log_probs[real] / real.sum()).exp().prod().reciprocal()


def by_where(log_probs, real):
    total = torch.where(real, log_probs, torch.zeros_like(log_probs)).sum()
    return torch.exp(total / -real.sum())


def by_loop(log_probs, real):
    total, count = torch.zeros((), dtype=log_probs.dtype), 0
    for logs, row in zip(log_probs, real, strict=True):
        for log, counts in zip(logs, row, strict=True):
            if counts:
                total, count = total + log, count + 1
    return (-total / count).exp()


PERPLEXITY = Question(
    id="perplexity",
    title="Among how many choices?",
    target="perplexity",
    points=1,
    reference=perplexity,
    cases=cases,
    criteria=(Values(weight=3), ShapeAndDtype(weight=1)),
    misconceptions=(
        Misconception(
            "padding counts",
            "Padding counts in your mean. Only places where `real` is true have a probability at all.",
            padding_counts,
        ),
        Misconception(
            "padding in the denominator",
            "You leave padding out of the sum and still divide by all places: divide by the number of real tokens.",
            padding_in_the_denominator,
        ),
        Misconception(
            "minus infinity times 0",
            "You multiply by the mask. Where the padding has −∞, that is −∞ · 0, which is not a number: pick the real "
            "entries, or replace the others, before you add.",
            multiplied_by_the_mask,
        ),
        Misconception(
            "padding in the sum",
            "Padding is in your sum, though you divide by the number of real tokens. Leave it out of both.",
            padding_in_the_sum,
        ),
        Misconception(
            "minus infinity, and all places",
            "Two things. You multiply by the mask, and −∞ · 0 is not a number; and you divide by all places, not by "
            "the number of real tokens.",
            times_mask_in_all_places,
        ),
        Misconception(
            "divided by the sentences",
            "You divide by the number of sentences. The mean is over the real *tokens*.",
            divided_by_sentences,
        ),
        Misconception(
            "probability of the text",
            "This is the probability of the whole text. Perplexity is one over its m-th root: add the logarithms, "
            "divide by minus their number, and only then take the exponential.",
            probability,
        ),
        Misconception(
            "one for each token",
            "You return a number for each token. Take their mean in the exponent first.",
            each_token,
        ),
        Misconception(
            "ten to the power",
            "Your exponential has base 10, and the logarithms are natural ones. Use e for both.",
            base_ten,
        ),
        Misconception(
            "the mask upside down",
            "You average over the padding. `real` is true where a token counts.",
            upside_down,
        ),
        Misconception(
            "the sign is missing",
            "You return the mean probability of a token (a geometric mean, below 1). Perplexity is one over it: the "
            "sign in the exponent is missing.",
            sign_missing,
        ),
        Misconception(
            "cross-entropy",
            "This is the cross-entropy. Perplexity is its exponential.",
            cross_entropy,
        ),
        Misconception(
            "two to the power",
            "Your exponential has base 2, and the logarithms are natural ones. Use e for both, or 2 for both.",
            base_two,
        ),
        Misconception(
            "no mean",
            "You add where you should average: this is one over the probability of the whole text, and grows with its "
            "length.",
            no_root,
        ),
        Misconception(
            "a product that vanishes",
            "Right for a few tokens. A product of many probabilities is 0 in float32: add the logarithms instead.",
            by_product,
        ),
        Misconception(
            "mean of the tokens' perplexities",
            "You take the exponential of every token's loss and average those. The mean comes first, in the exponent.",
            of_each_token,
        ),
        Misconception(
            "mean of the probabilities",
            "You average probabilities. Average their *logarithms*, then take the exponential.",
            of_the_mean_probability,
        ),
        Misconception(
            "mean of the sentences' perplexities",
            "You average one perplexity for each sentence. All real tokens of the batch go into one mean.",
            of_each_sentence,
        ),
        Misconception(
            "mean of the sentences' means",
            "You average within each sentence first, so a token of a short sentence weighs more. All real tokens of "
            "the batch weigh the same.",
            mean_of_means,
        ),
        Misconception(
            "mean of the sentences' perplexities, padding counted",
            "Two things. Padding is in your sums; and you average one perplexity for each sentence, where all real "
            "tokens of the batch go into one mean.",
            ratios_of_sentences,
        ),
        Misconception(
            "mean of the sentences' perplexities, 0/0",
            "You average one perplexity for each sentence, and a sentence of padding only is 0/0. All real tokens of "
            "the batch go into one mean.",
            of_each_sentence_without_care,
        ),
        Misconception(
            "one for each sentence",
            "You return a perplexity for each sentence. One number is asked for, for all real tokens of the batch.",
            for_each_sentence,
        ),
        fixed_precision(perplexity, "perplexity"),
    ),
    alternatives={
        "where": by_where,
        "two loops": by_loop,
        "a product of roots": by_roots,
        "in float64": in_double(perplexity),
    },
    guide=Guide(
        difficulty=1,
        minutes=6,
        section=Section("sequences-to-sequences", "How likely is a sentence?"),
        hints=(
            "Which mean is it, and over what? Do the example by hand with fractions before you write code.",
            "A boolean tensor picks: `log_probs[real]` is one row of all real tokens.",
            "Mean of the picked entries, minus, exponential.",
        ),
    ),
    example=WorkedExample(
        call="perplexity([[ln 1/2, ln 1/4, ln 1/8]], [[True, True, True]])",
        arguments=([[-0.6931472, -1.3862944, -2.0794415]], np.array([[True, True, True]])),
        expected=(4.0,),
    ),
    attempts=(
        Attempt(
            "def perplexity(lp, real):\n    return torch.exp(-(lp * real.float()).sum() / real.float().sum())",
            named="minus infinity times 0",
        ),
        Attempt("def perplexity(lp, real):\n    return (-lp[real]).mean()", named="cross-entropy"),
        Attempt("def perplexity(lp, real):\n    return torch.pow(math.e, -torch.masked_select(lp, real).mean())"),
    ),
    promises={
        "one number for the whole batch": "shape and dtype; sentences of different lengths",
        "What stands in `log_probs` at padded places": "padding at minus infinity; padding at 0",
        "wherever the padding is": "padding in front; a sentence of padding only",
        "a text of 90 tokens": "a sentence of 90 tokens",
    },
)
