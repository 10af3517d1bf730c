"""Question 6: not in the future, and not padding."""

import numpy as np
import torch

from classroom.questions.criteria import ShapeAndDtype, Unchanged, Values
from classroom.questions.guide import Guide, Section, WorkedExample
from classroom.questions.question import Attempt, Case, Misconception, Question
from classroom.student_code.student import Call
from transformer_lab.masks import causal_mask, padding_mask


def decoder_mask(tokens, pad_id):
    """The library's two masks combined; its padding mask has an axis for the heads, which one head does not need."""
    return padding_mask(tokens, pad_id)[:, 0] & causal_mask(tokens.shape[-1])


def cases(rng: np.random.Generator) -> list[Case]:
    def sentences(lengths, n, pad_id):
        """Sentences with tokens on both sides of `pad_id`, where it leaves room for that."""
        others = np.array([token for token in range(10) if token != pad_id])
        tokens = rng.choice(others, size=(len(lengths), n))
        below, above = others[others < pad_id], others[others > pad_id]
        for row, length in zip(tokens, lengths, strict=True):
            for place, side in zip(rng.permutation(length), (below, above), strict=False):
                row[place] = rng.choice(side) if len(side) else row[place]
            row[length:] = pad_id
        return tokens.astype(np.int64)

    def case(name, tokens, pad_id, tags=("values", "shape")):
        return Case(name, (Call((tokens, pad_id)),), frozenset(tags))

    in_front = sentences([5, 5], 5, 0)
    in_front[0, :2] = 0
    full = sentences([4], 4, 0)
    shortened = full.copy()
    shortened[0, -1] = 0
    last_key = np.zeros((1, 4, 4), dtype=bool)
    last_key[..., -1] = True
    return [
        case("a sentence without padding", sentences([4], 4, 0), 0),
        case("sentences of different lengths", sentences([5, 3, 1], 5, 0), 0),
        case("as many sentences as positions", sentences([3, 2, 1], 3, 0), 0),
        case("padding with another number", sentences([4, 2], 4, 4), 4),
        case("padding in front", in_front, 0, ("values",)),
        case("one token, and one sentence of padding only", sentences([1, 0], 1, 0), 0),
        Case(
            "a last token turned into padding",
            (Call((full, 0)), Call((shortened, 0))),
            frozenset({"unchanged"}),
            {"unchanged": ~last_key},
        ),
    ]


def _real(tokens, pad_id):
    return (tokens != pad_id)[:, None, :]


def _triangle(tokens, diagonal=0):
    n = tokens.shape[-1]
    return torch.ones(n, n, dtype=torch.bool).tril(diagonal)


def diagonal_hidden(tokens, pad_id):
    return _triangle(tokens, -1) & _real(tokens, pad_id)


def one_ahead(tokens, pad_id):
    return _triangle(tokens, 1) & _real(tokens, pad_id)


def future_only(tokens, pad_id):
    return _triangle(tokens).T & _real(tokens, pad_id)


def inverted(tokens, pad_id):
    return ~decoder_mask(tokens, pad_id)


def padding_inverted(tokens, pad_id):
    return _triangle(tokens) & ~_real(tokens, pad_id)


def padding_only(tokens, pad_id):
    return _real(tokens, pad_id).expand(-1, tokens.shape[-1], -1)


def causal_only(tokens, pad_id):
    return _triangle(tokens).expand(tokens.shape[0], -1, -1)


def either(tokens, pad_id):
    return _triangle(tokens) | _real(tokens, pad_id)


def queries_hidden(tokens, pad_id):
    return _triangle(tokens) & (tokens != pad_id)[:, :, None]


def both_hidden(tokens, pad_id):
    return decoder_mask(tokens, pad_id) & (tokens != pad_id)[:, :, None]


def zero_is_padding(tokens, pad_id):
    return decoder_mask(tokens, 0)


def numbers(tokens, pad_id):
    return decoder_mask(tokens, pad_id).float()


def whole_numbers(tokens, pad_id):
    return decoder_mask(tokens, pad_id).long()


