"""What a run leaves to look at: `log.csv`, a row a step, and the same as curves for TensorBoard."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from transformer_lab.training.checkpoint import atomic_write

COLUMNS = ("step", "loss", "learning_rate", "validation_loss")


@dataclass(frozen=True)
class Row:
    """What is known of one step."""

    step: int
    loss: float
    learning_rate: float
    gradient_norm: float
    tokens_per_second: float
    validation_loss: float | None = None  # where the step ended in a validation


class CsvLog:
    """`OUT/log.csv`: the same numbers whether a run was interrupted or not."""

    def __init__(self, path: Path):
        self.path = path
        self._rows: list[tuple[int | float | str, ...]] = []

    def add(self, row: Row) -> None:
        """Keeps a row until `save`."""
        validation = "" if row.validation_loss is None else row.validation_loss
        self._rows.append((row.step, row.loss, row.learning_rate, validation))

    def save(self) -> None:
        """Writes the file whole or not at all."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([COLUMNS, *self._rows])
        with atomic_write(self.path) as file:
            file.write(text.getvalue().encode())

    def restore(self, step: int) -> None:
        """Goes on after `step`: what the file says of later ones is forgotten."""
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        self._rows = [
            (int(row["step"]), *(float(row[name]) if row[name] else "" for name in COLUMNS[1:]))
            for row in csv.DictReader(lines)
            if int(row["step"]) <= step
        ]


class TensorBoardLog:
    """`OUT/tensorboard`: the curves of `tensorboard --logdir OUT`. Nothing is written before the first `save`."""

    def __init__(self, directory: Path):
        self.directory = directory
        self._rows: list[Row] = []
        self._writer = None

    def add(self, row: Row) -> None:
        """Keeps a row until `save`."""
        self._rows.append(row)

    def save(self) -> None:
        """Hands the new rows to TensorBoard's file."""
        if not self._rows:
            return
        if self._writer is None:
            from torch.utils.tensorboard import SummaryWriter  # a quarter of a second

            # A run that was killed after this and before its checkpoint has left steps that will come again.
            self._writer = SummaryWriter(self.directory, purge_step=self._rows[0].step)
        for row in self._rows:
            self._writer.add_scalar("loss/training", row.loss, row.step)
            self._writer.add_scalar("learning rate", row.learning_rate, row.step)
            self._writer.add_scalar("gradient norm", row.gradient_norm, row.step)
            self._writer.add_scalar("tokens per second", row.tokens_per_second, row.step)
            if row.validation_loss is not None:
                self._writer.add_scalar("loss/validation", row.validation_loss, row.step)
        self._writer.flush()
        self._rows = []

    def close(self) -> None:
        """Ends the writer's thread. Rows that were not saved are dropped: the steps will come again."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
