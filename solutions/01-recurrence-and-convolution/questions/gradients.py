"""Question 4: what arrives of a gradient, by distance."""

import numpy as np
import torch

from classroom.questions.common.mistakes import fixed_precision
from classroom.questions.criteria import ShapeAndDtype, Unchanged, Values
from classroom.questions.guide import Guide, Section, WorkedExample
from classroom.questions.question import Attempt, Case, Misconception, Question
from classroom.student_code.student import Call

from .cells import matrix, words


def walked(step, states, gradient):
    """The vectors from the last state back to the first, where `step(h, g)` gives the one before."""
    g, vectors = gradient, [gradient]
    for h in states.flip(0)[:-1]:
        g = step(h, g)
        vectors.append(g)
    return torch.stack(vectors)


def vectors(states, u, gradient):
    return walked(lambda h, g: u.T @ ((1 - h**2) * g), states, gradient)


def gradient_norms(states, u, gradient):
    """The lengths of these vectors: entry k belongs to the state k steps before the last."""
    return vectors(states, u, gradient).norm(dim=-1)


def cases(rng: np.random.Generator) -> list[Case]:
    def inputs(n, d, dtype=np.float32):
        states = rng.choice([-1.0, 1.0], size=(n, d)) * rng.uniform(0.25, 0.85, (n, d))
        return states.astype(dtype), 1.5 * matrix(rng, d, d, dtype), words(rng, d, dtype=dtype)

    def case(name, *sizes, dtype=np.float32):
        return Case(name, (Call(inputs(*sizes, dtype=dtype)),), frozenset({"values", "shape"}))

    states, u, gradient = inputs(4, 3)
    first, others = states.copy(), states.copy()
    first[0] = rng.permutation([0.95, -0.05, 0.5]).astype(np.float32)
    others[1:] *= 0.4
    calls = (Call((states, u, gradient)), Call((first, u, gradient)), Call((others, u, 3 * gradient)))
    return [
        case("four words", 4, 3),
        case("wide states", 3, 5),
        case("all sizes equal", 3, 3),
        case("a single word", 1, 4),
        case("double precision", 4, 2, dtype=np.float64),
        Case("another first state", calls, frozenset({"unchanged"})),
    ]


def no_derivative(states, u, gradient):
    return walked(lambda h, g: u.T @ g, states, gradient).norm(dim=-1)


def derivative_alone(states, u, gradient):
    return walked(lambda h, g: (1 - h**2) * g, states, gradient).norm(dim=-1)


def u_not_transposed(states, u, gradient):
    return gradient_norms(states, u.T, gradient)


def jacobian_not_transposed(states, u, gradient):
    return walked(lambda h, g: (1 - h**2) * (u @ g), states, gradient).norm(dim=-1)


def factors_exchanged(states, u, gradient):
    return walked(lambda h, g: (1 - h**2) * (u.T @ g), states, gradient).norm(dim=-1)


def state_before(states, u, gradient):
    moved = torch.cat([states[:1], states[:-1]])
    return gradient_norms(moved, u, gradient)


def one_minus_h(states, u, gradient):
    return walked(lambda h, g: u.T @ ((1 - h) * g), states, gradient).norm(dim=-1)


def square_of_the_difference(states, u, gradient):
    return walked(lambda h, g: u.T @ ((1 - h) ** 2 * g), states, gradient).norm(dim=-1)


def squared_states(states, u, gradient):
    return walked(lambda h, g: u.T @ (h**2 * g), states, gradient).norm(dim=-1)


def tanh_again(states, u, gradient):
    return gradient_norms(torch.tanh(states), u, gradient)


def of_the_sigmoid(states, u, gradient):
    return walked(lambda h, g: u.T @ (h * (1 - h) * g), states, gradient).norm(dim=-1)


def by_position(states, u, gradient):
    return gradient_norms(states, u, gradient).flip(0)


def squared(states, u, gradient):
    return gradient_norms(states, u, gradient) ** 2


def absolute_sums(states, u, gradient):
    return vectors(states, u, gradient).abs().sum(dim=-1)


def largest_entries(states, u, gradient):
    return vectors(states, u, gradient).abs().amax(dim=-1)


def vectors_returned(states, u, gradient):
    return vectors(states, u, gradient)


def relative(states, u, gradient):
    lengths = gradient_norms(states, u, gradient)
    return lengths / lengths[0]


def the_bound(states, u, gradient):
    return gradient.norm() * torch.linalg.matrix_norm(u, 2) ** torch.arange(len(states))


