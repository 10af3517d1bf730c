"""The gradient of one step: over several batches, over several processes, in the precision wanted, compiled or not."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from transformer_lab.fused_attention import one_kernel_for_all_shapes
from transformer_lab.tasks.task import Asked
from transformer_lab.training.compiling import compiled
from transformer_lab.training.config import TrainingConfig
from transformer_lab.training.distributed import Processes
from transformer_lab.training.loss import label_smoothed_cross_entropy_
from transformer_lab.training.precision import allow_tf32, autocast, choose_precision


class Objective(nn.Module):
    """The training loss of a model on a batch: its logits, and the smoothed cross-entropy of what is wanted.

    A module, because modules are what is compiled and what runs in parallel.
    """

    def __init__(self, model: nn.Module, smoothing: float):
        super().__init__()
        self.model = model
        self.smoothing = smoothing

    def forward(self, *inputs_and_wanted: Tensor) -> Float[Tensor, ""]:
        """The mean over what is wanted, the last tensor, where it is not padding."""
        *inputs, wanted = inputs_and_wanted
        return label_smoothed_cross_entropy_(self.model(*inputs), wanted, self.model.pad_id, self.smoothing)


class Gradient:
    """Adds gradients to a model's weights, which stay in float32. The model itself is left as it is: plain."""

    def __init__(self, model: nn.Module, config: TrainingConfig, device: torch.device, processes: Processes):
        """Raises LabError where the device cannot compute in `config.precision`."""
        self.device = device
        self.processes = processes
        self.precision = choose_precision(config.precision, device)
        if device.type == "cuda" and self.precision == "bf16":
            allow_tf32()
            one_kernel_for_all_shapes()
        self._parallel = processes.parallel(Objective(model, config.label_smoothing), device)
        self._objective = compiled(self._parallel, config.compile, device, model.loops_over_tokens)

    def backward(self, batches: Sequence[Asked], tokens: int) -> Float[Tensor, ""]:
        """Adds the gradient of the mean loss over `tokens` answers, as target tokens: of all batches of all processes.

        Several batches are micro-batches of one step (gradient accumulation).

        Each batch's loss is a mean over its own tokens, so it counts by its share of all. Returns the mean loss, on
        the device.
        """
        total = torch.zeros((), device=self.device)
        for number, batch in enumerate(batches, start=1):
            batch = batch.to(self.device)
            with self.processes.exchange(self._parallel, number == len(batches)):
                with autocast(self.precision, self.device):
                    loss = self._objective(*batch.inputs, batch.wanted)
                loss = loss * (batch.target_tokens / tokens)
                (loss * self.processes.size).backward()  # the exchange takes the processes' mean, we want their sum
            total += loss.detach()
        return self.processes.sum(total)
