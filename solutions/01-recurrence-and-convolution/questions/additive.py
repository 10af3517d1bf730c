"""Question 9: additive attention over a padded batch."""

import numpy as np
import torch
from torch.func import functional_call

from classroom.questions.common.altered import with_argument
from classroom.questions.common.drawing import normal
from classroom.questions.common.forbidden import library
from classroom.questions.common.mistakes import cut_graph, fixed_precision
from classroom.questions.criteria import Gradients, ShapeAndDtype, Unchanged, Values
from classroom.questions.guide import Guide, Section, WorkedExample
from classroom.questions.question import Attempt, Case, Misconception, Question
from classroom.student_code.student import Call
from transformer_lab.predecessors.additive_attention import AdditiveAttention

from .cells import matrix, real_words, words


class _Attention(AdditiveAttention):
    def forward(self, s, h, real):
        return super().forward(s, self.key(h), h, real)


def additive_attention(s, h, real, w, u, v):
    """The library's layer with these matrices and no bias."""
    layer = _Attention(w.shape[1], u.shape[1], len(v))
    parameters = {
        "query.weight": w,
        "key.weight": u,
        "key.bias": torch.zeros_like(v),
        "score.weight": v[None],
    }
    return functional_call(layer, parameters, (s, h, real))


def cases(rng: np.random.Generator) -> list[Case]:
    def inputs(n, d_s, d_h, width, *lengths, dtype=np.float32):
        batch = len(lengths)
        return (
            words(rng, batch, d_s, dtype=dtype),
            words(rng, batch, n, d_h, dtype=dtype),
            real_words(n, *lengths),
            matrix(rng, width, d_s, dtype),
            1.5 * matrix(rng, width, d_h, dtype),
            2 * words(rng, width, dtype=dtype),
        )

    def case(name, tags, *sizes, dtype=np.float32, backward=False):
        _, _, d_h, _, *lengths = sizes
        cotangent = normal(rng, len(lengths), d_h, dtype=dtype) if backward else None
        return Case(name, (Call(inputs(*sizes, dtype=dtype), cotangent=cotangent),), frozenset(tags))

    s, h, real, *matrices = inputs(4, 3, 2, 5, 2, 3)
    padding, word = (np.where(real[..., None] == moved, -2 * h, h) for moved in (False, True))
    return [
        case("sentences of different lengths", {"values", "shape", "gradients"}, 5, 2, 4, 3, 5, 2, 3, backward=True),
        case("no padding", {"values", "shape"}, 4, 3, 2, 5, 4, 4),
        case("all sizes equal", {"values", "shape"}, 3, 3, 3, 3, *rng.permuted([3, 2, 3])),
        case("a sentence of one word", {"values", "shape"}, 3, 2, 4, 5, 1, 3),
        case("double precision", {"values", "shape"}, 4, 3, 2, 5, 3, dtype=np.float64),
        Case(
            "other states in the padding",
            tuple(Call((s, states, real, *matrices)) for states in (h, padding, word)),
            frozenset({"unchanged"}),
        ),
    ]


def raw_scores(s, h, w, u, v):
    return torch.tanh((s @ w.T)[:, None] + h @ u.T) @ v


def context(weights, h):
    return (weights[..., None] * h).sum(dim=1)


def attended(scores, h, real):
    return context(scores.masked_fill(~real, -1e9).softmax(dim=1), h)


def axis_of_size_one(s, h, real, w, u, v):
    scores = raw_scores(s, h, w, u, v)[..., None].masked_fill(~real[..., None], -1e9)
    return (scores.softmax(dim=-1) * h).sum(dim=1)


def axis_of_size_one_masked(s, h, real, w, u, v):
    return (raw_scores(s, h, w, u, v)[..., None].softmax(dim=-1) * real[..., None] * h).sum(dim=1)


