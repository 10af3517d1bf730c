"""A small run for the tests of training: seconds long, on generated phrases."""

import csv
from pathlib import Path

from transformer_lab.training.config import Recipe, find_recipe

SMALL = ["pairs=300", "validate_every=8", "average=2", "batch_tokens=400", "dropout=0.1", "d_model=16", "d_ff=16"]


def small(*overrides: str) -> Recipe:
    """The recipe "tiny" made smaller still, with these settings."""
    return find_recipe("tiny", [*SMALL, *overrides])


def rows(out: Path) -> list[dict[str, str]]:
    """The run's log, a row a step."""
    return list(csv.DictReader((out / "log.csv").read_text().splitlines()))
