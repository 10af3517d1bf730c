"""One model from several: the mean of their weights (Vaswani et al. 2017, section 6.1; Izmailov et al. 2018)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from transformer_lab.errors import LabError
from transformer_lab.training.checkpoint import Checkpoint, load_checkpoint


def average_weights(states: Iterable[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of several models' weights, in float64 on the way. One state at a time is asked for.

    Raises:
        LabError: there is no state.
    """
    total: dict[str, Tensor] = {}
    dtypes: dict[str, torch.dtype] = {}
    count = 0
    for state in states:
        total = {name: total.get(name, 0) + tensor.double() for name, tensor in state.items()}
        dtypes = {name: tensor.dtype for name, tensor in state.items()}
        count += 1
    if not count:
        raise LabError("there are no weights to average; give those of at least one model.")
    return {name: (tensor / count).to(dtypes[name]) for name, tensor in total.items()}


def average_checkpoints(files: Sequence[Path], validation_loss: Callable[[Checkpoint], float]) -> Checkpoint:
    """A model to translate with: the mean of several of one training, such as the ends of its learning rate's cycles.

    All but the weights is that of the last of `files`. Its `data` say what it is the average of: the steps and the
    validation loss of each. Models that were trained from other first weights have no useful mean.

    Raises:
        LabError: fewer than two files, or one of them twice; one is no checkpoint or is damaged; they are not of one
            training.
    """
    if len(files) < 2:
        raise LabError("one checkpoint is its own average; give at least two.")
    for file in files:
        if [other.resolve() for other in files].count(file.resolve()) > 1:
            raise LabError(f"{file} is given twice; give different checkpoints.")
    last = load_checkpoint(files[-1])
    averaged: list[dict[str, Any]] = []

    def weights(file: Path) -> dict[str, Tensor]:
        one = load_checkpoint(file)
        wanted = _common(last)
        for what, value in _common(one).items():
            if value != wanted[what]:
                raise LabError(f"{file} and {files[-1]} differ in their {what}; average checkpoints of one training.")
        try:
            state = one.model().state_dict()
        except LabError as error:
            raise LabError(f"{file}: {error}") from error
        averaged.append({"steps": one.step, "validation_loss": validation_loss(one)})
        return state

    mean = replace(last, weights=average_weights(map(weights, files)), trainer=None)
    return replace(mean, data=last.data | {"validation_loss": validation_loss(mean), "averaged": averaged})


def _common(checkpoint: Checkpoint) -> dict[str, Any]:
    """What does not change in one training. The rate of dropout may, as it has no weights."""
    recipe = checkpoint.recipe
    return {
        "architecture": recipe.architecture,
        "sizes": asdict(recipe.model) | {"dropout": None},
        "vocabulary": checkpoint.tokenizer.to_json(),
        "languages": checkpoint.languages,
        "training data": checkpoint.data.get("fingerprint"),
        "seed": recipe.training.seed,
    }
