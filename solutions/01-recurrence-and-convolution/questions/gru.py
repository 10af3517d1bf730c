"""Question 5: one step of a gated recurrent unit."""

import numpy as np
import torch

from classroom.questions.common.altered import with_argument
from classroom.questions.common.mistakes import cut_graph, fixed_precision
from classroom.questions.criteria import Gradients, ShapeAndDtype, Values
from classroom.questions.guide import Guide, Section, WorkedExample
from classroom.questions.question import Attempt, Case, Misconception, Question
from classroom.student_code.student import Call

from .cells import READY_MADE, bias, gru_step, matrix, words


def cases(rng: np.random.Generator) -> list[Case]:
    def case(name, tags, batch, d_in, d, dtype=np.float32, backward=False):
        arguments = (
            words(rng, batch, d_in, dtype=dtype),
            words(rng, batch, d, dtype=dtype),
            2 * matrix(rng, 3 * d, d_in, dtype),
            2 * matrix(rng, 3 * d, d, dtype),
            bias(rng, 3 * d, dtype),
        )
        cotangent = words(rng, batch, d, dtype=dtype) if backward else None
        return Case(name, (Call(arguments, cotangent=cotangent),), frozenset(tags))

    return [
        case("two sentences", {"values", "shape", "gradients"}, 2, 3, 4, backward=True),
        case("words wider than states", {"values", "shape"}, 3, 5, 2),
        case("all sizes equal", {"values", "shape"}, 3, 3, 3),
        case("one sentence", {"values", "shape"}, 1, 2, 3),
        case("double precision", {"values", "shape"}, 2, 4, 3, dtype=np.float64),
    ]


def parts(x, h, w, u, b):
    """The words' and the states' share of reset, update and candidate; biases are with the words."""
    return (*(x @ w.T + b).chunk(3, dim=-1), *(h @ u.T).chunk(3, dim=-1))


def mixed(h, z, candidate):
    return z * h + (1 - z) * candidate


def update_reversed(x, h, w, u, b):
    x_r, x_z, x_c, h_r, h_z, h_c = parts(x, h, w, u, b)
    candidate = torch.tanh(x_c + torch.sigmoid(x_r + h_r) * h_c)
    return mixed(candidate, torch.sigmoid(x_z + h_z), h)


def reset_before(x, h, w, u, b):
    x_r, x_z, x_c, h_r, h_z, _ = parts(x, h, w, u, b)
    r = torch.sigmoid(x_r + h_r)
    return mixed(h, torch.sigmoid(x_z + h_z), torch.tanh(x_c + (r * h) @ u.chunk(3)[2].T))


def gates_exchanged(x, h, w, u, b):
    return gru_step(x, h, *(torch.cat([m.chunk(3)[i] for i in (1, 0, 2)]) for m in (w, u, b)))


def candidate_first(x, h, w, u, b):
    return gru_step(x, h, *(torch.cat([m.chunk(3)[i] for i in (1, 2, 0)]) for m in (w, u, b)))


def no_reset(x, h, w, u, b):
    _, x_z, x_c, _, h_z, h_c = parts(x, h, w, u, b)
    return mixed(h, torch.sigmoid(x_z + h_z), torch.tanh(x_c + h_c))


def reset_of_everything(x, h, w, u, b):
    x_r, x_z, x_c, h_r, h_z, h_c = parts(x, h, w, u, b)
    return mixed(h, torch.sigmoid(x_z + h_z), torch.tanh(torch.sigmoid(x_r + h_r) * (x_c + h_c)))


def reset_of_the_word(x, h, w, u, b):
    x_r, x_z, x_c, h_r, h_z, h_c = parts(x, h, w, u, b)
    return mixed(h, torch.sigmoid(x_z + h_z), torch.tanh(torch.sigmoid(x_r + h_r) * x_c + h_c))


def state_without_matrix(x, h, w, u, b):
    x_r, x_z, x_c, h_r, h_z, _ = parts(x, h, w, u, b)
    return mixed(h, torch.sigmoid(x_z + h_z), torch.tanh(x_c + torch.sigmoid(x_r + h_r) * h))


