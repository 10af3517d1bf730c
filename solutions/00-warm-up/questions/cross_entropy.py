"""Question 5: the loss of a batch in which some places hold padding."""

import numpy as np
import torch
from torch.nn.functional import one_hot

from classroom.questions.common.altered import altered
from classroom.questions.common.drawing import normal
from classroom.questions.common.forbidden import LOSSES, library
from classroom.questions.common.mistakes import cut_graph, fixed_precision
from classroom.questions.criteria import Gradients, ShapeAndDtype, Unchanged, Values
from classroom.questions.guide import Guide, Section, WorkedExample
from classroom.questions.question import Attempt, Case, Misconception, Question
from classroom.student_code.student import Call


def cross_entropy(logits, targets, pad_id):
    """The mean of -log P(target) over the targets that are not padding."""
    real = targets != pad_id
    losses = each(logits, targets)
    return losses.masked_fill(~real, 0.0).sum() / real.sum()


def each(logits, targets):
    """-log P(target) at every place."""
    return -torch.log_softmax(logits, dim=-1).gather(-1, targets.unsqueeze(-1)).squeeze(-1)


def cases(rng: np.random.Generator) -> list[Case]:
    def sentences(lengths, n, size, pad_id):
        others = np.array([token for token in range(size) if token != pad_id])
        ids = rng.choice(others, size=(len(lengths), n))
        for row, length in zip(ids, lengths, strict=True):
            if length > 1:  # tokens below and above the padding's number, where there are such
                row[:2] = others[0], others[-1]
            row[length:] = pad_id
        return ids.astype(np.int64)

    def call(targets, size, pad_id, dtype=np.float32, backward=False):
        logits = 1.5 * normal(rng, *targets.shape, size, dtype=dtype)
        cotangent = np.array(1.5, dtype=dtype) if backward else None
        return Call((logits, targets, pad_id), cotangent=cotangent)

    def case(name, tags, lengths, n, size, pad_id, **more):
        return Case(name, (call(sentences(lengths, n, size, pad_id), size, pad_id, **more),), frozenset(tags))

    far = call(sentences([3, 1], 3, 5, 0), 5, 0)
    lifted = far.arguments[0].copy()
    lifted[0] += 1000
    lifted[1] -= 1000
    wide = np.where(np.arange(5) == rng.integers(1, 5), 1000, 0).astype(np.float32)
    first = call(sentences([4, 2], 4, 6, 0), 6, 0)
    logits, targets, _ = first.arguments
    padding = (targets == 0)[..., None]
    other = np.where(padding, 2 * normal(rng, *logits.shape), logits)
    likelier = logits + 3 * np.eye(6, dtype=np.float32)[targets]  # every target: the loss has to fall
    return [
        case("no padding", {"values", "shape", "gradients"}, [4, 4], 4, 5, 0, backward=True),
        case("sentences of different lengths", {"values", "shape", "gradients"}, [5, 2, 3], 5, 7, 0, backward=True),
        case("padding with another number", {"values", "gradients"}, [4, 1, 2], 4, 6, 3, backward=True),
        case("a sentence of padding only", {"values"}, [3, 0], 3, 4, 0),
        case("as many sentences as places and pieces", {"values"}, [4, 2, 1, 3], 4, 4, 0),
        Case("logits near +1000 and -1000", (Call((lifted, targets[:, :3].clip(0, 4), 0)),), frozenset({"values"})),
        Case("one logit 1000 above the rest", (Call((far.arguments[0] + wide, *far.arguments[1:])),),
             frozenset({"values"})),
        case("double precision", {"values", "shape"}, [3, 1], 3, 5, 0, dtype=np.float64),
        Case(
            "other logits where the padding stands",
            (first, Call((other, targets, 0)), Call((likelier, targets, 0))),
            frozenset({"unchanged"}),
        ),
    ]  # fmt: skip


def over(losses, real):
    return losses.masked_fill(~real, 0.0).sum() / real.sum()


def padding_counts(logits, targets, pad_id):
    return each(logits, targets).mean()


def padding_in_the_denominator(logits, targets, pad_id):
    return each(logits, targets).masked_fill(targets == pad_id, 0.0).mean()


