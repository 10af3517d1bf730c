"""A recurrence without waiting: h_t = a_t h_{t−1} + b_t, for all t in a logarithm of steps (Martin & Cundy 2018).

A step x ↦ a x + b after another is again such a step: (a₂, b₂) ∘ (a₁, b₁) = (a₂a₁, a₂b₁ + b₂). That composition is
associative, so neighbours can be composed first, and their results again, all pairs at once: a parallel scan (Blelloch
1990). With tanh around it, as in the RNN of Elman, this is lost: only a *linear* recurrence need not wait. The
recurrent models of today are of this kind (Orvieto et al. 2023; Gu & Dao 2023).

Products only, no division, so small `a` do no harm: their effect underflows to 0, as it does in the loop.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from transformer_lab.errors import LabError


def recurrence_by_loop(
    a: Float[Tensor, "batch n d"], b: Float[Tensor, "batch n d"], start: Float[Tensor, "batch d"] | None = None
) -> Float[Tensor, "batch n d"]:
    """h_t = a_t h_{t−1} + b_t, one position after the other; h₀ is `start`, or 0. n steps that wait."""
    state = torch.zeros_like(b[:, 0]) if start is None else start
    states = []
    for t in range(b.shape[1]):
        state = a[:, t] * state + b[:, t]
        states.append(state)
    return torch.stack(states, dim=1)


def recurrence_by_scan(
    a: Float[Tensor, "batch n d"], b: Float[Tensor, "batch n d"], start: Float[Tensor, "batch d"] | None = None
) -> Float[Tensor, "batch n d"]:
    """The same states in `sequential_steps(n)` steps that wait, with about twice the products of the loop.

    Each round composes neighbours, which halves the length; on the way back the positions between are filled in
    (Blelloch 1990). The work is O(n), not O(n log n).
    """
    if start is not None:  # the first step starts from it
        b = torch.cat([(a[:, :1] * start[:, None]) + b[:, :1], b[:, 1:]], dim=1)
    return _scan(a, b)


def _scan(a: Float[Tensor, "batch n d"], b: Float[Tensor, "batch n d"]) -> Float[Tensor, "batch n d"]:
    length = b.shape[1]
    if length == 1:
        return b
    even = length - length % 2
    a_first, a_second = a[:, 0:even:2], a[:, 1:even:2]
    b_first, b_second = b[:, 0:even:2], b[:, 1:even:2]
    # States after positions 1, 3, 5, …: those of the recurrence of composed pairs.
    odd = _scan(a_second * a_first, torch.addcmul(b_second, a_second, b_first))
    # Each other state is one step from the one before it.
    before = odd[:, : (length - 1) // 2]
    later = torch.addcmul(b[:, 2::2], a[:, 2::2], before)
    others = torch.cat([b[:, :1], later], dim=1)
    paired = torch.stack([others[:, : odd.shape[1]], odd], dim=2).flatten(1, 2)
    return paired if length % 2 == 0 else torch.cat([paired, others[:, -1:]], dim=1)


def sequential_steps(length: int) -> int:
    """How many rounds of `recurrence_by_scan` must wait for one another: 2 ⌊log₂ n⌋, where the loop has n.

    Raises:
        LabError: `length` is below 1.
    """
    if length < 1:
        raise LabError(f"length={length} must be at least 1")
    return 2 * (length.bit_length() - 1)


class LinearRecurrence(nn.Module):
    """Gates that look at the input alone: g_t = σ(W x_t), h_t = g_t h_{t−1} + (1 − g_t) tanh(V x_t).

    The gated impulse linear recurrence of Martin & Cundy (2018, section 3.1). Compare `GRUCell`: its gates look at the
    state before too, which is why it must wait.
    """

    def __init__(self, d_in: int, d_model: int):
        super().__init__()
        self.gate = nn.Linear(d_in, d_model)
        self.candidate = nn.Linear(d_in, d_model)

    def steps(
        self, x: Float[Tensor, "batch n d_in"], real: Bool[Tensor, "batch n"] | None = None
    ) -> tuple[Float[Tensor, "batch n d_model"], Float[Tensor, "batch n d_model"]]:
        """a and b of every step. Where `real` is False, the step keeps the state: a = 1, b = 0."""
        gate = torch.sigmoid(self.gate(x))
        b = (1 - gate) * torch.tanh(self.candidate(x))
        if real is None:
            return gate, b
        return gate.masked_fill(~real[..., None], 1.0), b * real[..., None]

    def forward(
        self, x: Float[Tensor, "batch n d_in"], real: Bool[Tensor, "batch n"] | None = None
    ) -> Float[Tensor, "batch n d_model"]:
        """The state after every token, by the scan."""
        return recurrence_by_scan(*self.steps(x, real))