def axis_of_size_one_nan(s, h, real, w, u, v):
    scores = raw_scores(s, h, w, u, v)[..., None].masked_fill(~real[..., None], -torch.inf)
    return (scores.softmax(dim=-1) * h).sum(dim=1)


def over_sentences(s, h, real, w, u, v):
    return context(raw_scores(s, h, w, u, v).masked_fill(~real, -1e9).softmax(dim=0), h)


def over_sentences_masked_after(s, h, real, w, u, v):
    return context(raw_scores(s, h, w, u, v).softmax(dim=0) * real, h)


def padding_attended(s, h, real, w, u, v):
    return context(raw_scores(s, h, w, u, v).softmax(dim=1), h)


def padding_scored_0(s, h, real, w, u, v):
    return context((raw_scores(s, h, w, u, v) * real).softmax(dim=1), h)


def padding_zeroed(s, h, real, w, u, v):
    return padding_attended(s, h * real[..., None], real, w, u, v)


def masked_after(s, h, real, w, u, v):
    return context(raw_scores(s, h, w, u, v).softmax(dim=1) * real, h)


def padding_in_place_of_words(s, h, real, w, u, v):
    return attended(raw_scores(s, h, w, u, v), h, ~real)


def not_low_enough(s, h, real, w, u, v):
    return context(raw_scores(s, h, w, u, v).masked_fill(~real, -1.0).softmax(dim=1), h)


def relu(s, h, real, w, u, v):
    return attended(torch.relu((s @ w.T)[:, None] + h @ u.T) @ v, h, real)


def no_tanh(s, h, real, w, u, v):
    return attended(((s @ w.T)[:, None] + h @ u.T) @ v, h, real)


def tanh_outside(s, h, real, w, u, v):
    return attended(torch.tanh(((s @ w.T)[:, None] + h @ u.T) @ v), h, real)


def tanh_apart(s, h, real, w, u, v):
    return attended((torch.tanh(s @ w.T)[:, None] + torch.tanh(h @ u.T)) @ v, h, real)


def multiplied(s, h, real, w, u, v):
    return attended(torch.tanh((s @ w.T)[:, None] * (h @ u.T)) @ v, h, real)


def dot_product(s, h, real, w, u, v):
    return attended(((s @ w.T)[:, None] * (h @ u.T)).sum(dim=-1), h, real)


def query_ignored(s, h, real, w, u, v):
    return attended(torch.tanh(h @ u.T) @ v, h, real)


def no_v(s, h, real, w, u, v):
    return attended(torch.tanh((s @ w.T)[:, None] + h @ u.T).sum(dim=-1), h, real)


def no_softmax(s, h, real, w, u, v):
    return context(raw_scores(s, h, w, u, v).masked_fill(~real, 0.0), h)


def sigmoids(s, h, real, w, u, v):
    return context(torch.sigmoid(raw_scores(s, h, w, u, v)) * real, h)


def scores_weighted(s, h, real, w, u, v):
    scores = raw_scores(s, h, w, u, v).masked_fill(~real, 0.0)
    return context(scores / scores.sum(dim=1, keepdim=True), h)


def keys_averaged(s, h, real, w, u, v):
    return attended(raw_scores(s, h, w, u, v), h @ u.T, real)


def weights_returned(s, h, real, w, u, v):
    return raw_scores(s, h, w, u, v).masked_fill(~real, -torch.inf).softmax(dim=1)


def scaled(s, h, real, w, u, v):
    return attended(raw_scores(s, h, w, u, v) / len(v) ** 0.5, h, real)


def best_alone(s, h, real, w, u, v):
    best = raw_scores(s, h, w, u, v).masked_fill(~real, -torch.inf).argmax(dim=1)
    return h[torch.arange(len(h)), best]


def plain_mean(s, h, real, w, u, v):
    return attended(torch.zeros_like(h[..., 0]), h, real)


def softmax_twice(s, h, real, w, u, v):
    once = raw_scores(s, h, w, u, v).masked_fill(~real, -torch.inf).softmax(dim=1)
    return attended(once, h, real)


