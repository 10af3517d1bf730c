"""Question 3: what two directions know of a sentence, as one vector."""

import numpy as np
import torch

from classroom.questions.common.drawing import normal
from classroom.questions.common.mistakes import cut_graph, fixed_precision
from classroom.questions.criteria import Gradients, ShapeAndDtype, Unchanged, Values
from classroom.questions.guide import Guide, Section, WorkedExample
from classroom.questions.question import Attempt, Case, Misconception, Question
from classroom.student_code.student import Call

from .cells import real_words

# Not from the longest to the shortest, so that sorting them is seen.
UNSORTED = np.array([[2, 5, 4], [4, 5, 2], [2, 4, 5], [4, 2, 5]])


def at(states, positions):
    """Of each sentence (batch n d) the state at its own position."""
    return states[torch.arange(len(states)), positions]


def joined(forward, backward):
    return torch.cat([forward, backward], dim=-1)


def sentence_vector(states, lengths):
    """The states in which the two readers end."""
    return joined(at(states[0], lengths - 1), states[1, :, 0])


def cases(rng: np.random.Generator) -> list[Case]:
    def case(name, tags, n, d, *lengths, dtype=np.float32, backward=False):
        states = normal(rng, 2, len(lengths), n, d, dtype=dtype)
        cotangent = normal(rng, len(lengths), 2 * d, dtype=dtype) if backward else None
        return Case(name, (Call((states, np.array(lengths)), cotangent=cotangent),), frozenset(tags))

    states, lengths = normal(rng, 2, 3, 4, 2), np.array([2, 4, 3])
    inside = real_words(4, *lengths)[..., None]
    padded, worded = (np.where(inside == moved, -states, states) for moved in (False, True))
    return [
        case("three sentences", {"values", "shape", "gradients"}, 5, 4, *rng.choice(UNSORTED), backward=True),
        case("no padding", {"values", "shape"}, 3, 4, 3, 3),
        case("all sizes equal", {"values", "shape"}, 2, 2, 1, 2),
        case("one sentence", {"values", "shape"}, 4, 3, 3),
        case("sentences of one word", {"values", "shape"}, 3, 2, 1, 1),
        case("double precision", {"values", "shape"}, 4, 3, 2, 3, dtype=np.float64),
        Case(
            "other states in the padding",
            tuple(Call((given, lengths)) for given in (states, padded, worded)),
            frozenset({"unchanged"}),
        ),
    ]


def backward_at_the_last_step(states, lengths):
    return joined(at(states[0], lengths - 1), states[1, :, -1])


def backward_at_the_last_word(states, lengths):
    return joined(at(states[0], lengths - 1), at(states[1], lengths - 1))


def forward_in_the_padding(states, lengths):
    return joined(states[0, :, -1], states[1, :, 0])


def both_at_the_last_step(states, lengths):
    return joined(states[0, :, -1], states[1, :, -1])


def both_at_the_first_word(states, lengths):
    return joined(states[0, :, 0], states[1, :, 0])


def ends_exchanged(states, lengths):
    return joined(states[0, :, 0], at(states[1], lengths - 1))


def reshaped(states, lengths):
    both = torch.stack([at(states[0], lengths - 1), states[1, :, 0]])
    return both.reshape(len(lengths), -1)


def directions_apart(states, lengths):
    return torch.stack([at(states[0], lengths - 1), states[1, :, 0]])


def backward_first(states, lengths):
    return joined(states[1, :, 0], at(states[0], lengths - 1))


def features_interleaved(states, lengths):
    return torch.stack([at(states[0], lengths - 1), states[1, :, 0]], dim=-1).flatten(1)


def lengths_sorted(states, lengths):
    return sentence_vector(states, lengths.sort(descending=True).values)


def one_too_far(states, lengths):
    return joined(at(states[0], lengths.clamp(max=states.shape[2] - 1)), states[1, :, 0])


def one_too_early(states, lengths):
    return joined(at(states[0], lengths - 2), states[1, :, 0])


