"""Several processes that train one model, each on its share of every batch (data parallelism; Li et al. 2020).

Every process holds the whole model. Each computes the gradient of its share of a batch's sentences, all add up
their gradients, and then all take the same step. `torchrun` starts the processes and tells each its number.
"""

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.distributed.rendezvous import rendezvous
from torch.nn.parallel import DistributedDataParallel

from transformer_lab.errors import LabError

T = TypeVar("T")
FAILED, SAID = "failed", "said"  # keys of the store that the processes share
A_MOMENT = timedelta(seconds=10)
WRONG_USAGE = 2  # as `course` exits for a LabError


@dataclass(frozen=True)
class Processes:
    """This process among those that train one model. The defaults are one that trains alone."""

    rank: int = 0
    size: int = 1
    local_rank: int | None = None  # among those of the same machine; None for one that trains alone

    @property
    def first(self) -> bool:
        """Whether this is the one that writes files and speaks."""
        return self.rank == 0

    def share(self, items: Sequence[T]) -> list[T]:
        """What this process works on: every `size`-th of the items, so that sorted lengths spread evenly."""
        return list(items[self.rank :: self.size])

    def parallel(self, module: nn.Module, device: torch.device) -> nn.Module:
        """`module`, whose backward pass then averages the gradients of all processes (an all-reduce).

        All get the first's weights.
        """
        if self.size == 1:
            return module
        return DistributedDataParallel(
            module,
            device_ids=[device.index] if device.type == "cuda" else None,
            forward_sync_buffers=False,  # ours are constants
            gradient_as_bucket_view=True,
        )

    def exchange(self, module: nn.Module, now: bool) -> AbstractContextManager:
        """Within it, a parallel module's backward pass exchanges gradients, or only adds them up if not `now`.

        DDP's `no_sync`: where gradients are accumulated, they are exchanged once a step, not once a micro-batch.
        """
        return module.no_sync() if self.size > 1 and not now else contextlib.nullcontext()

    def sum(self, numbers: Tensor) -> Tensor:
        """The sum over all processes, which all get: an all-reduce."""
        if self.size > 1:
            dist.all_reduce(numbers)
        return numbers

    def each(self, number: int) -> list[int]:
        """The `number` of every process, in order of rank, which all get: an all-gather."""
        numbers = torch.zeros(self.size, dtype=torch.int64)
        numbers[self.rank] = number
        return self.sum(numbers).tolist()

    def agree(self, value: Any) -> Any:
        """The first process's `value` (tensors and plain values) for all, a broadcast; the others' do not count."""
        if self.size == 1:
            return value
        values = [value]
        dist.broadcast_object_list(values, src=0, device=torch.device("cpu"))
        return values[0]


ALONE = Processes()


@contextmanager
def join_processes() -> Iterator[Processes]:
    """Joins the other processes that torchrun started; alone where it did not start this one.

    When one fails, it says why, and all end: the others say nothing.
    """
    if "TORCHELASTIC_RUN_ID" not in os.environ or int(os.environ["WORLD_SIZE"]) == 1:
        yield ALONE
        return
    store, rank, size = next(rendezvous("env://"))
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    dist.init_process_group(backend, store=store, rank=rank, world_size=size)
    try:
        yield Processes(rank, size, int(os.environ["LOCAL_RANK"]))
    except LabError as error:
        _fail(store, str(error))
    except RuntimeError as error:
        if not _is_loss_of_another(error):
            raise
        _fail(store, "another process of this training stopped; start it again, it goes on from its last state.")
    else:
        dist.destroy_process_group()


def _is_loss_of_another(error: RuntimeError) -> bool:
    """Whether a collective operation failed because another process is gone. Gloo's errors have no type of theirs."""
    return isinstance(error, dist.DistError) or "gloo" in str(error) or "Connection closed" in str(error)


def _fail(store: dist.Store, sentence: str) -> None:
    """Ends this process; says the sentence if no other process has failed before.

    torchrun stops all processes as soon as one has ended, so those that fail after the first let it speak.
    """
    if store.add(FAILED, 1) == 1:
        print(f"course: {sentence}", file=sys.stderr, flush=True)
        store.set(SAID, "1")
    else:
        with contextlib.suppress(RuntimeError):
            store.wait([SAID], A_MOMENT)
    # Not sys.exit: what the interpreter runs at its end would wait for processes that will not answer.
    sys.stdout.flush()
    os._exit(WRONG_USAGE)
