"""The names that a question forbids, wherever in a package they are taken from."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Forbidden:
    """The names that a question forbids, as they can be met in code."""

    names: Sequence[str]

    def match(self, dotted: str) -> str | None:
        """The forbidden name that a dotted one is, whatever part of the package it was taken from."""
        parts = dotted.split(".")
        for name in self.names:
            whole = name.removesuffix(".forward").removesuffix(".__init__")
            if parts[0] == "torch" and whole.startswith("torch."):
                last = whole.rpartition(".")[2]
                for place, part in enumerate(parts[1:], start=2):
                    if part.lstrip("_") == last:
                        return ".".join(parts[:place])
            elif f"{dotted}.".startswith(f"{whole}."):
                return whole
        return None

    def is_method(self, attribute: str) -> bool:
        """Whether tensors have a forbidden method of this name."""
        return f"torch.Tensor.{attribute}" in self.names