def one_minus_reset(x, h, w, u, b):
    x_r, x_z, x_c, h_r, h_z, h_c = parts(x, h, w, u, b)
    return mixed(h, torch.sigmoid(x_z + h_z), torch.tanh(x_c + (1 - torch.sigmoid(x_r + h_r)) * h_c))


def two_sigmoids(x, h, w, u, b):
    x_r, x_z, x_c, h_r, h_z, h_c = parts(x, h, w, u, b)
    r, z = torch.sigmoid(x_r) + torch.sigmoid(h_r), torch.sigmoid(x_z) + torch.sigmoid(h_z)
    return mixed(h, z, torch.tanh(x_c + r * h_c))


def bias_reset(x, h, w, u, b):
    x_r, x_z, x_c, h_r, h_z, h_c = parts(x, h, w, u, b)
    b_c = b.chunk(3)[2]
    return mixed(h, torch.sigmoid(x_z + h_z), torch.tanh(x_c - b_c + torch.sigmoid(x_r + h_r) * (h_c + b_c)))


def sigmoid_candidate(x, h, w, u, b):
    x_r, x_z, x_c, h_r, h_z, h_c = parts(x, h, w, u, b)
    return mixed(h, torch.sigmoid(x_z + h_z), torch.sigmoid(x_c + torch.sigmoid(x_r + h_r) * h_c))


def no_tanh(x, h, w, u, b):
    x_r, x_z, x_c, h_r, h_z, h_c = parts(x, h, w, u, b)
    return mixed(h, torch.sigmoid(x_z + h_z), x_c + torch.sigmoid(x_r + h_r) * h_c)


def tanh_gates(x, h, w, u, b):
    x_r, x_z, x_c, h_r, h_z, h_c = parts(x, h, w, u, b)
    return mixed(h, torch.tanh(x_z + h_z), torch.tanh(x_c + torch.tanh(x_r + h_r) * h_c))


def linear_gates(x, h, w, u, b):
    x_r, x_z, x_c, h_r, h_z, h_c = parts(x, h, w, u, b)
    return mixed(h, x_z + h_z, torch.tanh(x_c + (x_r + h_r) * h_c))


def softmax_gates(x, h, w, u, b):
    x_r, x_z, x_c, h_r, h_z, h_c = parts(x, h, w, u, b)
    return mixed(h, (x_z + h_z).softmax(dim=-1), torch.tanh(x_c + (x_r + h_r).softmax(dim=-1) * h_c))


def candidate_returned(x, h, w, u, b):
    x_r, _, x_c, h_r, _, h_c = parts(x, h, w, u, b)
    return torch.tanh(x_c + torch.sigmoid(x_r + h_r) * h_c)


def old_state_lost(x, h, w, u, b):
    return gru_step(x, h, w, u, b) - torch.sigmoid(sum(parts(x, h, w, u, b)[1::3])) * h


def old_state_not_gated(x, h, w, u, b):
    return gru_step(x, h, w, u, b) + (1 - torch.sigmoid(sum(parts(x, h, w, u, b)[1::3]))) * h


def new_not_gated(x, h, w, u, b):
    x_r, x_z, x_c, h_r, h_z, h_c = parts(x, h, w, u, b)
    return torch.sigmoid(x_z + h_z) * h + torch.tanh(x_c + torch.sigmoid(x_r + h_r) * h_c)


def gates_of_the_word(x, h, w, u, b):
    x_r, x_z, x_c, _, _, h_c = parts(x, h, w, u, b)
    return mixed(h, torch.sigmoid(x_z), torch.tanh(x_c + torch.sigmoid(x_r) * h_c))


def interleaved(x, h, w, u, b):
    order = torch.arange(len(b)).reshape(-1, 3).T.flatten()
    return gru_step(x, h, w[order], u[order], b[order])


def u_transposed(x, h, w, u, b):
    return gru_step(x, h, w, torch.cat([part.T for part in u.chunk(3)]), b)


def cut_state(x, h, w, u, b):
    return gru_step(x, h.detach(), w, u, b)