def first_length_for_all(states, lengths):
    return sentence_vector(states, lengths[:1].expand(len(lengths)))


def added(states, lengths):
    return at(states[0], lengths - 1) + states[1, :, 0]


def averaged(states, lengths):
    inside = torch.arange(states.shape[2]) < lengths[:, None]
    mean = (states * inside[..., None]).sum(dim=2) / lengths[:, None]
    return joined(mean[0], mean[1])


def averaged_with_padding(states, lengths):
    return joined(*states.mean(dim=2))


def largest(states, lengths):
    return joined(*states.amax(dim=2))


def forward_alone(states, lengths):
    return at(states[0], lengths - 1)


def not_joined(states, lengths):
    return at(states[0], lengths - 1), states[1, :, 0]


def forward_twice(states, lengths):
    return joined(at(states[0], lengths - 1), states[0, :, 0])


def by_gather(states, lengths):
    index = (lengths - 1)[:, None, None].expand(-1, 1, states.shape[-1])
    return torch.cat((states[0].gather(1, index).squeeze(1), states[1][:, 0]), dim=1)


def by_one_hot(states, lengths):
    last = torch.nn.functional.one_hot(lengths - 1, states.shape[2]).to(states.dtype)
    first = torch.zeros_like(last)
    first[:, 0] = 1
    ends = torch.einsum("kbn,kbnd->bkd", torch.stack([last, first]), states)
    return ends.reshape(len(lengths), -1)


def by_rows(states, lengths):
    return torch.stack([torch.cat([states[0, i, n - 1], states[1, i, 0]]) for i, n in enumerate(lengths.tolist())])


def by_moving_the_axis(states, lengths):
    ends = torch.stack([at(states[0], lengths - 1), states[1, :, 0]])
    return ends.transpose(0, 1).flatten(1)


