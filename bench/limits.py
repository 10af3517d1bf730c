"""What this machine can do at most, measured: arithmetic and memory; and how near to it a piece of work comes.

Whichever of the two would take longer at full speed is the limit that the work meets (the roofline model of Williams
et al. 2009). The share of the limit is that shortest possible time over the time that it took.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch

from bench.cost import Cost

# Dense bf16 products, FLOP/s, from the manufacturer's data sheets; the name is what torch calls the device.
KNOWN_PEAKS = {"H200": 989e12, "H100 80GB HBM3": 989e12, "A100": 312e12}
MATMUL, COPY = "a matrix product", "a copy"


@dataclass(frozen=True)
class Limits:
    """FLOP/s of a large matrix product, and bytes a second, read and written, of a large copy."""

    flops: float
    bandwidth: float
    source: str  # where `flops` comes from

    def bound(self, cost: Cost) -> str:
        """`arithmetic` or `memory`: which of the two this work meets first."""
        return "arithmetic" if cost.flops / self.flops >= cost.bytes / self.bandwidth else "memory"

    def share(self, cost: Cost, seconds: float) -> float:
        """The shortest possible time over the time taken: 1 is perfect."""
        return max(cost.flops / self.flops, cost.bytes / self.bandwidth) / seconds

    def to_dict(self) -> dict[str, Any]:
        """For the record."""
        return asdict(self)


class Yardsticks:
    """A matrix product and a copy, to be run in turns with what is measured, so that a busy machine slows all alike."""

    def __init__(self, device: str = "cpu"):
        self.device = device
        cuda = device == "cuda"
        self.size = 8192 if cuda else 2048
        dtype = torch.bfloat16 if cuda else torch.float32
        self._left, self._right = torch.randn(2, self.size, self.size, device=device, dtype=dtype)
        self._product = torch.empty_like(self._left)
        # Far larger than any cache.
        self._from = torch.ones(2**30 if cuda else 2**27, device=device, dtype=torch.uint8)
        self._to = torch.empty_like(self._from)

    def works(self) -> dict[str, Callable[[], object]]:
        """What to run."""
        return {MATMUL: self._multiply, COPY: self._copy}

    def limits(self, seconds: dict[str, list[float]]) -> Limits:
        """From the fastest round of each: a limit is what can be reached."""
        flops = 2 * self.size**3 / min(seconds[MATMUL])
        source = f"measured, {self.size} × {self.size} {str(self._left.dtype).removeprefix('torch.')}"
        if self.device == "cuda":
            name = torch.cuda.get_device_name()
            for known, peak in KNOWN_PEAKS.items():
                if known in name:
                    flops, source = peak, f"data sheet, dense bf16; measured {flops / 1e12:.0f} TFLOP/s"
        return Limits(flops, 2 * self._from.nbytes / min(seconds[COPY]), source)

    def _multiply(self) -> None:
        torch.mm(self._left, self._right, out=self._product)
        self._wait()

    def _copy(self) -> None:
        self._to.copy_(self._from)
        self._wait()

    def _wait(self) -> None:
        if self.device == "cuda":
            torch.cuda.synchronize()