def matrix_by_matrix(x, h, w, u, b):
    d = h.shape[-1]
    (w_r, w_z, w_c), (u_r, u_z, u_c) = w.split(d), u.split(d)
    b_r, b_z, b_c = b.split(d)
    r = 1 / (1 + torch.exp(-(x @ w_r.T + h @ u_r.T + b_r)))
    z = 1 / (1 + torch.exp(-(x @ w_z.T + h @ u_z.T + b_z)))
    return z * h + (1 - z) * torch.tanh(x @ w_c.T + b_c + r * (h @ u_c.T))


def by_lerp(x, h, w, u, b):
    x_r, x_z, x_c, h_r, h_z, h_c = parts(x, h, w, u, b)
    candidate = torch.tanh(x_c + torch.sigmoid(x_r + h_r) * h_c)
    return torch.lerp(candidate, h, torch.sigmoid(x_z + h_z))


def by_einsum(x, h, w, u, b):
    from_word = torch.einsum("bi,gdi->gbd", x, w.reshape(3, -1, x.shape[-1])) + b.reshape(3, 1, -1)
    from_state = torch.einsum("be,gde->gbd", h, u.reshape(3, -1, h.shape[-1]))
    gates = torch.sigmoid(from_word[:2] + from_state[:2])
    candidate = torch.tanh(from_word[2] + gates[0] * from_state[2])
    return candidate - gates[1] * (candidate - h)


