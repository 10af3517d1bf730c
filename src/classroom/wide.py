"""Columns of a terminal, where a Chinese character takes two and a combining accent none."""

import unicodedata
from collections.abc import Sequence


def width(text: str) -> int:
    """The columns that a text takes in a terminal."""
    return sum(0 if _takes_none(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def ljust(text: str, columns: int) -> str:
    """The text with spaces behind it, so that it takes so many columns."""
    return text + " " * (columns - width(text))


def rjust(text: str, columns: int) -> str:
    """The text with spaces before it, so that it takes so many columns."""
    return " " * (columns - width(text)) + text


def padded(rows: Sequence[Sequence[str]], gap: str = "  ", right: Sequence[int] = ()) -> list[str]:
    """The rows as lines of one table; the columns in `right` are aligned at their right end."""
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            rjust(cell, columns) if place in right else ljust(cell, columns)
            for place, (cell, columns) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(gap.join(cells).rstrip())
    return lines


def _takes_none(character: str) -> bool:
    return unicodedata.category(character) in ("Mn", "Me", "Cf")