def mean_times_share(logits, targets, pad_id):
    return each(logits, targets).mean() * (targets != pad_id).to(logits.dtype).mean()


def padding_is_zero(logits, targets, pad_id):
    return cross_entropy(logits, targets, 0)


def padding_is_below(logits, targets, pad_id):
    return over(each(logits, targets), targets > pad_id)


def only_padding(logits, targets, pad_id):
    return over(each(logits, targets), targets == pad_id)


def softmax_twice(logits, targets, pad_id):
    return cross_entropy(logits.softmax(dim=-1), targets, pad_id)


def small_number(logits, targets, pad_id):
    chosen = logits.softmax(dim=-1).gather(-1, targets.unsqueeze(-1)).squeeze(-1)
    return over(-(chosen + 1e-9).log(), targets != pad_id)


def logarithm_of_softmax(logits, targets, pad_id):
    return over(-logits.softmax(dim=-1).log().gather(-1, targets.unsqueeze(-1)).squeeze(-1), targets != pad_id)


def overflowing(logits, targets, pad_id):
    chosen = logits.gather(-1, targets.unsqueeze(-1)).squeeze(-1)
    return over(logits.exp().sum(dim=-1).log() - chosen, targets != pad_id)


def not_divided(logits, targets, pad_id):
    return each(logits, targets).masked_fill(targets == pad_id, 0.0).sum()


def divided_by_sentences(logits, targets, pad_id):
    return not_divided(logits, targets, pad_id) / len(targets)


def mean_of_sentences(logits, targets, pad_id):
    real = targets != pad_id
    sums = each(logits, targets).masked_fill(~real, 0.0).sum(dim=-1)
    return (sums / real.sum(dim=-1).clamp(min=1)).sum() / real.any(dim=-1).sum()


def one_loss_each(logits, targets, pad_id):
    return each(logits, targets).masked_fill(targets == pad_id, 0.0)


def one_loss_a_sentence(logits, targets, pad_id):
    real = targets != pad_id
    return one_loss_each(logits, targets, pad_id).sum(dim=-1) / real.sum(dim=-1)


def only_the_real_ones(logits, targets, pad_id):
    return each(logits, targets)[targets != pad_id]


def padded_logits_zeroed(logits, targets, pad_id):
    padding = (targets == pad_id).unsqueeze(-1)
    return each(logits.masked_fill(padding, 0.0), targets).mean()


def over_sentences(logits, targets, pad_id):
    losses = -torch.log_softmax(logits, dim=0).gather(-1, targets.unsqueeze(-1)).squeeze(-1)
    return over(losses, targets != pad_id)


def sigmoid(logits, targets, pad_id):
    chosen = torch.nn.functional.logsigmoid(logits).gather(-1, targets.unsqueeze(-1)).squeeze(-1)
    return over(-chosen, targets != pad_id)


def all_pieces(logits, targets, pad_id):
    return -torch.log_softmax(logits, dim=-1)[targets != pad_id].mean()


def cut_off(logits, targets, pad_id):
    chosen = logits.softmax(dim=-1).clamp(min=1e-7).gather(-1, targets.unsqueeze(-1)).squeeze(-1)
    return over(-chosen.log(), targets != pad_id)


def logits_cut_off(logits, targets, pad_id):
    return cross_entropy(logits.clamp(-50, 50), targets, pad_id)


def mean_of_sentences_without_care(logits, targets, pad_id):
    return one_loss_a_sentence(logits, targets, pad_id).mean()


def logarithm_times_mask(logits, targets, pad_id):
    real = targets != pad_id
    chosen = logits.softmax(dim=-1).log().gather(-1, targets.unsqueeze(-1)).squeeze(-1)
    return -(chosen * real).sum() / real.sum()


def never_added(logits, targets, pad_id):
    return one_loss_each(logits, targets, pad_id) / (targets != pad_id).sum()


def gathered_axis_stays(logits, targets, pad_id):
    losses = -torch.log_softmax(logits, dim=-1).gather(-1, targets.unsqueeze(-1))
    return (losses * (targets != pad_id)).sum() / (targets != pad_id).sum()


