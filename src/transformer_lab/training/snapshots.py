"""The last few states of a model while it trains, in files, and their average."""

from pathlib import Path

import torch
from torch import Tensor

from transformer_lab.errors import LabError
from transformer_lab.out_of_memory import is_out_of_memory
from transformer_lab.training.averaging import average_weights
from transformer_lab.whole_files import atomic_write


class Snapshots:
    """The states of a model after some steps, one file each in `directory`; `count` of them are averaged."""

    def __init__(self, directory: Path, count: int):
        self.directory = directory
        self.count = count

    def add(self, step: int, weights: dict[str, Tensor]) -> None:
        """Keeps the state after this step. Raises LabError where it cannot be written."""
        with atomic_write(self.directory / f"{step:08}.pt") as file:
            torch.save(weights, file)

    def newest(self, step: int) -> list[Path]:
        """The last `count` files up to this step, the oldest first; a killed run may have left a newer one."""
        return [file for file in self._files() if int(file.stem) <= step][-self.count :]

    def steps(self, step: int) -> list[int]:
        """Of which steps the last `count` states up to this one are."""
        return [int(file.stem) for file in self.newest(step)]

    def average(self, step: int) -> dict[str, Tensor]:
        """The mean of the last `count` states up to this step."""
        return average_weights(_read(file) for file in self.newest(step))

    def keep_newest(self, step: int) -> None:
        """Removes all but the last `count` files up to this step."""
        kept = self.newest(step)
        for file in self._files():
            if file not in kept:
                file.unlink()

    def forget_after(self, step: int) -> None:
        """Removes what a run left that was killed before it saved its state, or another run in the same directory."""
        for file in self._files():
            if int(file.stem) > step:
                file.unlink()

    def _files(self) -> list[Path]:
        return sorted(file for file in self.directory.glob("*.pt") if file.stem.isdecimal())


def _read(file: Path) -> dict[str, Tensor]:
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except OSError as error:
        if error.filename is None:  # not the system's, but torch's word for a truncated file
            raise _damaged(file) from error
        raise LabError(f"{file} cannot be read: {error.strerror}; see to its permissions") from error
    except Exception as error:  # from a file that holds anything, reading may raise anything
        if is_out_of_memory(error):
            raise
        raise _damaged(file) from error


def _damaged(file: Path) -> LabError:
    return LabError(f"{file} is damaged; remove it, and the averages do without it")
