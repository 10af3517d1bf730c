"""Naming what an image shows: one answer for each image (Dosovitskiy et al. 2021)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from transformer_lab.beyond.vision import VisionConfig
from transformer_lab.data.batching import plan_batches
from transformer_lab.data.images import Images, Picture, load_images, shape_images
from transformer_lab.data.questions import Questions
from transformer_lab.errors import LabError
from transformer_lab.seq2seq import evaluating
from transformer_lab.tasks.task import ScoredTask, Scores


@dataclass(frozen=True)
class ClassNames:
    """What the classes of images are called, in the place of a tokenizer."""

    names: tuple[str, ...]

    @property
    def size(self) -> int:
        """The number of classes."""
        return len(self.names)

    def to_json(self) -> str:
        """As text."""
        return json.dumps({"classes": self.names}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "ClassNames":
        """What `to_json` wrote. Raises LabError for anything else."""
        try:
            names = json.loads(text)["classes"]
        except (KeyError, TypeError, ValueError) as error:
            raise LabError(f"the stored names of classes cannot be read ({error!r}).") from error
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            raise LabError("the stored names of classes are no list of names.")
        return cls(tuple(names))


class Seen(NamedTuple):
    """An image as the model reads it: `length` patches, the class token included."""

    pixels: Float[Tensor, "channels size size"]
    label: int
    length: int


class ImageTask(ScoredTask):
    """From images to their classes."""

    name, verb, item = "image classification", "names what images show", "image"
    size, unit = "pixels", "classes"

    def built_in(self, source: str, target: str, count: int, seed: int) -> Images:
        """Generated shapes; images have no languages."""
        return shape_images(count, seed)

    def load(self, path: Path, source: str | None, target: str) -> Images:
        """See `load_images`."""
        return load_images(path)

    def load_test(self, path: Path, source: str, target: str) -> list[Picture]:
        """The test split of `load_images`."""
        return load_images(path).test

    def learn(self, data: Images, model: VisionConfig) -> str:
        """The names of the classes."""
        return ClassNames(data.classes).to_json()

    def vocabulary(self, text: str) -> ClassNames:
        """See `ClassNames.from_json`."""
        return ClassNames.from_json(text)

    def fitted(self, model: VisionConfig, vocabulary: ClassNames, data: Images) -> VisionConfig:
        """With the images' size and channels, and as many classes as there are names.

        Raises:
            LabError: the images cannot be cut into patches of `patch_size`.
        """
        channels, size, _ = data.train[0].pixels.shape
        return replace(model, image_size=size, channels=channels, classes=vocabulary.size)

    def check(self, model: VisionConfig, vocabulary: ClassNames) -> None:
        """Raises LabError where the names are another model's."""
        if vocabulary.size != model.classes:
            raise LabError(
                f"the checkpoint names {vocabulary.size} classes, its model is made for {model.classes}; use the "
                "checkpoint as `course train` wrote it."
            )

    def examples(self, items: Sequence[Picture], vocabulary: ClassNames, model: VisionConfig) -> tuple[list[Seen], int]:
        """Every image, as many patches long as every other.

        Raises:
            LabError: an image has another size than the model's, or a class that has no name.
        """
        wanted = (model.channels, model.image_size, model.image_size)
        for picture in items:
            if tuple(picture.pixels.shape) != wanted:
                found, right = (" × ".join(map(str, shape)) for shape in (picture.pixels.shape, wanted))
                raise LabError(f"an image of {found} numbers does not fit a model of {right}; give images of its size.")
            if picture.label >= vocabulary.size:
                raise LabError(f"class {picture.label} is none of the {vocabulary.size} that the model names.")
        return [Seen(*picture, model.patches + 1) for picture in items], 0

    def collate(self, examples: Sequence[Seen], vocabulary: ClassNames) -> Questions:
        """Images, and the one class that is wanted of each."""
        labels = torch.tensor([[example.label] for example in examples])
        return Questions(torch.stack([example.pixels for example in examples]), labels, len(examples))

    def count(self, example: Seen) -> int:
        """One answer."""
        return 1

    def check_training(self, bpe_dropout: float) -> None:
        """Raises LabError for subwords that images do not have."""
        if bpe_dropout:
            raise LabError(f"bpe_dropout={bpe_dropout} leaves out merges of subwords; images have none, so leave it 0.")

    @torch.no_grad()
    def score(
        self, model: nn.Module, vocabulary: ClassNames, items: Sequence[Any], batch_tokens: int = 4_000
    ) -> Scores:
        """The share of images whose likeliest class is theirs, and the mean −log p of their class."""
        seen = self.fitting(items, vocabulary, model.config)
        device = next(model.parameters()).device
        loss, right = 0.0, 0
        with evaluating(model):
            for indices in plan_batches([one.length for one in seen], max(batch_tokens, seen[0].length)):
                batch = self.collate([seen[i] for i in indices], vocabulary).to(device)
                log_p = model(*batch.inputs).double().log_softmax(dim=-1)
                loss -= log_p.gather(-1, batch.wanted).sum().item()
                right += int((log_p.argmax(dim=-1) == batch.wanted[:, 0]).sum())
        return Scores({"accuracy": right / len(seen), "cross_entropy": loss / len(seen)}, len(seen))


IMAGES = ImageTask()
