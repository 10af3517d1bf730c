"""`torch.compile`: fewer and larger kernels, at the price of minutes of compiling at the start."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from transformer_lab.errors import LabError

COMPILE = ("auto", "0", "1")


def compiled(module: nn.Module, setting: str, device: torch.device) -> nn.Module:
    """`module` itself, or its compiled twin, which shares its parameters; `auto` compiles on CUDA alone.

    On a processor the large matrix products dominate, and those a compiler leaves as they are. Batches differ in
    shape, so shapes are left open: fixed, nearly every batch would be compiled anew.
    """
    wanted = setting == "1" or (setting == "auto" and device.type == "cuda")
    return torch.compile(module, dynamic=True) if wanted else module


@contextmanager
def compile_errors_in_words() -> Iterator[None]:
    """A compiler that fails, or is not there, becomes a LabError."""
    try:
        yield
    except RuntimeError as error:
        # By name: importing torch._dynamo takes seconds, and most runs do without.
        if not any(kind.__name__ == "TorchDynamoException" for kind in type(error).__mro__):
            raise
        reason = str(error).strip().splitlines()[0]
        raise LabError(f"torch.compile failed ({reason}); use --set compile=0.") from error
