"""Making the book's models: rows of `book/models.yml`, each trained in a process of its own and kept by what it needs.

`ROOT/_build/models/NAME/` is the folder of one training, as `course train` writes it. `.made` in it says of what.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import yaml

from book_tools.building.execution import ONE_THREAD
from book_tools.building.ingredients import Ingredients, changed
from book_tools.errors import BookError

try:
    import fcntl
except ImportError:  # Windows: nobody else builds at the same time
    fcntl = None

TRAINING = frozenset({"transformer_lab.training.run", "transformer_lab.data.phrases"})  # what `train` below imports
MADE = ".made"
READY = "BOOK_MODELS"  # what tells `book_tools.models.load` the folder; that module is left to those who load


@dataclass(frozen=True)
class Row:
    """One model: the recipe and the changes to it, in the words of `course train --config … --set …`."""

    name: str
    config: str
    settings: tuple[str, ...]
    about: str


def rows(file: Path) -> dict[str, Row]:
    """The table of models; empty where the book has none. Raises BookError for a mistake in it."""
    if not file.exists():
        return {}
    try:
        table = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        return {name: Row(name, row["config"], tuple(row.get("set", ())), row["about"]) for name, row in table.items()}
    except (yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
        problem = f"{error} is missing" if isinstance(error, KeyError) else error
        shape = "a model needs `about` and `config`, and may have `set: [key=value]`"
        raise BookError(f"{file.name}: {shape}; {problem}.") from error


class Models:
    """The models of one book: which are up to date, and making those that are not."""

    def __init__(self, root: Path, ingredients: Ingredients | None = None):
        self.root = root
        self.rows = rows(root / "book" / "models.yml")
        self.folder = root / "_build" / "models"
        self._ingredients = ingredients or Ingredients(root)
        self._lock = Lock()
        self._processes: set[subprocess.Popen] = set()

    def row(self, name: str) -> Row:
        """The row of that name. Raises BookError where there is none."""
        if name not in self.rows:
            raise BookError(f"There is no model {name!r} in book/models.yml; it has {', '.join(self.rows) or 'none'}.")
        return self.rows[name]

    def changes(self, name: str) -> list[str]:
        """What has changed since the model was made; empty where it is up to date."""
        try:
            made = json.loads((self.folder / name / MADE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return ["it is not made yet"]
        return changed(made, self._wanted(name))

    def make(self, name: str, progress: bool = False) -> bool:
        """Trains a model unless it is up to date; says whether it did. Two programs never train the same at once.

        The new model takes the old one's place when it is complete. Raises BookError where training fails.
        """
        self.row(name)
        with _only_one(self.folder / f"{name}.lock"):
            if not self.changes(name):
                return False
            wanted, part = self._wanted(name), self.folder / f"{name}.part"
            shutil.rmtree(part, ignore_errors=True)
            self._train(name, part, progress)
            for rest in ("last.pt", "tensorboard", "snapshots"):  # for going on with a training, which is never done
                path = part / rest
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
            (part / MADE).write_text(json.dumps(wanted, indent=1), encoding="utf-8")
            shutil.rmtree(self.folder / name, ignore_errors=True)
            part.rename(self.folder / name)
            return True

    def stop(self) -> None:
        """Ends the trainings that are running; they fail."""
        with self._lock:
            for process in self._processes:
                process.kill()

    def _wanted(self, name: str) -> dict[str, str]:
        """What the model is made of: its row, what training imports, what is installed. No chapter."""
        row = self.row(name)
        library = self._ingredients.files(self._ingredients.library.needed(set(TRAINING)))
        return {"its row": f"{row.config} {list(row.settings)}", **self._ingredients.environment, **library}

    def _train(self, name: str, out: Path, progress: bool) -> None:
        row = self.row(name)
        command = [sys.executable, "-m", "book_tools.building.training", str(out), row.config, *row.settings]
        errors = None if progress else subprocess.PIPE
        # One thread: the same weights to the last bit on a machine, however many cores are at work.
        process = subprocess.Popen(command, env=os.environ | ONE_THREAD, stderr=errors, text=True)
        with self._lock:
            self._processes.add(process)
        _, said = process.communicate()
        with self._lock:
            self._processes.discard(process)
        if process.returncode:
            why = (said or "see above").strip().splitlines()[-1]
            raise BookError(f"Training the model {name!r} (book/models.yml) failed: {why}")


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    """Waits until no other program is inside."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        if fcntl:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