def additive(tokens, pad_id):
    return torch.zeros(*tokens.shape, tokens.shape[-1]).masked_fill(~decoder_mask(tokens, pad_id), -torch.inf)


def head_axis(tokens, pad_id):
    return decoder_mask(tokens, pad_id)[:, None]


def by_comparing_positions(tokens, pad_id):
    position = torch.arange(tokens.shape[1])
    return (position[None, :] <= position[:, None])[None] & tokens.ne(pad_id).unsqueeze(1)


def by_triu(tokens, pad_id):
    n = tokens.size(1)
    future = torch.triu(torch.ones(n, n), diagonal=1).bool()
    return ~(future | (tokens == pad_id)[:, None, :])


def by_loop(tokens, pad_id):
    batch, n = tokens.shape
    mask = torch.zeros(batch, n, n, dtype=torch.bool)
    for b in range(batch):
        for i in range(n):
            for j in range(i + 1):
                mask[b, i, j] = bool(tokens[b, j] != pad_id)
    return mask


def by_product(tokens, pad_id):
    n = tokens.shape[-1]
    return (torch.tril(torch.ones(n, n)) * (tokens != pad_id).float()[:, None, :]) > 0


def larger_than_padding(tokens, pad_id):
    return _triangle(tokens) & (tokens > pad_id)[:, None, :]


def ends_at_padding(tokens, pad_id):
    return _triangle(tokens) & (tokens != pad_id).long().cumprod(dim=-1).bool()[:, None, :]


def own_position_always(tokens, pad_id):
    return decoder_mask(tokens, pad_id) | torch.eye(tokens.shape[-1], dtype=torch.bool)


def first_sentence_for_all(tokens, pad_id):
    return _triangle(tokens) & (tokens[0] != pad_id)


def row_of_padding(tokens, pad_id):
    mask = _triangle(tokens).repeat(len(tokens), 1, 1)
    mask[:, :, pad_id % tokens.shape[-1]] = False
    return mask


