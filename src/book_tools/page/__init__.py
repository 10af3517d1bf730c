"""The parts of a page, one of each, as Sphinx directives: list `book_tools.page` in the extensions.

`form` holds what every chapter must have; CONTRIBUTING, *Add a chapter*, shows how each part is written.
"""

from typing import Any

from sphinx.application import Sphinx

from book_tools.page import (
    captions,
    chapters,
    exercises,
    glossary,
    icons,
    markup,
    mathematics,
    mistakes,
    notebooks,
    opening,
    quiz,
    scripts,
)


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers every part."""
    parts = (captions, chapters, exercises, glossary, icons, mathematics, mistakes, notebooks, opening, quiz, scripts)
    for part in (markup, *parts):
        part.setup(app)
    return {"version": "1", "env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}
