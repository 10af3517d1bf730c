"""Fixtures for the tests of interactive figures."""

from collections.abc import Callable
from pathlib import Path

import pytest
from figure_harness import figure_page

from book_tools.figures import Figure


@pytest.fixture
def write_page(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes a page with the given figures, as the book's cells put them there."""

    def write(*figures: Figure, root: str = "") -> Path:
        return figure_page(tmp_path, *figures, root=root)

    return write