DECODER_MASK = Question(
    id="decoder-mask",
    title="Who may see whom?",
    target="decoder_mask",
    points=2,
    reference=decoder_mask,
    cases=cases,
    criteria=(
        Values(weight=2),
        ShapeAndDtype(weight=1),
        Unchanged(weight=1, name="only that key changes", what="the last token"),
    ),
    misconceptions=(
        Misconception(
            "own position hidden",
            "No token may see itself in your mask, so the first one sees nothing at all. Position i may attend to "
            "0 … i, i included: the diagonal is True.",
            diagonal_hidden,
        ),
        Misconception(
            "one position too far",
            "Each position sees one token of the future, the very one it has to predict. Check the `diagonal` "
            "argument: `tril()` without one keeps the diagonal and what is below.",
            one_ahead,
        ),
        Misconception(
            "future in place of past",
            "Your triangle is the wrong one: positions see the future and not the past. Rows are queries, columns "
            "are keys, so the visible part lies on and below the diagonal: `tril`.",
            future_only,
        ),
        Misconception(
            "True means hidden",
            "Your mask is the exact opposite: True where a key is hidden. Throughout the course True means *may "
            "attend*.",
            inverted,
        ),
        Misconception(
            "padding visible, tokens hidden",
            "The triangle is right, but you let queries see padding only: real tokens are where `tokens != pad_id`.",
            padding_inverted,
        ),
        Misconception(
            "future visible",
            "Padding is hidden, but the future is not: combine it with a lower triangle.",
            padding_only,
        ),
        Misconception(
            "padding visible",
            "The future is hidden, but padding is not: combine the triangle with `tokens != pad_id`.",
            causal_only,
        ),
        Misconception(
            "one rule or the other",
            "In your mask one of the two rules is enough. Both have to hold: combine them with `&` instead of `|`.",
            either,
        ),
        Misconception(
            "queries hidden in place of keys",
            "You blank the rows of padding instead of its columns. The mask hides *keys*, which are the last axis: "
            "`(tokens != pad_id)[:, None, :]`.",
            queries_hidden,
        ),
        Misconception(
            "queries on padding hidden as well",
            "You hide padding as a key, which is right, and also blank the rows of queries that stand on padding. "
            "Leave these rows as they are: their output is never used, and a row that sees nothing is best avoided.",
            both_hidden,
        ),
        Misconception(
            "pad_id fixed to 0",
            "You take 0 for padding whatever the caller says. Compare with `pad_id`.",
            zero_is_padding,
        ),
        Misconception(
            "numbers in place of truth values",
            "Your mask holds 1.0 and 0.0. It has to be boolean, so that `~` and `&` mean what they say: compare, or "
            "end with `.bool()`.",
            numbers,
        ),
        Misconception(
            "whole numbers in place of truth values",
            "Your mask holds the integers 1 and 0. It has to be boolean: on integers `~` flips bits, so `~1` is -2.",
            whole_numbers,
        ),
        Misconception(
            "additive mask",
            "Your mask holds 0 and -inf, to be added to the scores. Other libraries do this; here a mask is boolean, "
            "True = may attend.",
            additive,
        ),
        Misconception(
            "an axis too many",
            "You have an axis for the heads already. With one head the mask is `(batch, n, n)`.",
            head_axis,
        ),
        Misconception(
            "larger than the padding",
            "You take every token above `pad_id` for real and every one below it for padding. Padding is one number: "
            "compare with `!=`.",
            larger_than_padding,
        ),
        Misconception(
            "everything after the first padding hidden",
            "After the first padding you hide all that follows, real tokens as well. Padding may stand in front: look "
            "at each token on its own.",
            ends_at_padding,
        ),
        Misconception(
            "own position always visible",
            "A token on padding sees itself in your mask. The rule knows no exception: padding is hidden as a key from "
            "every query, its own included.",
            own_position_always,
        ),
        Misconception(
            "the first sentence's padding for all",
            "You look for padding in the first sentence only. Each sentence of the batch has its own: keep the batch "
            "axis.",
            first_sentence_for_all,
        ),
        Misconception(
            "pad_id taken for a position",
            "You hide the position number `pad_id`. It is the number that a padding *token* has, wherever it stands: "
            "compare the tokens with it.",
            row_of_padding,
        ),
    ),
    alternatives={
        "comparing positions": by_comparing_positions,
        "triu and not": by_triu,
        "three loops": by_loop,
        "product": by_product,
    },
    forbidden=("transformer_lab.masks.causal_mask", "transformer_lab.masks.padding_mask"),
    promises={
        "exactly if $j \\le i$": "misconception own position hidden; misconception one position too far",
        "token $j$ is not padding": "sentences of different lengths; padding with another number; padding in front",
        "A query that stands on padding keeps its row": "misconception queries on padding hidden as well",
        "`decoder_mask(tokens, pad_id)`": "values; misconception pad_id fixed to 0",
        "It returns a boolean tensor": "shape and dtype; misconception numbers in place of truth values",
        "`True` = may attend": "misconception True means hidden",
    },
    guide=Guide(
        difficulty=2,
        minutes=10,
        section=Section("training-a-translator", "Masks in training"),
        hints=(
            "Make two masks: one that knows only positions, one that knows only tokens. Then join them with *and*.",
            "The lower triangle of a square of ones (`tril`) hides the future. `tokens != pad_id` says which keys are "
            "real, one truth value for each.",
            "The second has the shape (batch, n). It speaks of keys, the last axis, and is the same for every query: "
            "put an axis between, `[:, None, :]`.",
        ),
    ),
    example=WorkedExample(
        call="decoder_mask([[7, 5, 0, 0]], pad_id=0)",
        arguments=(np.array([[7, 5, 0, 0]]), 0),
        expected=([[[True, False, False, False], *3 * [[True, True, False, False]]]],),
    ),
    attempts=(
        Attempt(
            "def decoder_mask(t, pad_id):\n"
            "    n = t.shape[1]\n    return torch.triu(torch.ones(n, n)).bool() & (t != pad_id).unsqueeze(1)",
            named="future in place of past",
        ),
        Attempt(
            "def decoder_mask(t, pad_id):\n"
            "    place = torch.arange(t.size(1))\n"
            "    return (place[:, None] >= place) * t.ne(pad_id).unsqueeze(-2)"
        ),
    ),
)
