"""Tables of measurements in the chapters: HTML in the page, aligned text elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Table:
    """Rows under a header. In a notebook it shows itself; numbers come formatted, as text."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.header):
                raise ValueError(f"the row {list(row)} has {len(row)} cells under {len(self.header)} headings")

    def _repr_html_(self) -> str:
        caption = f"<caption>{escape(self.caption)}</caption>" if self.caption else ""
        head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in self.header)
        body = "".join(
            f'<tr><th scope="row">{escape(first)}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in rest) + "</tr>"
            for first, *rest in self.rows
        )
        return (
            f'<div class="book-table"><table class="table">{caption}<thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>"
        )

    def __str__(self) -> str:
        lines = [list(self.header), *map(list, self.rows)]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.header))]
        text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
        return "\n".join([*([self.caption] if self.caption else []), *(line.rstrip() for line in text)])

    __repr__ = __str__


def tiny(number: float) -> str:
    """A very small or very large number to one digit and a power of ten, for reading: 3 × 10⁻⁷."""
    mantissa, exponent = f"{number:.0e}".split("e")
    raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{mantissa}\u00a0×\u00a010{raised}" if number else "0"


def table(header: Sequence[str], rows: Sequence[Sequence[object]], caption: str = "") -> None:
    """Shows a table; the first cell of each row names the row.

    Raises ValueError where a row is longer or shorter than the header.
    """
    from IPython.display import display

    display(Table(header, [[str(cell) for cell in row] for row in rows], caption))
