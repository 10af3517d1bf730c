"""What a chapter's outputs depend on and can be known before it is executed: names, each with a digest."""

import ast
import hashlib
import json
import platform
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from book_tools.building.chapter import Chapter
from book_tools.building.imports import SourceTree
from book_tools.building.reads import files_fingerprint

PINNED = ("requirements.txt", "constraints.txt")


class Ingredients:
    """Of all chapters of a book, as the files are now. `root` holds `src/`, `book/claims.yml` and the requirements."""

    def __init__(self, root: Path):
        self.root = root
        self.library = SourceTree(root / "src")
        self._digests: dict[Path, str] = {}

    def of(self, chapter: Chapter) -> dict[str, str]:
        """The chapter's code, the claims it decides, the modules it imports directly or not, and what is installed."""
        found = {"its code": chapter.fingerprint, **self.environment}
        words = {node.value for node in ast.walk(ast.parse(chapter.python)) if _is_text(node)}
        for claim, row in self._claims.items():
            if claim in words or row.get("chapter") == chapter.name:
                text = json.dumps(row, sort_keys=True, ensure_ascii=False, default=str)
                found[f"claim {claim}"] = hashlib.sha256(text.encode()).hexdigest()
        return found | self.files(self.library.imported(chapter.python))

    def files(self, modules: set[str], data: bool = False) -> dict[str, str]:
        """The files of these modules, by their names below the root; on request also the data beside them.

        What a chapter reads of such data is recorded while it is executed.
        """
        paths = self.library.files(modules) + (self.library.data(modules) if data else [])
        return {path.relative_to(self.root).as_posix(): self._digest(path) for path in paths}

    @cached_property
    def environment(self) -> dict[str, str]:
        """The version of Python and of every package."""
        return {"Python": platform.python_version()} | {name: self._digest(self.root / name) for name in PINNED}

    @cached_property
    def _claims(self) -> dict[str, dict[str, Any]]:
        """The rows of the record by their ids, each with what the record says of its document."""
        try:
            record = yaml.safe_load((self.root / "book" / "claims.yml").read_text(encoding="utf-8"))
            documents = record.get("documents", {})  # a card names the document of its claim
            return {row["id"]: {**row, "source": documents.get(row["document"])} for row in record["claims"]}
        except (OSError, yaml.YAMLError, TypeError, KeyError):
            return {}  # the ledger says what is wrong with it

    def _digest(self, path: Path) -> str:
        if path not in self._digests:
            self._digests[path] = files_fingerprint([path])
        return self._digests[path]


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def changed(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """The names that stand for something else now, are new or are gone."""
    return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
