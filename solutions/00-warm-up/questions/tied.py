"""Question 4: one matrix, read by rows on the way in and by dot products on the way out."""

import math

import numpy as np
import torch

from classroom.questions.common.altered import altered
from classroom.questions.common.drawing import normal, tokens
from classroom.questions.common.mistakes import cut_graph, fixed_precision
from classroom.questions.criteria import Gradients, ShapeAndDtype, Values
from classroom.questions.guide import Guide, Section, WorkedExample
from classroom.questions.question import Attempt, Case, Misconception, Question
from classroom.student_code.student import Call


def in_and_out(ids, hidden, table):
    """The rows of the ids, and the dot product of each hidden vector with every row."""
    return table[ids], hidden @ table.T


def cases(rng: np.random.Generator) -> list[Case]:
    def case(name, tags, batch, n, d, size, dtype=np.float32, backward=False):
        table, hidden = normal(rng, size, d, dtype=dtype), normal(rng, *batch, n, d, dtype=dtype)
        cotangent = normal(rng, *batch, n, d + size, dtype=dtype) if backward else None
        return Case(name, (Call((tokens(rng, *batch, n, size=size), hidden, table), cotangent=cotangent),), tags)

    everything, forward = frozenset({"values", "shape", "gradients"}), frozenset({"values", "shape"})
    return [
        case("one sentence", everything, (), 6, 3, 5, backward=True),
        case("a batch", everything, (2,), 3, 4, 6, backward=True),
        case("two batch axes", forward, (2, 3), 2, 4, 5),
        case("as many pieces as features", forward, (2,), 3, 4, 4),
        case("a single token", forward, (1,), 1, 3, 4),
        case("double precision", forward, (2,), 3, 4, 5, dtype=np.float64),
    ]


def not_transposed(ids, hidden, table):
    return table[ids], hidden @ table


def columns(ids, hidden, table):
    return table.T[ids], hidden @ table.T


def from_one(ids, hidden, table):
    return table[ids - 1], hidden @ table.T


def from_one_padded(ids, hidden, table):
    return table[(ids + 1) % len(table)], hidden @ table.T


def scores_of_the_input(ids, hidden, table):
    return table[ids], table[ids] @ table.T


def against_the_sentence(ids, hidden, table):
    return table[ids], hidden @ table[ids].mT


def scaled(ids, hidden, table):
    return table[ids] * math.sqrt(table.shape[-1]), hidden @ table.T


def logits_scaled(ids, hidden, table):
    return table[ids], hidden @ table.T / math.sqrt(table.shape[-1])


def probabilities(ids, hidden, table):
    return table[ids], (hidden @ table.T).softmax(dim=-1)


def log_probabilities(ids, hidden, table):
    return table[ids], (hidden @ table.T).log_softmax(dim=-1)


def cosines(ids, hidden, table):
    unit = torch.nn.functional.normalize
    return table[ids], unit(hidden, dim=-1) @ unit(table, dim=-1).T


def likeliest(ids, hidden, table):
    return table[ids], (hidden @ table.T).argmax(dim=-1)


def own_logit(ids, hidden, table):
    return table[ids], (hidden * table[ids]).sum(dim=-1)


def unit_rows(ids, hidden, table):
    return torch.nn.functional.normalize(table[ids], dim=-1), hidden @ table.T


def places_last(ids, hidden, table):
    return table[ids], table @ hidden.mT


def added_to_hidden(ids, hidden, table):
    return table[ids], (hidden + table[ids]) @ table.T


def one_hot_vectors(ids, hidden, table):
    return torch.nn.functional.one_hot(ids, table.shape[0]).to(table.dtype), hidden @ table.T


def squashed(ids, hidden, table):
    return table[ids], torch.sigmoid(hidden @ table.T)


def table_apart_out(ids, hidden, table):
    return table[ids], hidden @ table.detach().T


def table_apart_in(ids, hidden, table):
    return table.detach()[ids], hidden @ table.T


def by_one_hot(ids, hidden, table):
    one_hot = torch.nn.functional.one_hot(ids, table.shape[0]).to(table.dtype)
    return one_hot @ table, torch.einsum("...d,vd->...v", hidden, table)


def by_layers(ids, hidden, table):
    return torch.nn.functional.embedding(ids, table), torch.nn.functional.linear(hidden, table)


def by_index_select(ids, hidden, table):
    rows = table.index_select(0, ids.flatten())
    return [rows.reshape(*ids.shape, -1), (table @ hidden.mT).mT]


def by_loop(ids, hidden, table):
    rows = torch.stack([table[i] for i in ids.flatten().tolist()]).reshape(*ids.shape, table.shape[1])
    return rows, torch.stack([(hidden * row).sum(dim=-1) for row in table], dim=-1)


