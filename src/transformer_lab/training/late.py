"""Numbers that are fetched from a device late, so that it need not wait for the program, nor the program for it."""

import torch
from jaxtyping import Float
from torch import Tensor


class Late:
    """A few numbers on their way from a device.

    A plain `tensor.tolist()` waits for all that the device was given before it, which leaves the device idle until
    the program has prepared more. Here the copy starts at once, and `get` waits for the copy alone: the next step's
    work can be handed over in between.
    """

    def __init__(self, numbers: Float[Tensor, " n"]):
        self._numbers = numbers.detach().to("cpu", non_blocking=True)  # into pinned memory
        self._copied = None
        if numbers.is_cuda:
            self._copied = torch.cuda.Event()
            self._copied.record(torch.cuda.current_stream(numbers.device))

    def get(self) -> list[float]:
        """The numbers; waits until they are here."""
        if self._copied is not None:
            self._copied.synchronize()
        return self._numbers.tolist()