def first_sentence_asks(s, h, real, w, u, v):
    return additive_attention(s[:1].expand_as(s), h, real, w, u, v)


def averaged_again(s, h, real, w, u, v):
    return additive_attention(s, h, real, w, u, v) / real.sum(dim=1, keepdim=True)


def cut_weights(s, h, real, w, u, v):
    return attended(raw_scores(s, h, w, u, v).detach(), h, real)


def axis_kept(s, h, real, w, u, v):
    return additive_attention(s, h, real, w, u, v)[:, None]


def by_einsum(s, h, real, w, u, v):
    hidden = torch.tanh(torch.einsum("bs,ws->bw", s, w)[:, None] + torch.einsum("bnh,wh->bnw", h, u))
    weights = torch.einsum("bnw,w->bn", hidden, v).masked_fill(~real, -torch.inf).softmax(dim=-1)
    return torch.einsum("bn,bnh->bh", weights, h)


def by_joining(s, h, real, w, u, v):
    both = torch.cat([s[:, None].expand(-1, h.shape[1], -1), h], dim=-1)
    scores = torch.tanh(both @ torch.cat([w, u], dim=1).T) @ v[:, None]
    weights = torch.softmax(torch.where(real[..., None], scores, torch.finfo(h.dtype).min), dim=1)
    return (weights.transpose(1, 2) @ h).squeeze(1)


def sentence_by_sentence(s, h, real, w, u, v):
    found = []
    for state, states, length in zip(s, h, real.sum(dim=1).tolist(), strict=True):
        scores = torch.stack([v @ torch.tanh(w @ state + u @ word) for word in states[:length]])
        shares = scores.exp() / scores.exp().sum()
        found.append(shares @ states[:length])
    return torch.stack(found)


def by_exponentials(s, h, real, w, u, v):
    scores = raw_scores(s, h, w, u, v)
    exponentials = (scores - scores.amax(dim=1, keepdim=True)).exp() * real
    return torch.bmm(exponentials[:, None], h)[:, 0] / exponentials.sum(dim=1, keepdim=True)


