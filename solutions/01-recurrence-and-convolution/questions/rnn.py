"""Question 1: a recurrent network, step by step."""

import numpy as np
import torch

from classroom.questions.common.altered import with_argument
from classroom.questions.common.mistakes import cut_graph, fixed_precision
from classroom.questions.criteria import Gradients, ShapeAndDtype, Unchanged, Values
from classroom.questions.guide import Guide, Section, WorkedExample
from classroom.questions.question import Attempt, Case, Misconception, Question
from classroom.student_code.student import Call

from .cells import READY_MADE, bias, matrix, read, words


def rnn(x, w, u, b):
    """The library's vanilla cell, with these matrices."""
    return read(x, w, u, b)


def cases(rng: np.random.Generator) -> list[Case]:
    def inputs(batch, n, d_in, d, dtype=np.float32):
        return (
            words(rng, batch, n, d_in, dtype=dtype),
            matrix(rng, d, d_in, dtype),
            matrix(rng, d, d, dtype),
            bias(rng, d, dtype),
        )

    def case(name, tags, *sizes, dtype=np.float32, backward=False):
        batch, n, _, d = sizes
        cotangent = words(rng, batch, n, d, dtype=dtype) if backward else None
        return Case(name, (Call(inputs(*sizes, dtype=dtype), cotangent=cotangent),), frozenset(tags))

    x, *matrices = inputs(1, 3, 2, 4)
    changed = x.copy()
    changed[:, -1] = -x[:, -1]
    return [
        case("two sentences", {"values", "shape", "gradients"}, 2, 4, 3, 5, backward=True),
        case("words wider than states", {"values", "shape"}, 3, 2, 4, 1),
        case("all sizes equal", {"values", "shape"}, 3, 3, 3, 3),
        case("a single word", {"values", "shape"}, 2, 1, 3, 4),
        case("double precision", {"values", "shape"}, 1, 3, 2, 4, dtype=np.float64),
        Case(
            "another last word",
            (Call((x, *matrices)), Call((changed, *matrices))),
            frozenset({"unchanged"}),
            {"unchanged": np.array([[[True], [True], [False]]])},
        ),
    ]


def unrolled(step, x, u):
    """All states, with `step(x_t, h)` in place of the right one."""
    h = x.new_zeros(len(x), len(u))
    states = []
    for t in range(x.shape[1]):
        h = step(x[:, t], h)
        states.append(h)
    return torch.stack(states, dim=1)


def no_memory(x, w, u, b):
    return torch.tanh(x @ w.T + b)


def no_tanh(x, w, u, b):
    return unrolled(lambda word, h: word @ w.T + h @ u.T + b, x, u)


def sigmoid(x, w, u, b):
    return unrolled(lambda word, h: torch.sigmoid(word @ w.T + h @ u.T + b), x, u)


def relu(x, w, u, b):
    return unrolled(lambda word, h: torch.relu(word @ w.T + h @ u.T + b), x, u)


def bias_outside(x, w, u, b):
    return unrolled(lambda word, h: torch.tanh(word @ w.T + h @ u.T) + b, x, u)


def tanh_of_the_state_alone(x, w, u, b):
    return unrolled(lambda word, h: word @ w.T + torch.tanh(h @ u.T) + b, x, u)


def added_to_the_state(x, w, u, b):
    return unrolled(lambda word, h: h + torch.tanh(word @ w.T + h @ u.T + b), x, u)


def matrices_exchanged(x, w, u, b):
    return unrolled(lambda word, h: torch.tanh(word @ u.T + h @ w.T + b), x, u)


def state_before(x, w, u, b):
    states = rnn(x, w, u, b)
    return torch.cat([torch.zeros_like(states[:, :1]), states[:, :-1]], dim=1)


def last_state(x, w, u, b):
    return rnn(x, w, u, b)[:, -1]


def across_the_batch(x, w, u, b):
    return rnn(x.transpose(0, 1), w, u, b).transpose(0, 1)


def time_first(x, w, u, b):
    return rnn(x, w, u, b).transpose(0, 1)


def from_the_right(x, w, u, b):
    return read(x, w, u, b, backward=True)