TIED = Question(
    id="in-and-out",
    title="One matrix, in and out",
    target="in_and_out",
    points=2,
    reference=in_and_out,
    cases=cases,
    criteria=(Values(weight=2), Gradients(weight=1), ShapeAndDtype(weight=1)),
    misconceptions=(
        Misconception(
            "not transposed on the way out",
            "You multiply the hidden vectors by the table as it stands. A logit is the dot product with a *row* of the "
            "table, one for each piece: the table has to be transposed.",
            not_transposed,
        ),
        Misconception(
            "columns for rows",
            "You pick columns of the table. A piece is a row: there are as many rows as pieces.",
            columns,
        ),
        Misconception(
            "counted from one",
            "You subtract 1 from the ids. They count from 0: id 0 is the first row.",
            from_one,
        ),
        Misconception(
            "one row too far",
            "You take the row after the one that is asked for. Ids count from 0: id 0 is the first row.",
            from_one_padded,
        ),
        Misconception(
            "scores of the input",
            "Your logits are made of the vectors that you looked up. They belong to `hidden`, which is what the "
            "machine made of its input.",
            scores_of_the_input,
        ),
        Misconception(
            "scored against the sentence only",
            "You score the hidden vectors against the pieces of the sentence. There is one logit for *every* piece of "
            "the vocabulary: against the whole table.",
            against_the_sentence,
        ),
        Misconception(
            "scaled on the way in",
            "Your vectors are the rows times √d. The paper's model does that; here the rows are asked for as they are.",
            scaled,
        ),
        Misconception(
            "scaled on the way out",
            "You divide the logits by √d. That is for the scores of attention; here the plain dot product is asked "
            "for.",
            logits_scaled,
        ),
        Misconception(
            "probabilities",
            "You return probabilities where logits are asked for: leave softmax to whoever uses them. A loss takes "
            "logits, and softmax twice is wrong.",
            probabilities,
        ),
        Misconception(
            "log-probabilities",
            "You return log-softmax of the logits. The logits themselves are asked for, as they come out of the "
            "product.",
            log_probabilities,
        ),
        Misconception(
            "cosines",
            "You divide by the lengths of the vectors, so your logits are cosines. The plain dot product is asked for.",
            cosines,
        ),
        Misconception(
            "the likeliest piece",
            "You return the number of the piece with the largest logit. All logits are asked for: one for each piece.",
            likeliest,
        ),
        Misconception(
            "the logit of the id alone",
            "You return one logit for each place, that of the id which stands there. There is one for *every* piece.",
            own_logit,
        ),
        Misconception(
            "rows of length one",
            "You divide the rows by their length. The rows as they are in the table are asked for.",
            unit_rows,
        ),
        Misconception(
            "places last",
            "Your logits are transposed: the pieces are the last axis, one row of logits for each place.",
            places_last,
        ),
        Misconception(
            "input added",
            "You add the looked-up vectors to `hidden` before the product. The logits belong to `hidden` as it is "
            "given.",
            added_to_hidden,
        ),
        Misconception(
            "one-hot vectors",
            "You return the one-hot vectors. Multiplied by the table they pick its rows, and those are asked for.",
            one_hot_vectors,
        ),
        Misconception(
            "sigmoid",
            "You put the logits through a sigmoid. They are asked for as they come out of the product.",
            squashed,
        ),
        Misconception(
            "logits before vectors",
            "The two results have changed places: the vectors come first, then the logits.",
            altered(in_and_out, after=lambda pair: pair[::-1]),
        ),
        Misconception(
            "no gradient to the table on the way out",
            "The values are right, but the table does not learn from the logits: it is detached, or copied, before the "
            "product. It is one matrix, and it learns from both ends.",
            table_apart_out,
        ),
        Misconception(
            "no gradient to the table on the way in",
            "The values are right, but the table does not learn from the look-up: it is detached, or copied, before "
            "the rows are taken. It is one matrix, and it learns from both ends.",
            table_apart_in,
        ),
        cut_graph(in_and_out),
        fixed_precision(in_and_out, "vectors and logits"),
    ),
    alternatives={
        "one-hot and einsum": by_one_hot,
        "embedding and linear": by_layers,
        "index_select": by_index_select,
        "loops": by_loop,
    },
    guide=Guide(
        difficulty=1,
        minutes=8,
        section=Section("sequences-to-sequences", "A token picks a row"),
        hints=(
            "Begin with shapes: `(n,)` ids pick from `(V, d)` what has the shape `(n, d)`.",
            "A tensor can be indexed with a tensor of whole numbers, of any shape: it picks rows.",
            "A logit is a dot product with a row. All of them at once: `(n, d)` times `(d, V)`.",
        ),
    ),
    example=WorkedExample(
        call="in_and_out([2, 0], [[1, 0], [1, 2]], [[1, 2], [0, 3], [5, -1]])",
        arguments=(np.array([2, 0]), [[1.0, 0.0], [1.0, 2.0]], [[1.0, 2.0], [0.0, 3.0], [5.0, -1.0]]),
        expected=([[5.0, -1.0], [1.0, 2.0]], [[1.0, 0.0, 5.0], [5.0, 6.0, 3.0]]),
    ),
    attempts=(
        Attempt("def in_and_out(ids, h, E):\n    return E[ids], h @ E", named="not transposed on the way out"),
        Attempt(
            "def in_and_out(ids, h, E):\n    return E[ids], torch.softmax(h @ E.T, -1)", named="probabilities"
        ),
        Attempt("def in_and_out(ids, h, E):\n    return [torch.take_along_dim(E.expand(*ids.shape[:-1], *E.shape), "
                "ids[..., None], -2), torch.matmul(h, E.transpose(0, 1))]"),
    ),
    promises={
        "a pair": "shape and dtype",
        "the rows of `table`": "one sentence; a batch; two batch axes",
        "The rows and the dot products as they are": "values",
        "learns from both ends": "gradients",
    },
)  # fmt: skip
