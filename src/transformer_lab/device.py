"""Which device computes: a processor, or a CUDA device."""

import re

import torch

from transformer_lab.errors import LabError

NAME = re.compile(r"cpu|(cuda)(?::(\d+))?")


def choose_device(name: str, local_rank: int | None = None) -> torch.device:
    """`auto`, `cpu`, `cuda` or `cuda:N` as a device; `auto` is CUDA where there is a CUDA device.

    Of several processes that train one model on this machine, each has a device of its own: `local_rank` numbers
    them from 0, and is None where there is one process.

    Raises:
        LabError: there is no such device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    match = NAME.fullmatch(name)
    if not match:
        raise LabError(f"--device {name}: there is no such device; choose auto, cpu, cuda or cuda:N.")
    is_cuda, number = match.groups()
    if not is_cuda:
        return torch.device("cpu")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if not count:
        raise LabError(f"--device {name}: torch finds no CUDA device here; use --device cpu or auto.")
    if local_rank is not None and number:
        raise LabError(f"--device {name}: every process takes a device of its own; use --device cuda.")
    if local_rank is not None and local_rank >= count:
        raise LabError(
            f"--device cuda: {local_rank + 1} processes or more for {count} CUDA devices; lower --nproc-per-node."
        )
    if number and int(number) >= count:
        raise LabError(f"--device {name}: the CUDA devices here are cuda:0 to cuda:{count - 1}.")
    return torch.device("cuda", int(number or local_rank or 0))