def cut_between_steps(x, w, u, b):
    return unrolled(lambda word, h: torch.tanh(word @ w.T + h.detach() @ u.T + b), x, u)


def first_word_as_start(x, w, u, b):
    first = torch.tanh(x[:, 0] @ w.T + b)
    h, states = first, []
    for t in range(x.shape[1]):
        h = torch.tanh(x[:, t] @ w.T + h @ u.T + b)
        states.append(h)
    return torch.stack(states, dim=1)


def not_transposed(x, w, u, b):
    return unrolled(lambda word, h: torch.tanh(word @ w + h @ u + b), x, u)


def by_projecting_first(x, w, u, b):
    projected = torch.einsum("bni,di->bnd", x, w) + b
    states = [torch.tanh(projected[:, 0])]
    for t in range(1, x.shape[1]):
        states.append(torch.tanh(projected[:, t] + torch.einsum("bd,ed->be", states[-1], u)))
    return torch.stack(states, dim=1)


def by_one_matrix(x, w, u, b):
    both = torch.cat([w, u], dim=1)
    return unrolled(lambda word, h: torch.tanh(torch.nn.functional.linear(torch.cat([word, h], dim=1), both, b)), x, u)


def sentence_by_sentence(x, w, u, b):
    sentences = []
    for sentence in x:
        h, states = torch.zeros(len(u), dtype=x.dtype), []
        for word in sentence:
            h = (w @ word + u @ h + b).tanh()
            states += [h]
        sentences.append(torch.stack(states))
    return torch.stack(sentences)


