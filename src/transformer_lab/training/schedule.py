"""Adam and its warm-up schedule (Vaswani et al. 2017, section 5.3, equation 3)."""

from collections.abc import Iterable

import torch
from torch import nn


def learning_rate(step: int, d_model: int, warmup: int, factor: float = 1.0) -> float:
    """factor · d_model^−½ · min(step^−½, step · warmup^−³ᐟ²), for `step` = 1, 2, …

    It rises linearly for `warmup` steps, then falls with the inverse square root of the step. The paper's
    `factor` is 1.
    """
    return factor * d_model**-0.5 * min(step**-0.5, step * warmup**-1.5)


def adam(parameters: Iterable[nn.Parameter]) -> torch.optim.Adam:
    """The paper's Adam: β₁ = 0.9, β₂ = 0.98, ε = 10⁻⁹. The schedule sets its learning rate at every step.

    Fused: one kernel reads and writes every number once, where the plain form makes a dozen passes over memory.
    """
    return torch.optim.Adam(parameters, lr=0.0, betas=(0.9, 0.98), eps=1e-9, fused=True)


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Gives every parameter group the learning rate `rate`."""
    for group in optimizer.param_groups:
        group["lr"] = rate
