"""Checkpoints: one file with the weights, the recipe and the tokenizer, so that it translates on its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from transformer_lab.errors import LabError
from transformer_lab.tasks.task import Data, Vocabulary
from transformer_lab.training.config import Recipe
from transformer_lab.whole_files import atomic_write

FORMAT, VERSION = "transformer_lab.checkpoint", 1  # in every file: they stay, wherever this module goes
FINGERPRINTS = (("train", "fingerprint", "trained"), ("validation", "validation_fingerprint", "validated"))
REAL = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
KINDS = {"recipe": dict, "tokenizer": str, "weights": dict, "step": int, "languages": list, "data": dict}


@dataclass(frozen=True)
class Checkpoint:
    """A model at some step. `trainer` is what a run needs to go on; a model that only translates has none."""

    recipe: Recipe
    tokenizer: Vocabulary
    weights: dict[str, Tensor]
    step: int
    languages: tuple[str, str]  # source, target
    data: dict[str, Any] = field(default_factory=dict)  # what it was trained on, and the validation loss
    trainer: dict[str, Any] | None = None

    def model(self) -> nn.Module:
        """The model with these weights, in evaluation mode, on the CPU.

        Raises:
            LabError: vocabulary, weights and sizes do not belong together.
        """
        self.recipe.task.check(self.recipe.model, self.tokenizer)
        with torch.random.fork_rng(devices=[]):  # the initialisation that the weights replace
            model = self.recipe.build()
        self.give_weights(model)
        return model.eval()

    def other_data(self, corpus: Data) -> str:
        """`trained` or `validated` where that was done on other pairs than the corpus has, else an empty string."""
        for split, name, word in FINGERPRINTS:
            fingerprint = corpus.fingerprint(split)
            # Checkpoints of earlier versions of the course know nothing of the validation pairs.
            if self.data.get(name, fingerprint if split == "validation" else None) != fingerprint:
                return word
        return ""

    def give_weights(self, model: nn.Module) -> None:
        """Loads these weights into a model of this recipe. Raises LabError where they do not fit it."""
        misfit = _misfit({name: tensor.shape for name, tensor in model.state_dict().items()}, self.weights)
        if misfit:
            raise LabError(
                f"the checkpoint's weights do not fit its {self.recipe.architecture} of {self.tokenizer.size} "
                f"{self.recipe.task.unit}: {misfit}; use the checkpoint as `course train` wrote it."
            )
        model.load_state_dict(self.weights)


def _misfit(wanted: Mapping[str, torch.Size], weights: Mapping[str, Tensor]) -> str:
    """The first of the weights that is missing, unknown or of another shape, in words; empty where all fit."""
    for name in sorted(wanted.keys() | weights.keys()):
        if name not in weights:
            return f"{name} is missing"
        if name not in wanted:
            return f"{name} is not one of its weights"
        if weights[name].shape != wanted[name]:
            found, right = (" × ".join(map(str, shape)) for shape in (weights[name].shape, wanted[name]))
            return f"{name} is {found}, not {right}"
    return ""


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Writes the file whole or not at all: at no moment does `path` hold half a checkpoint.

    Raises LabError where it cannot be written.
    """
    content = {
        "format": FORMAT,
        "version": VERSION,
        "recipe": checkpoint.recipe.to_dict(),
        "tokenizer": checkpoint.tokenizer.to_json(),
        "weights": checkpoint.weights,
        "step": checkpoint.step,
        "languages": list(checkpoint.languages),
        "data": checkpoint.data,
        "trainer": checkpoint.trainer,
    }
    with atomic_write(path) as file:
        torch.save(content, file)


def load_checkpoint(path: Path | str) -> Checkpoint:
    """Reads a checkpoint onto the CPU. Nothing in the file is executed (`weights_only`).

    Raises LabError when the file is missing, damaged, too large for memory, not a checkpoint, or of another version.
    """
    path = Path(path)
    _check_readable(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise LabError(f"{path} cannot be read: out of memory; close other programs.") from error
    except Exception as error:  # from a file that holds anything, reading may raise anything
        raise LabError(f"{path} is truncated or not a checkpoint; copy it again or train a new one.") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise LabError(f"{path} is not a checkpoint of this course; train one with `course train`.")
    if content.get("version") != VERSION:
        raise LabError(
            f"{path} is a checkpoint of version {content.get('version')}, this program reads version {VERSION}; "
            "train it again, or use the release that wrote it."
        )
    try:
        _check(content)
        recipe = Recipe.from_dict(content["recipe"])
        return Checkpoint(
            recipe=recipe,
            tokenizer=recipe.task.vocabulary(content["tokenizer"]),
            weights=content["weights"],
            step=content["step"],
            languages=tuple(content["languages"]),
            data=content["data"],
            trainer=content["trainer"],
        )
    except KeyError as error:
        raise LabError(f"{path} lacks its {error.args[0]!r}; train it again.") from error
    except (AttributeError, TypeError, ValueError) as error:
        raise LabError(f"{path} is damaged ({error}); copy it again or train a new one.") from error
    except LabError as error:
        raise LabError(f"{path}: {error}") from error


def _check_readable(path: Path) -> None:
    """Raises LabError for what is no file, or cannot be opened."""
    try:
        if path.is_dir():
            raise LabError(f"{path} is a directory; name a checkpoint inside it, such as {path / 'best.pt'}.")
        path.open("rb").close()
    except FileNotFoundError:
        raise LabError(f"{path} does not exist; train one with `course train --out DIR`.") from None
    except OSError as error:
        raise LabError(f"{path} cannot be read: {error.strerror}.") from error


def _check(content: Mapping[str, Any]) -> None:
    """Raises ValueError for a field that `save_checkpoint` would not write, KeyError for one that is not there."""
    for name, kind in KINDS.items():
        if not isinstance(content[name], kind):
            raise ValueError(f"its {name!r} is no {kind.__name__}")
    if content["step"] < 0:
        raise ValueError(f"its 'step' is {content['step']}")
    if [type(language) for language in content["languages"]] != [str, str]:
        raise ValueError("its 'languages' are not two names")
    if not isinstance(content["trainer"], dict | None):
        raise ValueError("its 'trainer' is no dict")
    for name, tensor in content["weights"].items():
        dense = (
            isinstance(name, str)
            and isinstance(tensor, Tensor)
            and tensor.layout == torch.strided
            and tensor.dtype in REAL
        )
        if not dense or not tensor.isfinite().all():
            raise ValueError(f"its weight {name!r} is {'not finite' if dense else 'no tensor of real numbers'}")
