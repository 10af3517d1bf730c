"""Dropout (Srivastava et al. 2014), with a mask that costs little on a processor."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from transformer_lab.errors import LabError

STEPS = 2**16  # a draw of 64 bits decides about four numbers, 16 bits each


class Dropout(nn.Module):
    """Sets each number to 0 with probability `p` in training, and divides the others by 1 − p.

    torch's own draws one random number for each element, which on a processor takes longer than the attention that
    it regularises. Here one draw serves four elements, so p is rounded to a multiple of 2⁻¹⁶; what is divided by is
    the rounded one, so the expectation stays.

    Raises:
        LabError: `p` is not in [0, 1).
    """

    def __init__(self, p: float):
        super().__init__()
        if not 0 <= p < 1:
            raise LabError(f"dropout={p} must be at least 0 and below 1")
        self.p = p

    def forward(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """With a new mask at every call in training; `x` itself in evaluation."""
        if not self.training or self.p == 0:
            return x
        if x.device.type != "cpu" or torch.compiler.is_compiling():
            return nn.functional.dropout(x, self.p)
        return _CheapMask.apply(x, min(round(self.p * STEPS), STEPS - 1))

    def extra_repr(self) -> str:
        """What `print(model)` says in the brackets."""
        return f"p={self.p}"


class _CheapMask(torch.autograd.Function):
    """Drops `dropped` of `STEPS` numbers."""

    @staticmethod
    def forward(context: Any, x: Tensor, dropped: int) -> Tensor:
        draws = torch.empty(-(-x.numel() // 4), dtype=torch.int64).random_(-(2**63), None).view(torch.int16)
        # 16 bits as a signed number are uniform over −2¹⁵ … 2¹⁵ − 1.
        kept = draws[: x.numel()] >= dropped - STEPS // 2
        scale = kept.to(x.dtype).div_(1 - dropped / STEPS).view(x.shape)
        context.save_for_backward(scale)
        return x * scale

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (scale,) = context.saved_tensors
        return gradient * scale, None
