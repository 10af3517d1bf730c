"""Question 2: the second direction, with padding."""

import numpy as np
import torch

from classroom.questions.common.altered import with_argument
from classroom.questions.common.mistakes import cut_graph, fixed_precision
from classroom.questions.criteria import Gradients, ShapeAndDtype, Unchanged, Values
from classroom.questions.guide import Guide, Section, WorkedExample
from classroom.questions.question import Attempt, Case, Misconception, Question
from classroom.student_code.student import Call

from .cells import READY_MADE, bias, matrix, read, real_words, words
from .rnn import unrolled


def read_backwards(x, real, w, u, b):
    """The library's vanilla cell, read from the end; padding leaves its state at 0."""
    return read(x, w, u, b, real, backward=True)


def cases(rng: np.random.Generator) -> list[Case]:
    def inputs(n, d_in, d, *lengths, dtype=np.float32):
        return (
            words(rng, len(lengths), n, d_in, dtype=dtype),
            real_words(n, *lengths),
            matrix(rng, d, d_in, dtype),
            matrix(rng, d, d, dtype),
            bias(rng, d, dtype),
        )

    def case(name, tags, n, d_in, d, *lengths, dtype=np.float32, backward=False):
        cotangent = words(rng, len(lengths), n, d, dtype=dtype) if backward else None
        call = Call(inputs(n, d_in, d, *lengths, dtype=dtype), cotangent=cotangent)
        return Case(name, (call,), frozenset(tags))

    x, real, *matrices = inputs(4, 2, 3, 2, 3)
    padded, worded = (np.where(real[..., None] == moved, -x, x) for moved in (False, True))
    return [
        case(
            "sentences of different lengths",
            {"values", "shape", "gradients"},
            4,
            3,
            5,
            *rng.permuted([4, 2]),
            backward=True,
        ),
        case("no padding", {"values", "shape"}, 3, 2, 4, 3, 3),
        case("all sizes equal", {"values", "shape"}, 3, 3, 3, *rng.permuted([1, 2, 3])),
        case("double precision", {"values", "shape"}, 3, 2, 4, 2, dtype=np.float64),
        Case(
            "other numbers in the padding",
            tuple(Call((words_, real, *matrices)) for words_ in (x, padded, worded)),
            frozenset({"unchanged"}),
        ),
    ]


def mask_ignored(x, real, w, u, b):
    return read(x, w, u, b, backward=True)


def masked_at_the_end(x, real, w, u, b):
    return mask_ignored(x, real, w, u, b) * real[..., None]


def from_the_padding_in_reading_order(x, real, w, u, b):
    return mask_ignored(x, real, w, u, b).flip(1)


def words_masked(x, real, w, u, b):
    return mask_ignored(x * real[..., None], real, w, u, b)


def words_and_states_masked(x, real, w, u, b):
    return words_masked(x, real, w, u, b) * real[..., None]


def forwards(x, real, w, u, b):
    return read(x, w, u, b, real)


def in_reading_order(x, real, w, u, b):
    return read_backwards(x, real, w, u, b).flip(1)


def result_reversed(x, real, w, u, b):
    return read(x, w, u, b, real).flip(1)


def last_state(x, real, w, u, b):
    return read_backwards(x, real, w, u, b)[:, 0]


def first_length_for_all(x, real, w, u, b):
    return read_backwards(x, real[:1].expand(real.shape), w, u, b)


def shortest_for_all(x, real, w, u, b):
    return read_backwards(x, real & real.all(dim=0), w, u, b)


def both_directions(x, real, w, u, b):
    return torch.cat([read(x, w, u, b, real), read_backwards(x, real, w, u, b)], dim=-1)


def no_memory(x, real, w, u, b):
    return torch.tanh(x @ w.T + b) * real[..., None]


def moved_to_the_end(x, real, w, u, b):
    n = x.shape[1]
    rows = [
        states.roll(n - int(length), dims=0)
        for states, length in zip(read_backwards(x, real, w, u, b), real.sum(dim=1), strict=True)
    ]
    return torch.stack(rows)