GRU = Question(
    id="gru-step",
    title="Gates",
    target="gru_step",
    points=2,
    reference=gru_step,
    cases=cases,
    criteria=(Values(weight=3), Gradients(weight=2), ShapeAndDtype(weight=1)),
    misconceptions=(
        Misconception(
            "update gate the other way round",
            "Your update gate works the other way round: here $z$ is the share of the *old* state that stays, and "
            "$1 - z$ the share that is new.",
            update_reversed,
        ),
        Misconception(
            "reset before the product",
            "You multiply the state by $r$ before $U_c$. So it stands in the paper of 2014; here, as in most "
            "libraries, the gate comes after the product: $r \\odot (U_c h)$.",
            reset_before,
        ),
        Misconception(
            "reset and update exchanged",
            "Reset and update have changed places: the first third of `w`, `u` and `b` is the reset gate, the "
            "second the update gate.",
            gates_exchanged,
        ),
        Misconception(
            "another order of the thirds",
            "You take the thirds of `w`, `u` and `b` in another order: they are reset, update, candidate.",
            candidate_first,
        ),
        Misconception(
            "no reset gate",
            "The reset gate is missing: the candidate sees all of the state. Look at the third line.",
            no_reset,
        ),
        Misconception(
            "everything reset",
            "Your reset gate multiplies the word's part as well. It is about the state alone: what of the old does "
            "the candidate see?",
            reset_of_everything,
        ),
        Misconception(
            "the word reset",
            "Your reset gate multiplies the word's part in place of the state's. Look at the third line.",
            reset_of_the_word,
        ),
        Misconception(
            "the bias reset",
            "Nearly: your reset gate multiplies the candidate's bias too. Look at the brackets in the third line.",
            bias_reset,
        ),
        Misconception(
            "sigmoid for the candidate",
            "Your candidate is a sigmoid, always positive. Gates are sigmoids; the candidate is a tanh.",
            sigmoid_candidate,
        ),
        Misconception(
            "candidate without tanh",
            "Your candidate has no tanh, so the state has no bound.",
            no_tanh,
        ),
        Misconception(
            "gates by tanh",
            "Your gates are made by tanh and may be negative. A share lies between 0 and 1: sigmoid.",
            tanh_gates,
        ),
        Misconception(
            "gates without sigmoid",
            "Your gates are bare sums. A share lies between 0 and 1: the sigmoid is missing.",
            linear_gates,
        ),
        Misconception(
            "gates by softmax",
            "Your gates share one unit among all features. Each feature has a gate of its own: sigmoid, not softmax.",
            softmax_gates,
        ),
        Misconception(
            "candidate returned",
            "You return the candidate. One step is missing: the update gate mixes it with the old state.",
            candidate_returned,
        ),
        Misconception(
            "old state lost",
            "What stays of the old state is missing in your sum: look at the last line.",
            old_state_lost,
        ),
        Misconception(
            "old state not gated",
            "You keep all of the old state and add to it. The update gate shares out one unit: $z$ for the old, $1 "
            "- z$ for the new.",
            old_state_not_gated,
        ),
        Misconception(
            "candidate not gated",
            "You add all of the candidate. The update gate shares out one unit: $z$ for the old, $1 - z$ for the new.",
            new_not_gated,
        ),
        Misconception(
            "gates without the state",
            "Your gates look at the word alone. They see the state before as well, through their thirds of `u`.",
            gates_of_the_word,
        ),
        Misconception(
            "thirds interleaved",
            "You take every third row. The thirds lie one after the other: the first `d` rows are the reset gate's.",
            interleaved,
        ),
        Misconception(
            "u transposed",
            "You multiply the state by the thirds of `u` from the wrong side: for rows of a batch $Uh$ is `h @ u.T`.",
            u_transposed,
        ),
        Misconception(
            "bias forgotten",
            "Everything is there but `b`: it has a third for each of the three sums.",
            with_argument(gru_step, 4, torch.zeros_like),
        ),
        Misconception(
            "the old state cut off",
            "The values are right, but no gradient reaches the state before. A gate that is open should let it "
            "through: look for a `.detach()` or `.data`.",
            cut_state,
        ),
        cut_graph(gru_step),
        fixed_precision(gru_step, "states"),
        Misconception(
            "the candidate's matrix forgotten",
            "Your candidate gets the state itself, without $U_c$. Look at the third line.",
            state_without_matrix,
        ),
        Misconception(
            "reset gate the other way round",
            "Your reset gate works the other way round: $r$ is the share of the state that the candidate sees, not "
            "the share that it does not.",
            one_minus_reset,
        ),
        Misconception(
            "two sigmoids",
            "Each of your gates is a sum of two sigmoids, up to 2. Add first, then one sigmoid of the sum.",
            two_sigmoids,
        ),
    ),
    alternatives={"matrix by matrix": matrix_by_matrix, "lerp": by_lerp, "einsum": by_einsum},
    forbidden=READY_MADE,
    promises={
        "one step for a batch": "values; two sentences; one sentence",
        "in the order reset, update, candidate": "misconception reset and update exchanged; "
        "misconception another order of the thirds",
        "raise an error here": "forbidden names",
    },
    guide=Guide(
        difficulty=2,
        minutes=12,
        section=Section("recurrence", "Gates: a path that adds"),
        hints=(
            "Two products hold all six sums: `x @ w.T + b` and `h @ u.T`. Cut each into three.",
            "`.chunk(3, dim=-1)` cuts. The gates are sigmoids of the sum of both parts; only the candidate treats "
            "them apart.",
            "The candidate is `torch.tanh(x_c + r * h_c)`; the new state is `z * h + (1 - z) * candidate`.",
        ),
    ),
    example=WorkedExample(
        call="gru_step([[1.0]], [[0.5]], w=[[0.0], [0.0], [1.0]], u=[[0.0], [0.0], [2.0]], b=[0.0, 0.0, 0.0])",
        arguments=([[1.0]], [[0.5]], [[0.0], [0.0], [1.0]], [[0.0], [0.0], [2.0]], [0.0, 0.0, 0.0]),
        expected=([[0.7026]],),
    ),
    attempts=(
        Attempt(
            "def gru_step(x, h, w, u, b):\n    a, c = (x @ w.T + b).chunk(3, -1), (h @ u.T).chunk(3, -1)\n"
            "    r, z = torch.sigmoid(a[0] + c[0]), torch.sigmoid(a[1] + c[1])\n"
            "    return (1 - z) * h + z * torch.tanh(a[2] + r * c[2])",
            named="update gate the other way round",
        ),
        Attempt(
            "def gru_step(x, h, w, u, b):\n    cell = nn.GRUCell(x.shape[-1], h.shape[-1])\n    return cell(x, h)",
            forbidden="torch.nn.GRUCell",
        ),
    ),
)
