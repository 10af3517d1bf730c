"""`torch.compile`: fewer and larger kernels, at the price of minutes of compiling at the start."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from transformer_lab.errors import LabError

COMPILE = ("auto", "0", "1")


def compiled(module: nn.Module, setting: str, device: torch.device, loops: bool = False) -> nn.Module:
    """`module` itself, or its compiled twin, which shares its parameters.

    `auto` compiles on CUDA alone: on a processor the large matrix products dominate, and those a compiler leaves as
    they are. Nor does it compile what `loops` over tokens: such a loop is written out, and compiled anew, for every
    length. Other shapes are left open, so that batches of all shapes share their kernels.
    """
    wanted = setting == "1" or (setting == "auto" and device.type == "cuda" and not loops)
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
