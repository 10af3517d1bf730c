"""CSV files as programs and people write them: any separator, any encoding of this century, headings in any case."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from classroom.errors import ClassroomError

ENCODINGS = ("utf-8-sig", "utf-16", "cp1252")
MOST = 50 * 2**20  # bytes


@dataclass(frozen=True)
class Table:
    """A CSV file: its rows by heading, headings in lower case."""

    path: Path
    headings: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]

    def column(self, names: Sequence[str], what: str) -> str:
        """The first of these headings that the table has.

        Raises:
            ClassroomError: it has none of them.
        """
        found = self.optional(names)
        if found is None:
            raise ClassroomError(
                f"{self.path} has no column that says {what} ({', '.join(names[:4])}, …); its headings are: "
                f"{', '.join(self.headings)}"
            )
        return found

    def optional(self, names: Sequence[str]) -> str | None:
        """The first of these headings that the table has, or None."""
        return next((name for name in names if name in self.headings), None)


def read_table(path: Path) -> Table:
    """Reads it. Cells that are missing at the end of a row are empty.

    Raises:
        ClassroomError: the file cannot be read, or holds no table.
    """
    try:
        if path.stat().st_size > MOST:
            raise ClassroomError(f"{path} is larger than {MOST >> 20} MiB; is it a class list?")
        content = path.read_bytes()
    except OSError as error:
        raise ClassroomError(f"{path} cannot be read: {error.strerror}") from None
    text = decoded(path, content)
    separator = max(",;\t", key=text.split("\n", 1)[0].count)
    try:
        rows = [
            row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if any(map(str.strip, row))
        ]
    except csv.Error as error:
        raise ClassroomError(f"{path} is not a CSV file ({error}); export it again") from None
    if not rows or len(rows[0]) < 2:
        raise ClassroomError(
            f"{path} holds no table: its first line should be headings, separated by commas; export it as CSV"
        )
    headings = tuple(" ".join(heading.split()).lower() for heading in rows[0])
    read = [dict.fromkeys(headings, "") | dict(zip(headings, map(str.strip, row), strict=False)) for row in rows[1:]]
    return Table(path, headings, tuple(read))


def decoded(path: Path, content: bytes) -> str:
    """The text of a CSV file.

    Raises:
        ClassroomError: it is something else.
    """
    if content[:4] == b"PK\x03\x04":
        raise ClassroomError(f"{path} is a spreadsheet; save it as CSV, and give that")
    for encoding in ENCODINGS:
        if encoding == "utf-16" and content[:2] not in (b"\xff\xfe", b"\xfe\xff"):
            continue
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ClassroomError(f"{path} is not a text file; export it as CSV in UTF-8")
