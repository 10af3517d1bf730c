"""Words in drawings, from a table: `book/labels/LANGUAGE/PAGE.yml`. A translation of the book translates the table.

>>> say = labels("self-attention")
>>> axes.set(title=say("variance"), xlabel=say("width"))
"""

import os
from functools import lru_cache
from pathlib import Path
from string import Formatter

import yaml

from book_tools.errors import BookError

FOLDER = Path(__file__).parents[2] / "book" / "labels"
LANGUAGE = "BOOK_LANGUAGE"  # the environment variable that names the edition; English where it is not set


class Labels:
    """The words of one page. Call it with a label's name and the values of its `{fields}`."""

    def __init__(self, table: dict[str, str], source: str) -> None:
        self._table, self._source = table, source

    def __call__(self, name: str, **values: object) -> str:
        """The label. Raises BookError where the table has none of that name, or a field has no value."""
        if name not in self._table:
            raise BookError(f"{self._source} has no label {name!r}; add it there, in every language.")
        text = self._table[name]
        fields = {field for _, field, _, _ in Formatter().parse(text) if field}
        if fields != set(values):
            raise BookError(f"{self._source}, label {name!r}: its fields are {sorted(fields)}, not {sorted(values)}.")
        return text.format(**values)


def labels(page: str) -> Labels:
    """The words of a page's drawings in the language of this edition. Raises BookError where the table is missing."""
    return _read(page, os.environ.get(LANGUAGE, "en"))


@lru_cache
def _read(page: str, language: str) -> Labels:
    path = FOLDER / language / f"{page}.yml"
    source = f"book/labels/{language}/{page}.yml"
    try:
        table = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BookError(f"{source} is missing: the drawings of {page} take their words from it.") from error
    except yaml.YAMLError as error:
        raise BookError(f"{source} is not valid YAML: {error}") from error
    if not isinstance(table, dict) or not all(isinstance(text, str) for text in table.values()):
        raise BookError(f"{source} must hold lines like `name: text`, one for each label.")
    return Labels(table, source)
