"""What the sizes of every model have in common."""

from dataclasses import fields
from typing import Any

from transformer_lab.errors import LabError


def check_heads(d_model: int, num_heads: int) -> None:
    """Raises LabError when there is no head, or the features cannot be shared out evenly among the heads."""
    if num_heads < 1:
        raise LabError(f"num_heads={num_heads} must be at least 1")
    if d_model % num_heads:
        raise LabError(
            f"d_model={d_model} is not divisible by num_heads={num_heads}; choose d_model as a multiple of num_heads"
        )


def check_sizes(config: Any) -> None:
    """Every whole number but `pad_id` counts something that a model needs at least one of.

    Raises:
        LabError: a size is not positive, `dropout` is not in [0, 1), or `pad_id` is not in the vocabulary.
    """
    for field in fields(config):
        value = getattr(config, field.name)
        if isinstance(value, int) and field.name != "pad_id" and value < 1:
            raise LabError(f"{field.name}={value} must be at least 1")
    if not 0 <= config.dropout < 1:
        raise LabError(f"dropout={config.dropout} must be at least 0 and below 1")
    if not 0 <= config.pad_id < config.vocab_size:
        raise LabError(f"pad_id={config.pad_id} is not a token of a vocabulary of {config.vocab_size}")
