"""The training loop. It knows nothing of the model and its task but that logits are compared with what is wanted."""

import math
import random
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from transformer_lab.data.batching import plan_batches
from transformer_lab.errors import LabError
from transformer_lab.out_of_memory import out_of_memory
from transformer_lab.seq2seq import evaluating
from transformer_lab.tasks.task import Task, Vocabulary
from transformer_lab.tasks.translation import TRANSLATION
from transformer_lab.training.compiling import compile_errors_in_words
from transformer_lab.training.config import TrainingConfig
from transformer_lab.training.distributed import ALONE, Processes
from transformer_lab.training.feeding import Feed, Portion
from transformer_lab.training.gradient import Gradient
from transformer_lab.training.late import Late
from transformer_lab.training.loss import label_smoothed_cross_entropy
from transformer_lab.training.prefetch import prefetched
from transformer_lab.training.schedule import adam, learning_rate, linear_decay, set_learning_rate


@dataclass(frozen=True)
class Step:
    """What one step of training did. A device may still be at work on it; who asks for its loss waits."""

    number: int  # 1, 2, …
    learning_rate: float
    tokens: int  # target tokens, or what else is asked, without padding: of all its batches and all processes
    measured: Late  # loss, norm of the gradient

    @property
    def loss(self) -> float:
        """Mean over the step's target tokens, with label smoothing. Raises LabError as `check`."""
        return self.check()[0]

    @property
    def gradient_norm(self) -> float:
        """The length of the whole model's gradient, before it is clipped. Raises LabError as `check`."""
        return self.check()[1]

    def check(self) -> tuple[float, float]:
        """The loss and the gradient's norm. Raises LabError when one is not finite: the weights are spoilt then."""
        loss, norm = self.measured.get()
        if not math.isfinite(loss) or not math.isfinite(norm):
            what = f"gradient is not finite (the loss is {loss:.4g})" if math.isfinite(loss) else f"loss is {loss}"
            raise LabError(
                f"step {self.number}: the {what}, at a learning rate of {self.learning_rate:.2g}; "
                "lower rate_factor, raise warmup or set clip=1."
            )
        return loss, norm


