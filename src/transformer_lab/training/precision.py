"""Matrix products in half precision, everything else in float32 (Micikevicius et al. 2018, on float16).

bfloat16 keeps 8 of float32's 24 bits of precision and all of its range, so that no gradient underflows and the loss
need not be scaled. Tensor cores multiply it many times faster. Weights and their updates stay in float32: a small
update of a large weight would vanish in 8 bits.
"""

import contextlib
from contextlib import AbstractContextManager

import torch

from transformer_lab.errors import LabError

PRECISIONS = ("auto", "float32", "bf16")


def choose_precision(setting: str, device: torch.device) -> str:
    """`float32` or `bf16`; `auto` is bf16 on the CUDA devices that compute in it, float32 elsewhere.

    Raises:
        LabError: bf16 is asked of a CUDA device that cannot.
    """
    capable = device.type != "cuda" or torch.cuda.is_bf16_supported(including_emulation=False)
    if setting == "auto":
        return "bf16" if device.type == "cuda" and capable else "float32"
    if setting == "bf16" and not capable:
        raise LabError("precision=bf16: this CUDA device does not compute in it; use precision=float32.")
    return setting


def allow_tf32() -> None:
    """Lets CUDA round the factors of the float32 products that remain to TF32's 11 bits, for the whole program."""
    torch.set_float32_matmul_precision("high")


def autocast(precision: str, device: torch.device) -> AbstractContextManager:
    """Within it, torch computes matrix products in `precision`."""
    if precision == "float32":
        return contextlib.nullcontext()
    return torch.autocast(device.type, torch.bfloat16)
