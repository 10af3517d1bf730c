"""The Sphinx extension that puts the figures on static pages: list `book_tools.figures.sphinx` in the extensions."""

import os

from sphinx.application import Sphinx

from book_tools.figures.figure import STATIC_PAGE


def setup(app: Sphinx) -> dict[str, bool]:
    """Tells the kernels that Sphinx starts (they inherit its environment) that their output goes on a static page."""
    os.environ[STATIC_PAGE] = "1"
    return {"parallel_read_safe": True, "parallel_write_safe": True}
