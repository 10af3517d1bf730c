"""What each step of training reads: its batches, in an order that depends on the seed alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from transformer_lab.data.batching import plan_batches
from transformer_lab.data.bpe_dropout import BPEDropout
from transformer_lab.tasks.task import Asked, Task, Vocabulary
from transformer_lab.tasks.translation import TRANSLATION
from transformer_lab.training.config import TrainingConfig
from transformer_lab.training.distributed import Processes


@dataclass(frozen=True)
class Portion:
    """What one process computes in one step. A batch may be a stand-in that counts for nothing (0 tokens)."""

    batches: list[Asked]  # micro-batches: `accumulate` of them, fewer at the end of an epoch
    tokens: (
        int  # target tokens, or what else is asked, of the step: of all its batches and all processes, without padding
    )
    epoch: int  # where the data go on after the step
    position: int


class Feed:
    """Cuts each epoch's plan into steps of `config.accumulate` batches, and each batch into the processes' shares.

    All processes follow the same plan, so that together they compute what one would compute alone.
    """

    def __init__(
        self,
        examples: Sequence[Any],
        tokenizer: Vocabulary,
        config: TrainingConfig,
        processes: Processes,
        task: Task = TRANSLATION,
    ):
        self.examples = examples
        self.tokenizer = tokenizer
        self.config = config
        self.processes = processes
        self.task = task
        self.bpe_dropout = BPEDropout(tokenizer, config.bpe_dropout) if config.bpe_dropout else None

    def portions(self, epoch: int, position: int, device: torch.device) -> Iterator[Portion]:
        """Endlessly, from the batch `position` of `epoch`. In pinned memory where the device is CUDA.

        Raises:
            LabError: one sentence alone exceeds `batch_tokens`.
        """
        while True:
            examples = self._epoch(epoch)
            lengths = [example.length for example in examples]
            plan = plan_batches(lengths, self.config.batch_tokens, self.config.seed, epoch)
            while position < len(plan):
                group = plan[position : position + self.config.accumulate]
                position += len(group)
                batches = [self._share([examples[i] for i in indices]) for indices in group]
                if device.type == "cuda":
                    with torch.cuda.device(device):  # threads begin with device 0
                        batches = [batch.pinned() for batch in batches]
                tokens = sum(self.task.count(examples[i]) for indices in group for i in indices)
                yield Portion(batches, tokens, *((epoch, position) if position < len(plan) else (epoch + 1, 0)))
            epoch, position = epoch + 1, 0

    def _epoch(self, epoch: int) -> Sequence[Any]:
        """The examples as this epoch spells and asks them."""
        examples = self.examples
        if self.bpe_dropout:
            examples = self.bpe_dropout.epoch(examples, self.config.seed, epoch)
        return self.task.ask(examples, self.tokenizer, f"{self.config.seed} {epoch}")

    def _share(self, examples: list[Any]) -> Asked:
        """This process's part of a batch. Where the batch is too small to go round, one that counts for nothing.

        Without it, the process would not take part when the gradients are added up.
        """
        share = self.processes.share(examples)
        if share:
            return self.task.collate(share, self.tokenizer)
        return replace(self.task.collate(examples[:1], self.tokenizer), target_tokens=0)
