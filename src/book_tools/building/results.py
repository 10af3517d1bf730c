"""What chapters gave when they were executed, kept between builds with all that it depended on."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nbformat import from_dict

from book_tools.building.chapter import Chapter
from transformer_lab.whole_files import atomic_write

FORMAT = 1


@dataclass(frozen=True)
class Result:
    """The outputs of one chapter's code cells.

    `ingredients` are known before a chapter is executed (its code, the library, …), `reads` only afterwards; both
    are names with a digest of what each stood for.
    """

    ingredients: Mapping[str, str]
    reads: Mapping[str, str]
    seconds: float
    cells: list[dict[str, Any]]  # execution_count and outputs
    metadata: dict[str, Any]
    format: int = FORMAT

    @property
    def digest(self) -> str:
        """Of the outputs: a page has to be read again when it changes."""
        return hashlib.sha256(json.dumps([self.cells, self.metadata], sort_keys=True).encode()).hexdigest()

    def give_to(self, chapter: Chapter) -> None:
        """Puts the outputs into the cells of the chapter's notebook."""
        for cell, stored in zip(chapter.code_cells, self.cells, strict=True):
            cell.update(from_dict(stored))
        chapter.notebook.metadata.update(from_dict(self.metadata))


def outputs(chapter: Chapter) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """What an executed notebook holds that its source does not: for `Result`."""
    cells = [
        {"execution_count": cell.get("execution_count"), "outputs": cell.get("outputs", [])}
        for cell in chapter.code_cells
    ]
    metadata = {name: chapter.notebook.metadata[name] for name in ("language_info", "widgets")
                if name in chapter.notebook.metadata}  # fmt: skip
    return json.loads(json.dumps(cells)), json.loads(json.dumps(metadata))


class Results:
    """A folder of results, a file a chapter. A file that was not written to its end counts as none."""

    def __init__(self, folder: Path):
        self.folder = folder

    def load(self, name: str) -> Result | None:
        """The newest result of a chapter, whatever has changed since; None where there is none to be read."""
        try:
            stored = json.loads(self._path(name).read_text(encoding="utf-8"))
            result = Result(**stored)
        except (OSError, ValueError, TypeError):
            return None
        return result if result.format == FORMAT else None

    def save(self, name: str, result: Result) -> None:
        """Written whole or not at all."""
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as file:
            file.write(json.dumps(asdict(result), ensure_ascii=False).encode())

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.json"