def over_places(logits, targets, pad_id):
    losses = -torch.log_softmax(logits, dim=1).gather(-1, targets.unsqueeze(-1)).squeeze(-1)
    return over(losses, targets != pad_id)


def probabilities(logits, targets, pad_id):
    chosen = logits.softmax(dim=-1).gather(-1, targets.unsqueeze(-1)).squeeze(-1)
    return over(1 - chosen, targets != pad_id)


def no_logarithm_of_the_sum(logits, targets, pad_id):
    return over(-logits.gather(-1, targets.unsqueeze(-1)).squeeze(-1), targets != pad_id)


def shifted(logits, targets, pad_id):
    return cross_entropy(logits[:, :-1], targets[:, 1:], pad_id)


def padding_never_predicted(logits, targets, pad_id):
    hidden = torch.arange(logits.shape[-1]) == pad_id
    return cross_entropy(logits.masked_fill(hidden, torch.finfo(logits.dtype).min), targets, pad_id)


def log_softmax_before(logits, targets, pad_id):
    """Harmless: log-softmax of a log-softmax is the same."""
    real = targets != pad_id
    return each(torch.log_softmax(logits, dim=-1)[real], targets[real]).mean()


def by_log_sum_exp(logits, targets, pad_id):
    chosen = (logits * one_hot(targets, logits.shape[-1])).sum(dim=-1)
    losses = torch.logsumexp(logits, dim=-1) - chosen
    return torch.where(targets != pad_id, losses, torch.zeros_like(losses)).sum() / (targets != pad_id).sum()


def by_loop(logits, targets, pad_id):
    total, count = 0.0, 0
    for row, ids in zip(logits, targets.tolist(), strict=True):
        for scores, target in zip(row, ids, strict=True):
            if target != pad_id:
                total, count = total - scores.log_softmax(0)[target], count + 1
    return total / count


def by_weights(logits, targets, pad_id):
    weights = (targets != pad_id).to(logits.dtype)
    chosen = one_hot(targets, logits.shape[-1]).to(logits.dtype)
    return -torch.einsum("bnv,bnv,bn->", logits.log_softmax(-1), chosen, weights / weights.sum())


