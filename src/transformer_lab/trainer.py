"""The training loop. It knows nothing of the model but that it gives logits for the next token."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from transformer_lab.batching import Batch, Example, collate, plan_batches
from transformer_lab.config import TrainingConfig
from transformer_lab.errors import LabError
from transformer_lab.loss import label_smoothed_cross_entropy
from transformer_lab.schedule import adam, learning_rate, set_learning_rate
from transformer_lab.seq2seq import Seq2Seq
from transformer_lab.tokenizer import Tokenizer


@dataclass(frozen=True)
class Step:
    """What one step of training did."""

    number: int  # 1, 2, …
    loss: float  # mean over the batch's target tokens, with label smoothing
    learning_rate: float
    tokens: int  # target tokens, without padding
    seconds: float


class Trainer:
    """Trains `model` on `examples`; iterate over it to train.

    Its state (`state`, `restore`) holds all that the coming steps depend on, but for the model's weights: after
    `restore` on the same machine, a run continues to the very same losses. Seeds torch's global generator, from
    which dropout draws.
    """

    def __init__(
        self,
        model: Seq2Seq,
        examples: Sequence[Example],
        tokenizer: Tokenizer,
        config: TrainingConfig,
        d_model: int,
        device: torch.device | str = "cpu",
    ):
        if not examples:
            raise LabError("there is nothing to train on: no pair fits in max_length; raise it or give other data.")
        self.model = model.to(device)
        self.examples = examples
        self.tokenizer = tokenizer
        self.config = config
        self.d_model = d_model
        self.device = torch.device(device)
        self.optimizer = adam(model.parameters())
        self.step = 0  # steps done
        self.epoch = 0
        self.position = 0  # batches done of this epoch
        self._lengths = [example.length for example in examples]
        torch.manual_seed(config.seed)

    def __iter__(self) -> Iterator[Step]:
        """Trains until `config.steps`. Raises LabError when the loss is not finite; the step is not taken then."""
        while self.step < self.config.steps:
            plan = plan_batches(self._lengths, self.config.batch_tokens, self.config.seed, self.epoch)
            while self.position < len(plan) and self.step < self.config.steps:
                batch = collate([self.examples[i] for i in plan[self.position]], self.tokenizer)
                step = self._train_on(batch.to(self.device))
                self.step += 1
                self.position += 1
                yield step
            if self.position == len(plan):
                self.epoch, self.position = self.epoch + 1, 0

    def _train_on(self, batch: Batch) -> Step:
        start = time.perf_counter()
        number = self.step + 1
        rate = learning_rate(number, self.d_model, self.config.warmup, self.config.rate_factor)
        set_learning_rate(self.optimizer, rate)
        self.model.train()
        self.optimizer.zero_grad()
        logits = self.model(batch.source, batch.target_in)
        loss = label_smoothed_cross_entropy(
            logits, batch.target_out, self.tokenizer.pad_id, self.config.label_smoothing
        )
        value = loss.item()
        if value != value or abs(value) == float("inf"):
            raise LabError(
                f"step {number}: the loss is {value}, at a learning rate of {rate:.2g}; "
                "lower rate_factor, raise warmup or set clip=1."
            )
        loss.backward()
        if self.config.clip:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip)
        self.optimizer.step()
        return Step(number, value, rate, batch.target_tokens, time.perf_counter() - start)

    def state(self) -> dict[str, Any]:
        """Step, place in the data, optimizer and random generators: tensors and plain values only."""
        return {
            "step": self.step,
            "epoch": self.epoch,
            "position": self.position,
            "optimizer": self.optimizer.state_dict(),
            "generator": torch.get_rng_state(),
            "cuda_generators": torch.cuda.get_rng_state_all() if self.device.type == "cuda" else [],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continues where `state` was taken. The model's weights are loaded separately, before."""
        self.step, self.epoch, self.position = state["step"], state["epoch"], state["position"]
        self.optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["generator"].cpu())
        if self.device.type == "cuda" and state["cuda_generators"]:
            torch.cuda.set_rng_state_all([generator.cpu() for generator in state["cuda_generators"]])


@torch.no_grad()
def validation_loss(
    model: Seq2Seq, examples: Sequence[Example], tokenizer: Tokenizer, batch_tokens: int = 4_000
) -> float:
    """Mean cross-entropy per target token, without label smoothing: its exponential is the perplexity."""
    device = next(model.parameters()).device
    lengths = [example.length for example in examples]
    training = model.training
    model.eval()
    total, tokens = 0.0, 0
    for indices in plan_batches(lengths, max([batch_tokens, *lengths])):
        batch = collate([examples[i] for i in indices], tokenizer).to(device)
        logits = model(batch.source, batch.target_in)
        mean = label_smoothed_cross_entropy(logits, batch.target_out, tokenizer.pad_id)
        total += mean.item() * batch.target_tokens
        tokens += batch.target_tokens
    model.train(training)
    return total / tokens