def norm_of_the_product(states, u, gradient):
    product, found = torch.eye(len(u), dtype=u.dtype), []
    for h in states.flip(0):
        found.append(torch.linalg.matrix_norm(product, 2))
        product = product @ torch.diag(1 - h**2) @ u
    return torch.stack(found)


def first_link_missing(states, u, gradient):
    g, found = gradient, []
    for h in states.flip(0):
        g = u.T @ ((1 - h**2) * g)
        found.append(g.norm())
    return torch.stack(found)


def one_step_each(states, u, gradient):
    steps = [gradient] + [u.T @ ((1 - h**2) * gradient) for h in states.flip(0)[:-1]]
    return torch.stack(steps).norm(dim=-1)


def states_from_the_left(states, u, gradient):
    g, found = gradient, [gradient]
    for h in states[1:]:
        g = u.T @ ((1 - h**2) * g)
        found.append(g)
    return torch.stack(found).norm(dim=-1)


def over_features(states, u, gradient):
    return vectors(states, u, gradient).norm(dim=0)


def by_jacobians(states, u, gradient):
    product, found = torch.eye(len(u), dtype=u.dtype), []
    for t in range(len(states) - 1, -1, -1):
        found.append(torch.linalg.vector_norm(gradient @ product))
        product = product @ torch.diag(1 - states[t] ** 2) @ u
    return torch.stack(found)


def by_autograd(states, u, gradient):
    leaves = [torch.zeros_like(h, requires_grad=True) for h in states]
    h = states[0].detach() + leaves[0]
    for t in range(1, len(states)):
        rest = torch.atanh(states[t].detach()) - u.detach() @ states[t - 1].detach()
        h = torch.tanh(rest + u.detach() @ h) + leaves[t]
    found = torch.autograd.grad(h @ gradient.detach(), leaves)
    return torch.stack([g.norm() for g in found[::-1]])


def by_einsum(states, u, gradient):
    jacobians = torch.einsum("td,de->tde", 1 - states.square(), u)
    g, found = gradient, [gradient.square().sum()]
    for t in range(1, len(states)):
        g = torch.einsum("d,de->e", g, jacobians[-t])
        found += [g.square().sum()]
    return torch.stack(found).sqrt()