class Trainer:
    """Trains `model` on `examples`; iterate over it to train.

    Its state (`state`, `restore`) holds all that the coming steps depend on, but for the model's weights: after
    `restore` on the same machine, a run continues to the very same losses (on CUDA up to rounding, since kernels there
    add up in any order). Each step seeds torch's global generator, from which dropout draws.
    """

    def __init__(
        self,
        model: nn.Module,
        examples: Sequence[Any],
        tokenizer: Vocabulary,
        config: TrainingConfig,
        d_model: int,
        device: torch.device | str = "cpu",
        processes: Processes = ALONE,
        task: Task = TRANSLATION,
    ):
        """Raises LabError without examples, or where the device cannot compute in `config.precision`."""
        if not examples:
            raise LabError("there is nothing to train on: no pair fits in max_length; raise it or give other data.")
        self.device = torch.device(device)
        if self.device.type == "cuda" and self.device.index is not None:
            torch.cuda.set_device(self.device)  # where compiled kernels and other processes' sums are computed
        # A device works on a step while the program looks at the one before and prepares the next.
        self.late = self.device.type != "cpu"
        self.model = model.to(self.device)
        self.config = config
        self.d_model = d_model
        self.processes = processes
        self.feed = Feed(examples, tokenizer, config, processes, task)
        self.gradient = Gradient(model, config, self.device, processes)
        self.optimizer = adam(model.parameters())
        self.step = 0  # steps done
        self.epoch = 0
        self.position = 0  # batches done of this epoch

    def __iter__(self) -> Iterator[Step]:
        """Trains until `config.steps`. A device may still be at work on the step that is yielded, on none before it.

        Raises:
            LabError: a loss or a gradient is not finite (on a processor, that step is not taken; a device tells a
                step later), a sentence exceeds `batch_tokens`, memory runs out, or the compiler fails.
        """
        portions = self.feed.portions(self.epoch, self.position, self.device)
        if self.late:
            portions = prefetched(portions)
        with closing(portions):
            before = None
            while self.step < self.config.steps:
                portion = next(portions)
                with compile_errors_in_words(), out_of_memory(*self._memory_advice(portion)):
                    step = self._train_on(portion)
                if before is not None:
                    before.check()
                self.step, self.epoch, self.position = step.number, portion.epoch, portion.position
                before = step
                yield step
            if before is not None:
                before.check()

    def _train_on(self, portion: Portion) -> Step:
        number, config = self.step + 1, self.config
        rate = learning_rate(number, self.d_model, config.warmup, config.rate_factor)
        rate *= linear_decay(number, config.steps, config.decay)
        set_learning_rate(self.optimizer, rate)
        torch.manual_seed(self._seed(number))
        self.model.train()
        self.optimizer.zero_grad()
        loss = self.gradient.backward(portion.batches, portion.tokens)
        parameters = [p for p in self.model.parameters() if p.grad is not None]
        norm = get_total_norm([p.grad for p in parameters])
        step = Step(number, rate, portion.tokens, Late(torch.stack([loss, norm])))
        if not self.late:
            step.check()
        if config.clip:
            clip_grads_with_norm_(parameters, config.clip, norm)
        self.optimizer.step()
        return step

    def _seed(self, number: int) -> int:
        """What the step draws depends on its number, so a resumed run draws the same; each process draws its own."""
        return random.Random(f"{self.config.seed} {number} {self.processes.rank}").getrandbits(63)

    def _memory_advice(self, portion: Portion) -> tuple[str, str]:
        """What was being done when memory ran out, and what to lower."""
        size = max(sum(tensor.numel() for tensor in batch.inputs) for batch in portion.batches)
        return (
            f"step {self.step + 1}, a batch of {size:,} {self.feed.task.size} on {self.device}",
            f"lower batch_tokens={self.config.batch_tokens} (accumulate={2 * self.config.accumulate} with half of it "
            "makes steps as large), or the model's sizes",
        )

    def state(self) -> dict[str, Any]:
        """Step, place in the data, and optimizer: tensors and plain values only."""
        return {
            "step": self.step,
            "epoch": self.epoch,
            "position": self.position,
            "optimizer": self.optimizer.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continues where `state` was taken. The model's weights are loaded separately, before.

        Raises:
            LabError: it is not a state of such a training.
        """
        try:
            _check(state, list(self.model.parameters()))
            self.optimizer.load_state_dict(state["optimizer"])
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            raise LabError(f"no state of such a training: {error!r}") from error
        self.step, self.epoch, self.position = state["step"], state["epoch"], state["position"]


def _check(state: dict[str, Any], weights: list[torch.Tensor]) -> None:
    """Raises ValueError for what `Trainer.state` does not give. Adam's fused kernel does not look at shapes."""
    for name in ("step", "epoch", "position"):
        if type(state[name]) is not int or state[name] < 0:
            raise ValueError(f"{name} is {state[name]!r}")
    moments = state["optimizer"]["state"]
    if moments.keys() != (set(range(len(weights))) if state["step"] else set()):
        raise ValueError(f"Adam has {len(moments)} moments for {len(weights)} weights")
    for number, moment in moments.items():
        for name in ("exp_avg", "exp_avg_sq"):
            if moment[name].shape != weights[number].shape or moment[name].dtype != weights[number].dtype:
                raise ValueError(f"{name} of weight {number} does not fit it")


@torch.no_grad()
def validation_loss(
    model: nn.Module,
    examples: Sequence[Any],
    tokenizer: Vocabulary,
    batch_tokens: int = 4_000,
    task: Task = TRANSLATION,
) -> float:
    """Mean cross-entropy per target token, without label smoothing: its exponential is the perplexity.

    Of another task, per answer asked for; a task that asks otherwise in every epoch asks the same here every time.
    """
    examples = task.ask(examples, tokenizer, "validation")
    device = next(model.parameters()).device
    lengths = [example.length for example in examples]
    total, tokens = torch.zeros((), dtype=torch.float64, device=device), 0
    with evaluating(model):
        for indices in plan_batches(lengths, max([batch_tokens, *lengths])):
            batch = task.collate([examples[i] for i in indices], tokenizer).to(device)
            mean = label_smoothed_cross_entropy(model(*batch.inputs), batch.wanted, model.pad_id)
            total += mean.double() * batch.target_tokens
            tokens += batch.target_tokens
    return total.item() / tokens
