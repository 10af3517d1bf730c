"""Adam and its schedule: warm-up (Vaswani et al. 2017, section 5.3, equation 3), and a decay at the end."""

from collections.abc import Iterable

import torch
from torch import nn


def learning_rate(step: int, d_model: int, warmup: int, factor: float = 1.0) -> float:
    """factor · d_model^−½ · min(step^−½, step · warmup^−³ᐟ²), for `step` = 1, 2, …

    It rises linearly for `warmup` steps, then falls with the inverse square root of the step. The paper's
    `factor` is 1.
    """
    return factor * d_model**-0.5 * min(step**-0.5, step * warmup**-1.5)


def linear_decay(step: int, steps: int, decay: int) -> float:
    """What is left of the learning rate in the last `decay` of `steps` steps: from 1 in a straight line towards 0.

    1 before, and always where `decay` is 0, as in the paper. A high rate learns faster but ends in noise; the decay
    takes the noise out, however long training was before it (Hägele et al. 2024, section 3).
    """
    return min(1.0, (steps + 1 - step) / decay) if decay else 1.0


def adam(parameters: Iterable[nn.Parameter]) -> torch.optim.Adam:
    """The paper's Adam: β₁ = 0.9, β₂ = 0.98, ε = 10⁻⁹. The schedule sets its learning rate at every step.

    Fused: one kernel reads and writes every number once, where the plain form makes a dozen passes over memory.
    """
    return torch.optim.Adam(parameters, lr=0.0, betas=(0.9, 0.98), eps=1e-9, fused=True)


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Gives every parameter group the learning rate `rate`."""
    for group in optimizer.param_groups:
        group["lr"] = rate
