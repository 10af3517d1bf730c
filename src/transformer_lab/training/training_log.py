"""What a run leaves to look at: `log.csv`, a row a step, and the same as curves for TensorBoard."""

import csv
import io
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from transformer_lab.data.corpus import read_lines
from transformer_lab.errors import LabError
from transformer_lab.whole_files import atomic_write

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
        """Goes on after `step`: what the file says of later ones is forgotten.

        Raises:
            LabError: the file is not such a log, or cannot be read (its line is named), or ends before `step`.
        """
        rows = _read_rows(self.path) if self.path.exists() else []
        if rows and rows[-1][0] < step:
            raise LabError(
                f"{self.path} ends at step {rows[-1][0]}, before the state of step {step}; restore the file, or remove "
                "it to go on with a new one."
            )
        self._rows = [row for row in rows if row[0] <= step]


def _read_rows(path: Path) -> list[tuple[int | float | str, ...]]:
    """What `CsvLog.save` wrote; its numbers hold neither quotes nor line breaks."""
    lines, rows = list(read_lines(path)), []
    if lines[:1] != [",".join(COLUMNS)]:
        raise _damaged(path, 1)
    for number, line in enumerate(lines[1:], start=2):
        try:
            step, loss, rate, validation = line.split(",")
            rows.append((int(step), float(loss), float(rate), float(validation) if validation else ""))
            if rows[0][0] + len(rows) - 1 != int(step):
                raise ValueError("a step is missing")
        except ValueError as error:
            raise _damaged(path, number) from error
    return rows


def _damaged(path: Path, line: int) -> LabError:
    return LabError(
        f"{path}, line {line}: not as a run writes it ({', '.join(COLUMNS)}); "
        "restore the file, or remove it to go on with a new one."
    )


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
        """Hands the new rows to TensorBoard's file. Raises LabError where it cannot be written."""
        try:
            self._save()
        except OSError as error:
            said = error.strerror or error
            raise LabError(f"{self.directory} cannot be written: {said}; see to its permissions and space.") from error

    def _save(self) -> None:
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
            with suppress(OSError):  # `save` has complained of it already
                self._writer.close()
            self._writer = None