ADDITIVE = Question(
    id="additive-attention",
    title="Looking back",
    target="additive_attention",
    points=3,
    reference=additive_attention,
    cases=cases,
    criteria=(
        Values(weight=3),
        Gradients(weight=2),
        ShapeAndDtype(weight=1),
        Unchanged(weight=2, name="padding has no influence", what="the states in the padding"),
    ),
    misconceptions=(
        Misconception(
            "softmax over an axis of size 1",
            "Your softmax runs over an axis of size 1, so every weight is 1 and you add up all states, padding too. "
            "After the product with `v` the words stand on axis 1.",
            axis_of_size_one,
        ),
        Misconception(
            "softmax over an axis of size 1, then masked",
            "Your softmax runs over an axis of size 1, so every word's weight is 1 and you add up the states. The "
            "weights of one sentence should sum to 1: over its words, axis 1.",
            axis_of_size_one_masked,
        ),
        Misconception(
            "softmax over an axis of size 1, NaN",
            "Your softmax runs over an axis of size 1: at words every weight is 1, and at padding a single −∞ gives "
            "0/0 = NaN. The words stand on axis 1.",
            axis_of_size_one_nan,
        ),
        Misconception(
            "softmax over the sentences",
            "Your weights sum to 1 over the *batch*: `dim=0`. Sentences must not compete; words do, on axis 1.",
            over_sentences,
        ),
        Misconception(
            "softmax over the sentences, masked after",
            "Your weights sum to 1 over the *batch*, and the padding's are then taken away. Sentences must not "
            "compete; words do, on axis 1.",
            over_sentences_masked_after,
        ),
        Misconception(
            "padding attended",
            "Your attention looks at padding: `real` never reaches the softmax (`masked_fill` returns a new "
            "tensor). Then a sentence's context depends on how long its neighbours are.",
            padding_attended,
        ),
        Misconception(
            "padding scored 0",
            "You set the padding's scores to 0. But 0 is a score like any other and gets its share; only a score of "
            "−∞, or nearly, gets none.",
            padding_scored_0,
        ),
        Misconception(
            "padding set to 0",
            "You set the padding's states to 0, but it is still asked and gets weight, which the words then lack. "
            "Hide its scores from the softmax.",
            padding_zeroed,
        ),
        Misconception(
            "masked after the softmax",
            "You take the padding's weights away after the softmax, so the words' no longer sum to 1. Hide the "
            "padding before it.",
            masked_after,
        ),
        Misconception(
            "mask inverted",
            "You attend to the padding and hide the words. `real` is True at words; `masked_fill` fills where its "
            "argument is True, so it needs `~real`.",
            with_argument(additive_attention, 2, torch.logical_not),
        ),
        Misconception(
            "no tanh",
            "The tanh is missing. Without it, what the state asks adds the same to all scores, and the softmax does "
            "not see it.",
            no_tanh,
        ),
        Misconception(
            "tanh outside",
            "You take the tanh of the score. It belongs inside: of the sum of the two vectors, before the product "
            "with `v`.",
            tanh_outside,
        ),
        Misconception(
            "a tanh for each",
            "You take the tanh of both vectors and add. Add first: in your version what the state asks is the same "
            "for all words.",
            tanh_apart,
        ),
        Misconception(
            "multiplied in place of added",
            "You multiply the two vectors. This attention is called additive because it adds them before the tanh.",
            multiplied,
        ),
        Misconception(
            "dot product",
            "You score by the dot product of the two vectors. That is the cheaper way of a later section; here a "
            "small network with a tanh and `v` does it.",
            dot_product,
        ),
        Misconception(
            "the state does not ask",
            "Your scores do not depend on `s`: every step would look at the same words.",
            query_ignored,
        ),
        Misconception(
            "v forgotten",
            "You add up the hidden features. Each has a weight of its own, in `v`.",
            no_v,
        ),
        Misconception(
            "no softmax",
            "You weight by the scores themselves. They are turned into shares first, positive and with sum 1: softmax.",
            no_softmax,
        ),
        Misconception(
            "sigmoid in place of softmax",
            "Each of your weights is a sigmoid of its own score. Words share out *one* unit: softmax.",
            sigmoids,
        ),
        Misconception(
            "divided by their sum",
            "You divide the scores by their sum. Scores may be negative, and their sum may be near 0: take "
            "exponentials first, that is, softmax.",
            scores_weighted,
        ),
        Misconception(
            "projected states averaged",
            "You average $Uh$. `u` serves the scores; what is averaged are the states themselves.",
            keys_averaged,
        ),
        Misconception(
            "weights returned",
            "You return the weights. One step is missing: the average of the states under them.",
            weights_returned,
        ),
        Misconception(
            "scaled",
            "You divide the scores by a root. That belongs to the dot product of a later chapter; here is no scale.",
            scaled,
        ),
        Misconception(
            "the best word alone",
            "You take the word with the best score alone. It is an average: all words have a share.",
            best_alone,
        ),
        Misconception(
            "a plain mean",
            "You average all words alike. The scores should decide who counts how much.",
            plain_mean,
        ),
        Misconception(
            "softmax twice",
            "You take the softmax twice: shares go into a second one, which makes them nearly equal.",
            softmax_twice,
        ),
        Misconception(
            "the first sentence's state asks",
            "The first sentence's state asks for all. Each sentence has a row of `s`.",
            first_sentence_asks,
        ),
        Misconception(
            "divided by the length",
            "You divide by the number of words at the end. The weights sum to 1 already, so the sum is the average.",
            averaged_again,
        ),
        Misconception(
            "the weights cut off",
            "The values are right, but no gradient reaches `s`, `w`, `u` and `v`: the scores are cut off. Where to "
            "look could never be learned.",
            cut_weights,
        ),
        Misconception(
            "an axis too many",
            "Your context is (batch, 1, d_h). Asked for is one row for each sentence: take the axis of size 1 away.",
            axis_kept,
        ),
        cut_graph(additive_attention),
        fixed_precision(additive_attention, "contexts"),
        Misconception(
            "mask inverted, with a finite number",
            "You hide the words and leave the padding. `real` is True at words, and `masked_fill` fills where its "
            "argument is True: `~real`.",
            padding_in_place_of_words,
        ),
        Misconception(
            "not low enough",
            "The padding's scores are not low enough: at −1 they lie above some words' scores. Only −∞, or nearly, "
            "gives a weight of 0.",
            not_low_enough,
        ),
        Misconception(
            "ReLU in place of tanh",
            "You use the ReLU. This small network has a tanh.",
            relu,
        ),
    ),
    alternatives={
        "einsum": by_einsum,
        "joined vectors": by_joining,
        "sentence by sentence": sentence_by_sentence,
        "own exponentials": by_exponentials,
    },
    forbidden=(
        *library(
            "transformer_lab.predecessors.additive_attention", "AdditiveAttention.forward", "AdditiveAttention.weights"
        ),
        *library("transformer_lab.attention", "masked_softmax"),
    ),
    promises={
        "for a batch": "values; all sizes equal",
        "the context $c$ of each sentence": "misconception weights returned; misconception an axis too many",
        "`real` is True at words": "misconception mask inverted",
        "Padding gets no weight at all": "padding has no influence; misconception padding scored 0; "
        "misconception masked after the softmax",
        "at least one word": "a sentence of one word",
        "PyTorch's softmax is allowed": "nothing to test",
    },
    guide=Guide(
        difficulty=3,
        minutes=15,
        section=Section("attention-as-repair", "Keep all states"),
        hints=(
            "Write down the shapes: `s @ w.T` is (batch, width), `h @ u.T` is (batch, n, width). What makes them "
            "fit for a sum?",
            "`s @ w.T` needs an axis for the words: `[:, None]`. The tanh of the sum times `v` is (batch, n): one "
            "score for each word.",
            "Fill the scores with `-torch.inf` where `~real`, take the softmax over axis 1, and average: "
            "`(weights[:, None] @ h)[:, 0]`.",
        ),
    ),
    example=WorkedExample(
        call="additive_attention(s, h, real, w, u, v): s = 0, two words, of which the second is twice as heavy",
        arguments=(
            [[0.0]],
            [[[0.0, 1.0], [1.0, 0.0]]],
            np.array([[True, True]]),
            [[1.0]],
            [[0.5493061, 0.0]],
            [1.3862944],
        ),
        expected=([[0.6667, 0.3333]],),
    ),
    attempts=(
        Attempt(
            "def additive_attention(s, h, real, w, u, v):\n"
            "    e = torch.tanh((s @ w.T).unsqueeze(1) + h @ u.T) @ v.unsqueeze(1)\n"
            "    e = e.masked_fill(~real.unsqueeze(-1), float('-inf'))\n    a = torch.softmax(e, dim=2)\n"
            "    return (a * h).sum(1)",
            named="softmax over an axis of size 1, NaN",
        ),
        Attempt(
            "def additive_attention(s, h, real, w, u, v):\n    e = torch.tanh((s @ w.T)[:, None] + h @ u.T) @ v\n"
            "    a = torch.softmax(e * real, dim=-1)\n    return torch.einsum('bn,bnd->bd', a, h)",
            named="padding scored 0",
        ),
        Attempt(
            "def additive_attention(s, h, real, w, u, v):\n    e = torch.tanh((s @ w.T)[:, None] + h @ u.T) @ v\n"
            "    a = nn.functional.softmax(e + torch.log(real.to(e.dtype)), dim=-1)\n"
            "    return torch.einsum('bn,bnd->bd', a, h)"
        ),
    ),
)