def last_word_left_out(x, real, w, u, b):
    shorter = torch.cat([real[:, 1:], torch.zeros_like(real[:, :1])], dim=1)
    return read_backwards(x, shorter, w, u, b)


def not_zero_in_the_padding(x, real, w, u, b):
    return torch.where(real[..., None], read_backwards(x, real, w, u, b), torch.tanh(b))


def sentence_by_sentence(x, real, w, u, b):
    rows = []
    for sentence, length in zip(x, real.sum(dim=1).tolist(), strict=True):
        h, states = x.new_zeros(len(u)), []
        for word in sentence[:length].flip(0):
            h = torch.tanh(w @ word + u @ h + b)
            states.insert(0, h)
        states += [torch.zeros_like(h)] * (x.shape[1] - length)
        rows.append(torch.stack(states))
    return torch.stack(rows)


def by_turning_each_sentence(x, real, w, u, b):
    n, lengths = x.shape[1], real.sum(dim=1, keepdim=True)
    places = torch.arange(n)
    turned = torch.where(places < lengths, lengths - 1 - places, places)[..., None]
    reversed_words = x.gather(1, turned.expand_as(x))
    states = unrolled(lambda word, h: torch.tanh(word @ w.T + h @ u.T + b), reversed_words, u)
    return states.gather(1, turned.expand_as(states)) * real[..., None]


def by_multiplying(x, real, w, u, b):
    h, states = x.new_zeros(len(x), len(u)), []
    for t in reversed(range(x.shape[1])):
        h = torch.tanh(x[:, t] @ w.T + h @ u.T + b) * real[:, t, None]
        states.append(h)
    return torch.stack(states).flip(0).transpose(0, 1)


