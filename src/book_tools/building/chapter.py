"""A chapter as its notebook: the code that is executed, and where each cell stands in the source."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

MATTERS = ("raises-exception", "skip-execution")  # tags that change what is executed; others change what is shown


@dataclass(frozen=True)
class Chapter:
    """One page of the book that has code."""

    name: str  # as Sphinx names it: the path below the book, without its ending
    path: Path
    notebook: NotebookNode

    @property
    def code_cells(self) -> list[NotebookNode]:
        """The cells with code, in order. Cells of text are of no concern to an execution."""
        return [cell for cell in self.notebook.cells if cell.cell_type == "code"]

    @cached_property
    def python(self) -> str:
        """The code as a Python module; cells that Python cannot read are left out, and will fail when executed."""
        transform = TransformerManager().transform_cell  # for `%magic` and `!program`
        readable = []
        for cell in self.code_cells:
            code = transform(cell.source)
            try:
                compile(code, self.name, "exec", flags=0x2000)  # PyCF_ALLOW_TOP_LEVEL_AWAIT
            except SyntaxError:
                continue
            readable.append(code)
        return "\n".join(readable)

    @property
    def fingerprint(self) -> str:
        """A digest of the code cells, and of nothing else in the page."""
        digest = hashlib.sha256(str(self.notebook.metadata.get("kernelspec", {}).get("name")).encode())
        for cell in self.code_cells:
            tags = [tag for tag in MATTERS if tag in cell.metadata.get("tags", [])]
            digest.update(f"\n{len(cell.source)} {tags}\n{cell.source}".encode())
        return digest.hexdigest()

    def cell_number(self, index: int) -> int:
        """The number of a cell among the code cells, from 1, as a reader counts. `index` is among all cells."""
        return sum(cell.cell_type == "code" for cell in self.notebook.cells[: index + 1])

    def line(self, index: int, within: int = 1) -> int | None:
        """The line of the source where line `within` of a cell stands; None where the format has no lines (.ipynb)."""
        starts = self.notebook.metadata.get("source_map")
        if not starts:
            return None
        source = self.path.read_text(encoding="utf-8").splitlines()
        first = self.notebook.cells[index].source.partition("\n")[0].strip()
        # The map gives the line of the fence; options may stand between it and the code.
        for number in range(starts[index], len(source)):
            if source[number].strip() == first:
                return number + within
        return starts[index] + within