CROSS_ENTROPY = Question(
    id="cross-entropy",
    title="The loss of a batch",
    target="cross_entropy",
    points=3,
    reference=cross_entropy,
    cases=cases,
    criteria=(
        Values(weight=3),
        Gradients(weight=1),
        ShapeAndDtype(weight=1),
        Unchanged(weight=1, name="padding does not count", what="the logits at padded places"),
    ),
    misconceptions=(
        Misconception(
            "padding counts",
            "Padding counts in your loss. Leave it out before you average: after `mean()` there is only one number "
            "left, and no mask helps. (PyTorch's own loss ignores the id −100 until it is told another.)",
            padding_counts,
        ),
        Misconception(
            "padding in the denominator",
            "You leave padding out of the sum, but not out of the denominator: divide by the number of real tokens.",
            padding_in_the_denominator,
        ),
        Misconception(
            "masked after the mean",
            "You average first, padding included, and take the padding into account afterwards. Each place's own loss "
            "has to be left out before anything is added up.",
            mean_times_share,
        ),
        Misconception(
            "padding is always 0",
            "You take 0 for the padding's number and leave out a real token that has it. The padding is `pad_id`.",
            padding_is_zero,
        ),
        Misconception(
            "padding is the smallest number",
            "You leave out every token whose number is below the padding's. Padding is what *equals* `pad_id`.",
            padding_is_below,
        ),
        Misconception(
            "only padding counts",
            "Your mask is the wrong way round: only the padded places count.",
            only_padding,
        ),
        Misconception(
            "softmax twice",
            "Softmax is applied twice: what you take for logits are probabilities already. Log-softmax wants the "
            "logits themselves.",
            softmax_twice,
        ),
        Misconception(
            "a small number in the logarithm",
            "log(softmax + ε) loses the tail: below ε every probability looks the same. Log-softmax, or log-sum-exp, "
            "never forms the small number.",
            small_number,
        ),
        Misconception(
            "logarithm of softmax",
            "You take the logarithm of softmax in two steps. A probability below 1e-45 is 0 in float32, and its "
            "logarithm minus infinity. Log-softmax, or log-sum-exp, never forms the small number.",
            logarithm_of_softmax,
        ),
        Misconception(
            "overflow",
            "Right for small logits; exp(1000) is infinite. A stable log-sum-exp shifts by the maximum first.",
            overflowing,
        ),
        Misconception(
            "sum",
            "You return the sum where the mean over the real tokens is asked for: the loss would grow with the batch.",
            not_divided,
        ),
        Misconception(
            "divided by the sentences",
            "You divide by the number of sentences. The mean over the real *tokens* is asked for.",
            divided_by_sentences,
        ),
        Misconception(
            "mean of the sentences' means",
            "You average within each sentence and then over sentences, so a token of a short sentence weighs more. All "
            "real tokens weigh the same.",
            mean_of_sentences,
        ),
        Misconception(
            "one loss for each place",
            "You return a loss for each place. One number is asked for: their mean over the real tokens.",
            one_loss_each,
        ),
        Misconception(
            "one loss for each real token",
            "You return the losses of the real tokens. One number is asked for: their mean.",
            only_the_real_ones,
        ),
        Misconception(
            "one loss for each sentence",
            "You return a loss for each sentence. One number is asked for: the mean over all real tokens of the batch.",
            one_loss_a_sentence,
        ),
        Misconception(
            "padded logits zeroed",
            "You replace the logits at padded places by a constant. Such a place still has a loss, log V, and still "
            "counts: leave its loss out, and out of the denominator.",
            padded_logits_zeroed,
        ),
        Misconception(
            "perplexity",
            "You return the exponential of the loss, which is the perplexity. The loss itself is asked for.",
            altered(cross_entropy, after=torch.exp),
        ),
        Misconception(
            "bits",
            "Your logarithm has base 2, so the loss is in bits. Take the natural logarithm.",
            altered(cross_entropy, after=lambda loss: loss / 0.6931471805599453),
        ),
        Misconception(
            "sigmoid",
            "You judge every piece by itself, with a sigmoid. One of the pieces is chosen, so they share out 1: "
            "softmax.",
            sigmoid,
        ),
        Misconception(
            "all pieces",
            "You average −log P over all pieces of the vocabulary. Only the target's counts: pick it, with `gather` "
            "for instance.",
            all_pieces,
        ),
        Misconception(
            "probabilities cut off",
            "You keep probabilities away from 0 by a bound, and below it all look the same. Log-softmax, or "
            "log-sum-exp, never forms the small number.",
            cut_off,
        ),
        Misconception(
            "logits cut off",
            "You cut large logits off, and with them the differences between pieces. A stable log-softmax needs no "
            "bound.",
            logits_cut_off,
        ),
        Misconception(
            "softmax over the sentences",
            "Your probabilities sum to 1 over the sentences of the batch. The pieces of the vocabulary are the last "
            "axis.",
            over_sentences,
        ),
        Misconception(
            "mean of the sentences' means, 0/0",
            "You average within each sentence and then over sentences: a token of a short sentence weighs more, and "
            "a sentence of padding only is 0/0. All real tokens of the batch go into one mean.",
            mean_of_sentences_without_care,
        ),
        Misconception(
            "logarithm of softmax, times the mask",
            "You take the logarithm of softmax in two steps: a probability that is 0 in float32 has the logarithm "
            "−∞, and −∞ times the mask's 0 is not a number. Log-softmax never forms the small number.",
            logarithm_times_mask,
        ),
        Misconception(
            "never added up",
            "You divide each place's loss by the number of real tokens and never add up. One number is asked for.",
            never_added,
        ),
        Misconception(
            "the gathered axis stays",
            "What `gather` picks still has a last axis of size 1, so losses and mask meet in the wrong places, or do "
            "not fit at all: `squeeze(-1)`.",
            gathered_axis_stays,
        ),
        Misconception(
            "wrong sign",
            "The sign is missing: a loss is minus the logarithm, so that likelier is lower.",
            altered(cross_entropy, after=torch.neg),
        ),
        Misconception(
            "softmax over the places",
            "Your probabilities sum to 1 over the places of the sentence. The pieces of the vocabulary, among which "
            "one is chosen, are the last axis.",
            over_places,
        ),
        Misconception(
            "one minus the probability",
            "You average 1 − P. Cross-entropy averages −log P.",
            probabilities,
        ),
        Misconception(
            "the logit alone",
            "You take the target's logit for its logarithmic probability: the log-sum-exp of all logits is missing.",
            no_logarithm_of_the_sum,
        ),
        Misconception(
            "shifted once more",
            "You compare each place with the *next* target. The targets that you get are shifted already: place i of "
            "the logits belongs to place i of the targets.",
            shifted,
        ),
        Misconception(
            "the padding's column removed",
            "You remove the padding's column from the logits. Padding is a matter of the *targets*: where a target is "
            "padding, the place does not count; everywhere else all logits do.",
            padding_never_predicted,
        ),
        cut_graph(cross_entropy),
        fixed_precision(cross_entropy, "loss"),
    ),
    alternatives={
        "log-softmax before, real tokens picked": log_softmax_before,
        "log-sum-exp minus the target's logit": by_log_sum_exp,
        "two loops": by_loop,
        "weights and einsum": by_weights,
    },
    forbidden=(
        *LOSSES,
        *library("transformer_lab.training.loss", "label_smoothed_cross_entropy", "label_smoothed_cross_entropy_"),
    ),
    guide=Guide(
        difficulty=3,
        minutes=15,
        section=Section("sequences-to-sequences", "How likely is a sentence?"),
        hints=(
            "Three steps: the loss of every place, which places count, the mean of those.",
            "`gather` along the last axis picks the target's entry at each place; it needs the targets with an axis "
            "more.",
            "Divide the sum over the real places by how many there are, `(targets != pad_id).sum()`.",
        ),
    ),
    example=WorkedExample(
        call="cross_entropy([[[0, 0, ln 2], [0, 0, ln 6], [0, 0, 0]]], [[2, 1, 0]], pad_id=0)",
        arguments=(
            [[[0.0, 0.0, 0.6931472], [0.0, 0.0, 1.7917595], [0.0, 0.0, 0.0]]],
            np.array([[2, 1, 0]]),
            0,
        ),
        expected=(1.3863,),
    ),
    attempts=(
        Attempt(
            "def cross_entropy(x, y, pad_id):\n    l = -x.log_softmax(-1).gather(-1, y[..., None])[..., 0]\n"
            "    return (l * (y != pad_id)).mean()",
            named="padding in the denominator",
        ),
        Attempt(
            "def cross_entropy(x, y, pad_id):\n    p = x.softmax(-1)\n"
            "    l = -torch.log(p.gather(-1, y[..., None])[..., 0] + 1e-9)\n    m = y != pad_id\n"
            "    return l[m].mean()",
            named="a small number in the logarithm",
        ),
        Attempt(
            "def cross_entropy(x, y, pad_id):\n"
            "    return nn.functional.cross_entropy(x.transpose(1, 2), y, ignore_index=pad_id)",
            forbidden="torch.nn.functional.cross_entropy",
        ),
        Attempt(
            "def cross_entropy(x, y, pad_id):\n    x, y = x.flatten(0, 1), y.flatten()\n    keep = y.ne(pad_id)\n"
            "    x, y = x[keep], y[keep]\n    return (x.logsumexp(-1) - x[torch.arange(len(y)), y]).mean()"
        ),
    ),
    promises={
        "one number": "shape and dtype",
        "the mean over all real tokens": "sentences of different lengths; a sentence of padding only",
        "Padding is what equals `pad_id`": "padding with another number; no padding",
        "whatever the logits there": "padding does not count",
        "It must survive logits of ±1000": "logits near +1000 and -1000; one logit 1000 above the rest",
        "PyTorch's losses raise an error here": "forbidden names",
        "it must not count": "padding does not count; misconception padding in the denominator",
    },
)
