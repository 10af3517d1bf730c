"""What the book adds to `course`: `course train --models` makes the models that chapters load."""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `--models` to the library's `train`, which knows nothing of the book."""
    train = commands.choices["train"]
    train.add_argument(
        "--models",
        nargs="*",
        metavar="NAME",
        help="make the book's models (book/models.yml), all or those named, where they are not up to date",
    )
    otherwise = train.get_default("run")
    train.set_defaults(run=lambda arguments: otherwise(arguments) if arguments.models is None else _models(arguments))


def _models(arguments: argparse.Namespace) -> int:
    from book_tools.building.models import Models
    from book_tools.building.schedule import Task, cores, side_by_side

    models = Models(ROOT)
    names = list(dict.fromkeys(arguments.models)) or list(models.rows)
    for name in names:
        models.row(name)  # a wrong name before anything is trained
    due = [name for name in names if models.changes(name)]
    workers = min(cores(), len(due))
    for name in names:
        print(f"{name}: " + ("will be trained" if name in due else "up to date"), file=sys.stderr)
    alone = workers == 1  # several progress bars would write over each other
    tasks = [Task(name, lambda name=name: models.make(name, progress=alone)) for name in due]
    for number, (task, future) in enumerate(side_by_side(tasks, workers, models.stop) if tasks else (), start=1):
        future.result()
        print(f"{task.name}: trained ({number} of {len(due)})", file=sys.stderr)
    for name in names:
        print(models.folder / name)
    return 0
