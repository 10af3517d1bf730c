"""The book's trained models, for chapters and figures: `load("translator")`.

They are trained once, by the rows of `book/models.yml`, and kept in `_build/models/NAME/`. While the book is built they
are there before a chapter that names one begins. Where a reader executes a chapter by hand, `load` trains what is
missing, which takes about a minute and shows its progress.
"""

import csv
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from book_tools.errors import BookError
from transformer_lab.data.tokenizer import Tokenizer
from transformer_lab.seq2seq import Seq2Seq
from transformer_lab.training.checkpoint import load_checkpoint
from transformer_lab.training.config import Recipe
from transformer_lab.translation.translator import Translator

ROOT = Path(__file__).resolve().parents[2]
READY = "BOOK_MODELS"  # set by the build: the folder of the models, which are up to date


@dataclass(frozen=True)
class LoggedStep:
    """One step of a training. `validation_loss` stands where the step ended in a validation."""

    number: int
    loss: float
    learning_rate: float
    validation_loss: float | None


@dataclass(frozen=True)
class Trained:
    """A model as its training left it: the one with the lowest validation loss."""

    model: Seq2Seq  # in evaluation mode
    tokenizer: Tokenizer
    recipe: Recipe
    steps: list[LoggedStep]  # of the whole training
    seconds: float  # that the training took, with its validations

    @property
    def translator(self) -> Translator:
        """The model with its tokenizer: from text to text."""
        return Translator(self.model, self.tokenizer)


def load(name: str) -> Trained:
    """The model of that name in `book/models.yml`. Every call gives a new copy.

    Raises BookError where there is no such row, or its training failed.
    """
    folder = Path(os.environ[READY]) if READY in os.environ else _made(name)
    if not (folder / name / "best.pt").exists():
        remedy = "give it a row in book/models.yml, and name it in the call of `load`"
        raise BookError(f"The model {name!r} is not in {folder}; {remedy}.")
    checkpoint = load_checkpoint(folder / name / "best.pt")
    with (folder / name / "log.csv").open(encoding="utf-8", newline="") as file:
        steps = [_logged(row) for row in csv.DictReader(file)]
    model = checkpoint.model().eval()
    return Trained(model, checkpoint.tokenizer, checkpoint.recipe, steps, float(checkpoint.data["seconds"]))


def _made(name: str) -> Path:
    """The folder of the models, after the one of that name has been trained if it was not, or not as it is now."""
    program = Path(sys.executable).with_name("course")
    done = subprocess.run([str(program), "train", "--models", name], stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise BookError(f"The model {name!r} could not be made; run `course train --models {name}`, which says why.")
    return ROOT / "_build" / "models"


def _logged(row: dict[str, str]) -> LoggedStep:
    validation = row["validation_loss"]
    loss, rate = float(row["loss"]), float(row["learning_rate"])
    return LoggedStep(int(row["step"]), loss, rate, float(validation) if validation else None)
