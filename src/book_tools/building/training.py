"""The process in which one of the book's models is trained.

`python -m book_tools.building.training OUT CONFIG [KEY=VALUE…]`
"""

import os
import sys
import threading
import time
from pathlib import Path

from transformer_lab.data.phrases import phrase_corpus
from transformer_lab.errors import LabError
from transformer_lab.training.config import find_recipe
from transformer_lab.training.run import Run


def train(out: Path, config: str, settings: list[str]) -> None:
    """Trains a recipe on the built-in phrases in the folder `out`. Raises LabError for an unknown name or setting."""
    recipe = find_recipe(config, settings)
    corpus = phrase_corpus(recipe.training.pairs, recipe.training.seed)
    Run(recipe, corpus, out, "cpu").train()


def _end_with(parent: int) -> None:
    """Ends this process when the build that started it is gone, even killed: else two would write the same files."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_end_with, args=[os.getppid()], daemon=True).start()
    try:
        train(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
    except LabError as error:
        sys.exit(str(error))