RNN = Question(
    id="rnn",
    title="One cell, many times",
    target="rnn",
    points=2,
    reference=rnn,
    cases=cases,
    criteria=(
        Values(weight=3),
        Gradients(weight=2),
        ShapeAndDtype(weight=1),
        Unchanged(
            weight=2, name="cannot see what comes later", what="the last word, which earlier states have not read,"
        ),
    ),
    misconceptions=(
        Misconception(
            "no memory",
            "Your states do not depend on the words before: `u` and the state before are not used. What makes the "
            "network recurrent is that each step also gets the state of the one before it.",
            no_memory,
        ),
        Misconception(
            "no tanh",
            "The sum is right, but nothing bends it: the tanh around it is missing. Without it many steps are one "
            "linear map.",
            no_tanh,
        ),
        Misconception(
            "sigmoid in place of tanh",
            "Your states all lie between 0 and 1: you use the sigmoid. This cell has a tanh, whose values have both "
            "signs.",
            sigmoid,
        ),
        Misconception(
            "bias outside",
            "You add `b` after the tanh. It belongs to the sum inside: look at the brackets.",
            bias_outside,
        ),
        Misconception(
            "bias forgotten",
            "Everything is there but `b`: look at the sum inside the tanh.",
            with_argument(rnn, 3, torch.zeros_like),
        ),
        Misconception(
            "tanh of the state alone",
            "Your tanh bends the state's part alone. It stands around the whole sum: word, state and bias.",
            tanh_of_the_state_alone,
        ),
        Misconception(
            "added to the state",
            "You add the tanh to the state before. Here the new state *is* the tanh; the old one enters only "
            "through `u`.",
            added_to_the_state,
        ),
        Misconception(
            "u transposed",
            "You multiply the state by `u` from the wrong side. The formula has $Uh$ for a column; for rows of a "
            "batch that is `h @ u.T`.",
            with_argument(rnn, 2, lambda u: u.T),
        ),
        Misconception(
            "w and u exchanged",
            "You multiply the words by `u` and the state by `w`. Words may be wider or narrower than states: `w` "
            "has a column for each feature of a word.",
            matrices_exchanged,
        ),
        Misconception(
            "no matrix transposed",
            "You multiply by `w` and `u` as they are. The formula multiplies columns from the left; for rows of a "
            "batch both matrices have to be transposed.",
            not_transposed,
        ),
        Misconception(
            "position 0 never filled",
            "Your states are one place late: position 0 holds the start, zeros, and the state after the last word "
            "is missing. Store the state *after* each step.",
            state_before,
        ),
        Misconception(
            "last state alone",
            "You return the last state. Asked for are all of them, one for each word.",
            last_state,
        ),
        Misconception(
            "time runs across the batch",
            "Your state goes from sentence to sentence: the loop runs over the batch. The words stand on axis 1.",
            across_the_batch,
        ),
        Misconception(
            "time first",
            "Your states come as (n, batch, d): words and sentences have changed places. See which axis "
            "`torch.stack` makes.",
            time_first,
        ),
        Misconception(
            "read from the right",
            "You read from the last word to the first. The state at a word may know only the words up to it.",
            from_the_right,
        ),
        Misconception(
            "the first word read twice",
            "Before the first step your state is not 0: the first word is in it already, and is then read once more.",
            first_word_as_start,
        ),
        Misconception(
            "gradient cut between steps",
            "The values are right, but the gradient stops after one step: the state is cut off on its way to the "
            "next one (`.detach()`, `.data`, `.clone()` under `no_grad`). What happened early could never be "
            "learned.",
            cut_between_steps,
        ),
        cut_graph(rnn),
        fixed_precision(rnn, "states"),
        Misconception(
            "ReLU in place of tanh",
            "Your states are never negative: you use the ReLU. This cell has a tanh.",
            relu,
        ),
    ),
    alternatives={
        "words projected first": by_projecting_first,
        "one matrix for both": by_one_matrix,
        "sentence by sentence": sentence_by_sentence,
    },
    forbidden=READY_MADE,
    promises={
        "`rnn(x, w, u, b)`": "values; all sizes equal; double precision",
        "the state after *every* word": "misconception last state alone; misconception position 0 never filled; "
        "a single word",
        "on no later one": "cannot see what comes later",
        "PyTorch's recurrent layers raise an error": "forbidden names",
    },
    guide=Guide(
        difficulty=1,
        minutes=10,
        section=Section("recurrence", "One cell, many times"),
        hints=(
            "The loop is the network. What does one turn of it need, and what does it hand to the next?",
            "`x[:, t]` are all sentences' words at position t. The formula is for columns; rows need `w.T` and `u.T`.",
            "Begin with a state of zeros, (batch, d) and in the dtype of `x`. Collect the state after each step in "
            "a list, and `torch.stack` it on axis 1.",
        ),
    ),
    example=WorkedExample(
        call="rnn([[[1.0], [0.0]]], w=[[1.0]], u=[[0.5]], b=[0.0])",
        arguments=([[[1.0], [0.0]]], [[1.0]], [[0.5]], [0.0]),
        expected=([[[0.7616], [0.3634]]],),
    ),
    attempts=(
        Attempt(
            "def rnn(x, w, u, b):\n    h = torch.zeros(x.shape[0], u.shape[0], dtype=x.dtype)\n    out = []\n"
            "    for t in range(x.shape[1]):\n        out.append(h)\n"
            "        h = torch.tanh(x[:, t] @ w.T + h @ u.T + b)\n    return torch.stack(out, 1)",
            named="position 0 never filled",
        ),
        Attempt(
            "def rnn(x, w, u, b):\n    h = 0 * x[:, 0] @ w.T\n    out = []\n    for x_t in x.unbind(1):\n"
            "        h = torch.tanh(x_t @ w.T + h.detach() @ u.T + b)\n        out += [h]\n"
            "    return torch.stack(out, -2)",
            named="gradient cut between steps",
        ),
        Attempt(
            "def rnn(x, w, u, b):\n    cell = nn.RNN(x.shape[-1], len(u), batch_first=True)\n    return cell(x)[0]",
            forbidden="torch.nn.RNN",
        ),
        Attempt(
            "def rnn(x, w, u, b):\n    h = torch.zeros(x.shape[0], u.shape[0]).to(x)\n"
            "    out = torch.empty(*x.shape[:2], u.shape[0]).to(x)\n"
            "    for t, word in enumerate(x.transpose(0, 1)):\n"
            "        h = (word.matmul(w.t()) + h.matmul(u.t()) + b).tanh()\n        out[:, t] = h\n    return out"
        ),
    ),
)