BACKWARDS = Question(
    id="read-backwards",
    title="Reading from the other end",
    target="read_backwards",
    points=2,
    reference=read_backwards,
    cases=cases,
    criteria=(
        Values(weight=3),
        Gradients(weight=2),
        ShapeAndDtype(weight=1),
        Unchanged(weight=2, name="padding has no influence", what="the padding"),
    ),
    misconceptions=(
        Misconception(
            "begins in the padding",
            "Your backward pass begins in the padding: before it meets the last word it has read signs that mean "
            "nothing, and they are in every state. `real` says where the words are.",
            mask_ignored,
        ),
        Misconception(
            "begins in the padding, and hides it",
            "You set the states at the padding to 0 at the end. By then it is too late: your backward pass began in "
            "the padding and carried what it read there into the words. The state has to be 0 when the last word is "
            "read.",
            masked_at_the_end,
        ),
        Misconception(
            "padding set to 0 and read",
            "You set the padding's vectors to 0 and then read them. A step on a word of zeros still adds `b`, so "
            "the state moves: padding must not be read at all.",
            words_masked,
        ),
        Misconception(
            "padding set to 0, read, and hidden",
            "You set the padding's vectors to 0, and its states too, but only at the end. In between the pass has "
            "read the padding: a word of zeros still adds `b`, and that reaches the words.",
            words_and_states_masked,
        ),
        Misconception(
            "read forwards",
            "You read from left to right. Here the state at a word knows the words *after* it.",
            forwards,
        ),
        Misconception(
            "in the order of reading",
            "The states are right, but stand in the order in which they were made, the last word's first. Each "
            "belongs at the position of its word.",
            in_reading_order,
        ),
        Misconception(
            "only the result reversed",
            "You read from left to right and reverse the states. What has to be reversed is the reading: the state "
            "at a word depends on the words after it.",
            result_reversed,
        ),
        Misconception(
            "one state alone",
            "You return the state in which the reading ends. Asked for is one state for each position.",
            last_state,
        ),
        Misconception(
            "mask inverted",
            "You read the padding and leave out the words. `real` is True at words.",
            with_argument(read_backwards, 1, torch.logical_not),
        ),
        Misconception(
            "the first sentence's length for all",
            "Every sentence is read as if it were as long as the first. Each row of `real` speaks for its own "
            "sentence.",
            first_length_for_all,
        ),
        Misconception(
            "the shortest length for all",
            "Every sentence is read as if it were as long as the shortest. Each row of `real` speaks for its own "
            "sentence.",
            shortest_for_all,
        ),
        Misconception(
            "both directions",
            "You return the states of both directions side by side. Asked for is the backward one alone.",
            both_directions,
        ),
        Misconception(
            "no memory",
            "Your states do not depend on the other words of the sentence: the state of the step before is not used.",
            no_memory,
        ),
        Misconception(
            "moved to the end",
            "Your states are right, but those of shorter sentences stand at the end of the row, where the padding "
            "is. Each belongs at the position of its word.",
            moved_to_the_end,
        ),
        Misconception(
            "the last word left out",
            "Your reading begins one word too late: the last word of each sentence is taken for padding.",
            last_word_left_out,
        ),
        Misconception(
            "u transposed",
            "You multiply the state by `u` from the wrong side: for rows of a batch $Uh$ is `h @ u.T`.",
            with_argument(read_backwards, 3, lambda u: u.T),
        ),
        Misconception(
            "another state in the padding",
            "At the words you are right. In the padding nothing has been read yet: the states there are 0.",
            not_zero_in_the_padding,
        ),
        cut_graph(read_backwards),
        fixed_precision(read_backwards, "states"),
        Misconception(
            "begins in the padding, in the order of reading",
            "Two things. Your backward pass begins in the padding, so every state has read signs that mean nothing; "
            "and the states stand in the order of reading, not at their words.",
            from_the_padding_in_reading_order,
        ),
    ),
    alternatives={
        "sentence by sentence": sentence_by_sentence,
        "each sentence turned": by_turning_each_sentence,
        "state multiplied by the mask": by_multiplying,
    },
    forbidden=READY_MADE,
    promises={
        "reading from the last word to the first": "misconception read forwards; "
        "misconception only the result reversed; no padding",
        "`real` is True at words": "misconception mask inverted; sentences of different lengths",
        "It is not read": "padding has no influence; misconception begins in the padding; "
        "misconception padding set to 0 and read",
        "stands at that word's position": "misconception in the order of reading; misconception moved to the end",
        "at padding stand zeros": "misconception another state in the padding",
        "raise an error here as well": "forbidden names",
    },
    guide=Guide(
        difficulty=2,
        minutes=12,
        section=Section("recurrence", "Reading from both ends"),
        hints=(
            "The last word of a short sentence is read first. What must the state be just before that?",
            "Walk from position n − 1 to 0. Where `real` is False, the step must leave the state at 0.",
            "After each step keep the new state only where `real[:, t]` is True (`torch.where`, with a last axis "
            "added), else the old one. At the end put the states into the order of the words.",
        ),
    ),
    example=WorkedExample(
        call="read_backwards([[[1.0], [9.0]]], real=[[True, False]], w=[[1.0]], u=[[1.0]], b=[0.0])",
        arguments=([[[1.0], [9.0]]], np.array([[True, False]]), [[1.0]], [[1.0]], [0.0]),
        expected=([[[0.7616], [0.0]]],),
    ),
    attempts=(
        Attempt(
            "def read_backwards(x, real, w, u, b):\n    h = x.new_zeros(len(x), len(u))\n    out = []\n"
            "    for t in range(x.shape[1] - 1, -1, -1):\n        h = torch.tanh(x[:, t] @ w.T + h @ u.T + b)\n"
            "        out.append(h)\n    return torch.stack(out[::-1], 1).masked_fill(~real[..., None], 0.0)",
            named="begins in the padding, and hides it",
        ),
        Attempt(
            "def read_backwards(x, real, w, u, b):\n    h = x.new_zeros(len(x), len(u))\n    out = []\n"
            "    for t in range(x.shape[1] - 1, -1, -1):\n        h = torch.tanh(x[:, t] @ w.T + h @ u.T + b)\n"
            "        h = h.masked_fill(~real[:, t].unsqueeze(1), 0.0)\n        out.append(h)\n"
            "    return torch.stack(out, 1)",
            named="in the order of reading",
        ),
    ),
)