GRADIENTS = Question(
    id="gradient-norms",
    title="What arrives of a gradient",
    target="gradient_norms",
    points=2,
    reference=gradient_norms,
    cases=cases,
    criteria=(
        Values(weight=3),
        ShapeAndDtype(weight=1),
        Unchanged(
            weight=1, name="no link before the first state", what="the first state, which is no link of the chain,"
        ),
    ),
    misconceptions=(
        Misconception(
            "the tanh forgotten",
            "You multiply by `u` at each step, but the tanh has a derivative too: $1 - h^2$ for each feature.",
            no_derivative,
        ),
        Misconception(
            "the matrix forgotten",
            "You multiply by $1 - h^2$ at each step, but the way from one state to the next also goes through `u`.",
            derivative_alone,
        ),
        Misconception(
            "u not transposed",
            "You multiply by `u` where a gradient needs its transpose. Forwards, states are multiplied by $U$; "
            "backwards, gradients by $U^\\top$.",
            u_not_transposed,
        ),
        Misconception(
            "the link not transposed",
            "You apply the whole link, $\\operatorname{diag}(1 - h^2)\\,U$, as it stands. It carries changes of a "
            "state forwards; a gradient goes backwards, by the transpose.",
            jacobian_not_transposed,
        ),
        Misconception(
            "factors exchanged",
            "You have both factors, in the wrong order. Forwards comes $U$ first and then the tanh, so backwards "
            "the tanh comes first.",
            factors_exchanged,
        ),
        Misconception(
            "the state before",
            "You take $1 - h^2$ at the state *before* the step. The tanh's derivative belongs to its own result: "
            "the state after.",
            state_before,
        ),
        Misconception(
            "1 - h",
            "You multiply by $1 - h$. The derivative of tanh is 1 minus its *squared* value.",
            one_minus_h,
        ),
        Misconception(
            "tanh once more",
            "You take the tanh of the states once more. They are the tanh's values already: its derivative is $1 - "
            "h^2$.",
            tanh_again,
        ),
        Misconception(
            "derivative of the sigmoid",
            "$h(1 - h)$ is the derivative of the sigmoid. Here the states come from a tanh.",
            of_the_sigmoid,
        ),
        Misconception(
            "by position",
            "Your numbers are right, in the wrong order: entry 0 belongs to the last state, distance 0.",
            by_position,
        ),
        Misconception(
            "squared lengths",
            "You return squared lengths: the root is missing.",
            squared,
        ),
        Misconception(
            "sums of absolute values",
            "You add up absolute values. The length of a vector is the root of the sum of squares.",
            absolute_sums,
        ),
        Misconception(
            "largest entries",
            "You take each gradient's largest entry. The length of a vector is the root of the sum of squares.",
            largest_entries,
        ),
        Misconception(
            "vectors returned",
            "You return the gradients themselves. Asked for is the length of each: one number for each distance.",
            vectors_returned,
        ),
        Misconception(
            "lengths over time",
            "You take lengths over the wrong axis: one number for each feature. Asked for is one for each distance.",
            over_features,
        ),
        Misconception(
            "relative to the first",
            "You divide by the first length. Asked for are the lengths themselves.",
            relative,
        ),
        Misconception(
            "the bound",
            "You return the bound $\\lVert U \\rVert^k$, which holds for all sentences. Asked for is what arrives "
            "for *these* states and this gradient.",
            the_bound,
        ),
        Misconception(
            "norm of the product",
            "You return the norms of the products of links, how much they could stretch a vector at most. Asked for "
            "is the length of this gradient after it went through them.",
            norm_of_the_product,
        ),
        Misconception(
            "one link too many",
            "Your numbers are one link ahead: at distance 0 nothing has been passed yet, and the first number is "
            "the length of `gradient` itself.",
            first_link_missing,
        ),
        Misconception(
            "one link each",
            "Each of your numbers passes one link alone. To get to distance k a gradient passes k of them, one "
            "after the other.",
            one_step_each,
        ),
        Misconception(
            "links from the left",
            "You pass the links from the beginning of the sentence. A gradient comes from its end: the last state's "
            "link is first.",
            states_from_the_left,
        ),
        fixed_precision(gradient_norms, "lengths"),
        Misconception(
            "(1 - h) squared",
            "You multiply by $(1 - h)^2$. The derivative of tanh is $1 - h^2$: only the state is squared.",
            square_of_the_difference,
        ),
        Misconception(
            "1 forgotten",
            "You multiply by $h^2$. The derivative of tanh is 1 *minus* that.",
            squared_states,
        ),
    ),
    alternatives={
        "product of Jacobians": by_jacobians,
        "autograd": by_autograd,
        "einsum": by_einsum,
    },
    promises={
        "`gradient_norms(states, u, gradient)`": "values; wide states; double precision",
        "the loss looks at no other": "nothing to test",
        "what arrives $k$ steps before the end": "misconception by position; misconception squared lengths; "
        "all sizes equal",
        "Entry 0 is the length": "a single word; misconception one link too many",
        "its value changes nothing": "no link before the first state",
    },
    guide=Guide(
        difficulty=3,
        minutes=15,
        section=Section("recurrence", "The gradient is a product"),
        hints=(
            "Go one link back: what does a gradient at $h_t$ become at $h_{t-1}$? Undo the tanh first, then the "
            "matrix.",
            "The derivative of tanh is $1 - h_t^2$, entry by entry, at the state *after* the step. Then comes "
            "$U^\\top$.",
            "One link back, `g` becomes `u.T @ ((1 - h**2) * g)`, for `h` from the last state to the second. Begin the "
            "list with `gradient`, and take the length of each.",
        ),
    ),
    example=WorkedExample(
        call="gradient_norms([[0.9], [0.6], [0.0]], u=[[0.5]], gradient=[2.0])",
        arguments=([[0.9], [0.6], [0.0]], [[0.5]], [2.0]),
        expected=([2.0, 1.0, 0.32],),
    ),
    attempts=(
        Attempt(
            "def gradient_norms(states, u, gradient):\n    out = [gradient.norm()]\n    g = gradient\n"
            "    for t in range(len(states) - 1, 0, -1):\n        g = (torch.diag(1 - states[t] ** 2) @ u) @ g\n"
            "        out.append(g.norm())\n    return torch.stack(out)",
            named="the link not transposed",
        ),
        Attempt(
            "def gradient_norms(states, u, gradient):\n    out = [gradient.norm()]\n    g = gradient\n"
            "    for t in range(len(states) - 1, 0, -1):\n        g = u.T @ (g * (1 - states[t - 1] ** 2))\n"
            "        out.append(g.norm())\n    return torch.stack(out)",
            named="the state before",
        ),
    ),
)
