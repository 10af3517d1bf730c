"""How weights begin."""

from torch import nn


def glorot(module: nn.Module) -> None:
    """Glorot's initialisation of every linear layer within, which keeps the variance of what passes; biases are 0.

    The paper does not give its own.
    """
    for part in module.modules():
        if isinstance(part, nn.Linear):
            nn.init.xavier_uniform_(part.weight)
            nn.init.zeros_(part.bias)
