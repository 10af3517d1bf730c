"""One model from several: the mean of their weights (Vaswani et al. 2017, section 6.1; Izmailov et al. 2018)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from transformer_lab.errors import LabError
from transformer_lab.training.checkpoint import Checkpoint, load_checkpoint


def average_weights(states: Iterable[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of several models' weights, in float64 on the way. One state at a time is asked for."""
    total: dict[str, Tensor] = {}
    count = 0
    for state in states:
        total = {name: total.get(name, 0) + tensor.double() for name, tensor in state.items()}
        count += 1
    return {name: (total[name] / count).to(tensor.dtype) for name, tensor in state.items()}


def average_checkpoints(files: Sequence[Path]) -> Checkpoint:
    """A model to translate with: the mean of several of one training, such as the ends of its learning rate's cycles.

    All but the weights is that of the last of `files`; its validation loss is not known until it is measured. `data`
    say of which models it is the average: their steps, and the validation loss that each had in training.
    Models that were trained from other first weights have no useful mean.

    Raises:
        LabError: fewer than two files; one is no checkpoint or is damaged; sizes or vocabularies differ.
    """
    if len(files) < 2:
        raise LabError("one checkpoint is its own average; give at least two.")
    last = load_checkpoint(files[-1])
    averaged: list[dict[str, Any]] = []

    def weights(file: Path) -> dict[str, Tensor]:
        one = load_checkpoint(file)
        same_sizes = (one.recipe.architecture, one.recipe.model) == (last.recipe.architecture, last.recipe.model)
        if not same_sizes or one.tokenizer.to_json() != last.tokenizer.to_json():
            what = "vocabulary" if same_sizes else "sizes"
            raise LabError(f"{file} and {files[-1]} differ in their {what}; average checkpoints of one training.")
        averaged.append({"steps": one.step, "validation_loss": one.data.get("validation_loss")})
        return one.model().state_dict()  # as it is made sure that they fit

    mean = average_weights(map(weights, files))
    return replace(last, weights=mean, data=last.data | {"validation_loss": None, "averaged": averaged}, trainer=None)