SENTENCE = Question(
    id="sentence-vector",
    title="One vector for a sentence",
    target="sentence_vector",
    points=2,
    reference=sentence_vector,
    cases=cases,
    criteria=(
        Values(weight=3),
        Gradients(weight=1),
        ShapeAndDtype(weight=1),
        Unchanged(weight=2, name="padding has no influence", what="the states in the padding"),
    ),
    misconceptions=(
        Misconception(
            "backward direction read at the last step",
            "You read the backward direction at the last position. That is where it *begins*: it has seen one sign "
            "there, or only padding. Where does it end?",
            backward_at_the_last_step,
        ),
        Misconception(
            "backward direction read at the last word",
            "You read the backward direction at the last word of each sentence. That is where it begins: it has "
            "seen one word there. Where does it end?",
            backward_at_the_last_word,
        ),
        Misconception(
            "forward direction read in the padding",
            "You read the forward direction at the last position of the row. For a shorter sentence that is "
            "padding: its last word stands earlier, and `lengths` says where.",
            forward_in_the_padding,
        ),
        Misconception(
            "both read at the last step",
            "You read both directions at the last position of the row. Two things are wrong with it: the backward "
            "reader begins at that side, and for a shorter sentence the position is padding.",
            both_at_the_last_step,
        ),
        Misconception(
            "both read at the first word",
            "You read both directions at the first word. There the forward reader has seen one word only.",
            both_at_the_first_word,
        ),
        Misconception(
            "ends exchanged",
            "You read each direction where it begins: the forward one at the first word, the backward one at the "
            "last. There each has seen one word.",
            ends_exchanged,
        ),
        Misconception(
            "reshaped without moving the batch",
            "You reshape (directions, batch, d) to (batch, ·) without moving the batch to the front. The shape "
            "fits, but rows hold the states of different sentences. Move the axis first, or join the two directions "
            "with `torch.cat`.",
            reshaped,
        ),
        Misconception(
            "directions on an axis of their own",
            "You return (2, batch, d). Asked for is one row for each sentence, with both states side by side in it.",
            directions_apart,
        ),
        Misconception(
            "backward first",
            "The two halves have changed places: the forward state comes first.",
            backward_first,
        ),
        Misconception(
            "features interleaved",
            "In your vector the features of both directions alternate. First come all of the forward state, then "
            "all of the backward one.",
            features_interleaved,
        ),
        Misconception(
            "lengths in another order",
            "You sort the lengths but not the sentences, so each sentence gets another one's length. Keep both in "
            "the batch's order.",
            lengths_sorted,
        ),
        Misconception(
            "one position too far",
            "You read the forward direction one position too far. Positions count from 0: the last of `n` words "
            "stands at `n - 1`.",
            one_too_far,
        ),
        Misconception(
            "one position too early",
            "You read the forward direction one position before the last word. Positions count from 0: the last of "
            "`n` words stands at `n - 1`.",
            one_too_early,
        ),
        Misconception(
            "the first sentence's length for all",
            "You read every sentence where the first one ends. Each has a length of its own.",
            first_length_for_all,
        ),
        Misconception(
            "added in place of joined",
            "You add the two states. They are to stand side by side: the vector is twice as wide as a state.",
            added,
        ),
        Misconception(
            "averaged",
            "You average over the words. Asked for are the two states in which the readers end.",
            averaged,
        ),
        Misconception(
            "the forward direction twice",
            "Both halves come from the forward direction: the first axis of `states` chooses the direction, 1 is "
            "the backward one.",
            forward_twice,
        ),
        cut_graph(sentence_vector),
        fixed_precision(sentence_vector, "vectors"),
        Misconception(
            "averaged, padding too",
            "You average over all positions, padding too. Asked for are the two states in which the readers end.",
            averaged_with_padding,
        ),
        Misconception(
            "largest entries",
            "You take the largest entry over all positions, padding too. Asked for are the two states in which the "
            "readers end.",
            largest,
        ),
        Misconception(
            "forward alone",
            "You return the forward state alone. The backward one belongs beside it.",
            forward_alone,
        ),
        Misconception(
            "not joined",
            "You return the two states as a pair. They belong side by side in one row for each sentence.",
            not_joined,
        ),
    ),
    alternatives={
        "gather": by_gather,
        "one-hot and einsum": by_one_hot,
        "row by row": by_rows,
        "axis moved": by_moving_the_axis,
    },
    promises={
        "`sentence_vector(states, lengths)`": "values; one sentence",
        "direction on its first axis": "misconception the forward direction twice",
        "at the positions of their words": "misconception ends exchanged; all sizes equal",
        "at least one": "sentences of one word; no padding",
        "whatever stands there must not matter": "padding has no influence; "
        "misconception forward direction read in the padding",
        "for each sentence one row": "misconception directions on an axis of their own; "
        "misconception reshaped without moving the batch",
        "then the state in which the backward reader ends": "misconception backward first",
    },
    guide=Guide(
        difficulty=2,
        minutes=8,
        section=Section("recurrence", "Reading from both ends"),
        hints=(
            "At which position has the forward reader seen the whole sentence? And the backward one?",
            "The forward one at the last *word*, whose position differs from row to row; the backward one at "
            "position 0.",
            "`states[0][torch.arange(batch), positions]` takes one position of each row. Join the two parts on the "
            "last axis.",
        ),
    ),
    example=WorkedExample(
        call="sentence_vector(states, lengths) with one sentence of 2 words, padded to 3",
        arguments=([[[[1.0], [2.0], [3.0]]], [[[4.0], [5.0], [6.0]]]], np.array([2])),
        expected=([[2.0, 4.0]],),
    ),
    attempts=(
        Attempt(
            "def sentence_vector(states, lengths):\n    f, b = states\n    rows = torch.arange(len(lengths))\n"
            "    return torch.cat([f[rows, lengths - 1], b[rows, -1]], -1)",
            named="backward direction read at the last step",
        ),
        Attempt(
            "def sentence_vector(states, lengths):\n    batch = states.shape[1]\n    rows = torch.arange(batch)\n"
            "    ends = torch.stack([states[0, rows, lengths - 1], states[1, rows, 0]])\n"
            "    return ends.view(batch, -1)",
            named="reshaped without moving the batch",
        ),
    ),
)
