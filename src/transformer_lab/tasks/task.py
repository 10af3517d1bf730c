"""What the trainer and the program need to know of a task; all else about it is its own.

A task says how data become examples, how examples become batches, and how many answers an example asks for. The trainer
knows neither the data nor the model: it computes logits of a batch's inputs and compares them with what is wanted.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from transformer_lab.errors import LabError


@runtime_checkable
class Data(Protocol):
    """What a model trains on, is selected by and is tested on; a `Corpus` is one."""

    name: str
    source_language: str
    target_language: str
    train: list[Any]
    validation: list[Any]
    test: list[Any]

    def fingerprint(self, split: str = "train") -> int:
        """A checksum of a split, in order."""
        ...


@runtime_checkable
class Vocabulary(Protocol):
    """What numbers stand for: a `Tokenizer`, or the names of classes."""

    @property
    def size(self) -> int:
        """How many numbers there are."""
        ...

    def to_json(self) -> str:
        """Everything, as text: what a checkpoint stores."""
        ...


@runtime_checkable
class Asked(Protocol):
    """A batch: what goes into the model, what should come out, and how much is asked, without padding."""

    target_tokens: int

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """What the model is called with."""
        ...

    @property
    def wanted(self) -> Tensor:
        """The right answers, (batch, asked)."""
        ...

    def to(self, device: torch.device | str) -> "Asked":
        """The same batch on another device."""
        ...

    def pinned(self) -> "Asked":
        """The same batch in memory that a CUDA device reads by itself."""
        ...


@dataclass(frozen=True)
class Scores:
    """How good a model is at a task, in numbers that have names, such as `perplexity`."""

    values: dict[str, float]
    items: int

    def text(self, what: str, name: str) -> str:
        """For people: one number a line."""
        lines = [f"{key.replace('_', ' ')}: {value:.4g}" for key, value in self.values.items()]
        return "\n".join([*lines, f"{self.items} {what} of {name}"])


class Task(ABC):
    """One way to learn from data. Tasks have no state: all functions depend on what they are given alone."""

    name: str
    verb: str  # what a model of it does, for sentences: a translator *translates*
    item: str  # what one of its data is called
    size: str  # what a batch's inputs hold
    unit: str  # what its vocabulary is made of

    # Data

    @abstractmethod
    def built_in(self, source: str, target: str, count: int, seed: int) -> Data:
        """The generated data, `count` of them to train on. Raises LabError where they are not in these languages."""

    @abstractmethod
    def load(self, path: Path, source: str | None, target: str) -> Data:
        """The data at `path`. Raises LabError where they are missing, malformed or too few."""

    def direction(self, data: Data) -> str:
        """From what to what, in short."""
        return f"{data.source_language}→{data.target_language}"

    @abstractmethod
    def load_test(self, path: Path, source: str, target: str) -> list[Any]:
        """What is at `path` to test on. Raises LabError as `load`."""

    # Examples

    @abstractmethod
    def learn(self, data: Data, model: Any) -> str:
        """The vocabulary of the training data, as text, for a model of these sizes."""

    @abstractmethod
    def vocabulary(self, text: str) -> Vocabulary:
        """The vocabulary that `learn` wrote. Raises LabError for any other text."""

    @abstractmethod
    def fitted(self, model: Any, vocabulary: Vocabulary, data: Data) -> Any:
        """The model's sizes as the data and their vocabulary make them."""

    @abstractmethod
    def check(self, model: Any, vocabulary: Vocabulary) -> None:
        """Raises LabError where a stored vocabulary is not that of a model of these sizes."""

    @abstractmethod
    def examples(self, items: Sequence[Any], vocabulary: Vocabulary, model: Any) -> tuple[list[Any], int]:
        """The data as a model reads them, and how many were left out because they are too long for it.

        An example has a `length`: its columns in a batch.
        """

    def ask(self, examples: Sequence[Any], vocabulary: Vocabulary, key: str) -> Sequence[Any]:
        """The examples as they are asked in one epoch, which depends on `key` alone. Most tasks ask always the same."""
        return examples

    # Batches

    @abstractmethod
    def collate(self, examples: Sequence[Any], vocabulary: Vocabulary) -> Asked:
        """Examples, as `ask` gives them, as a batch."""

    @abstractmethod
    def count(self, example: Any) -> int:
        """How many answers an example, as `ask` gives it, asks for."""

    def check_training(self, bpe_dropout: float) -> None:  # noqa: B027
        """Raises LabError for settings of training that have no meaning for it."""


class ScoredTask(Task):
    """A task whose models are scored by their answers alone, without writing anything."""

    @abstractmethod
    def score(
        self, model: nn.Module, vocabulary: Vocabulary, items: Sequence[Any], batch_tokens: int = 4_000
    ) -> Scores:
        """How well a model of this task answers for data that it was not trained on.

        Raises:
            LabError: there is nothing that fits in the model.
        """

    def fitting(self, items: Sequence[Any], vocabulary: Vocabulary, model: Any) -> list[Any]:
        """The examples, of which there must be one. Raises LabError where there is none."""
        examples, _ = self.examples(items, vocabulary, model)
        if not examples:
            raise LabError(f"no {self.item} fits in the model's max_length; give shorter ones.")
        return examples
