"""Which modules of a source tree a piece of code imports, directly or not: read from the text, nothing is executed."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

DOTTED = re.compile(r"\w+(\.\w+)+")


class SourceTree:
    """The modules under one folder, such as `src/`, by their dotted names."""

    def __init__(self, root: Path):
        self.root = root
        self._imports: dict[str, frozenset[str]] = {}

    def file(self, module: str) -> Path | None:
        """The file of a module or package; None where this tree has none of that name."""
        path = self.root.joinpath(*module.split("."))
        for candidate in (path.with_name(f"{path.name}.py"), path / "__init__.py"):
            if candidate.is_file():
                return candidate
        return None

    def imported(self, code: str) -> set[str]:
        """The modules that code outside the tree needs, with everything that they need in turn."""
        return self._closure(self._named(code, package=""))

    def needed(self, modules: set[str]) -> set[str]:
        """These modules, with everything that they need in turn."""
        return self._closure(set().union(*(self._with_packages(module) for module in modules)))

    def files(self, modules: set[str]) -> list[Path]:
        """The files of these modules."""
        return sorted(file for module in modules if (file := self.file(module)) is not None)

    def data(self, modules: set[str]) -> list[Path]:
        """The files that are not Python's (scripts, styles, tables) in the folders of these modules' packages."""
        folders = {file.parent for file in self.files(modules)}
        return sorted(set().union(*map(_data, folders)))

    def _closure(self, modules: set[str]) -> set[str]:
        found, waiting = set(modules), list(modules)
        while waiting:
            new = self._imported_by(waiting.pop()) - found
            found |= new
            waiting += new
        return found

    def _imported_by(self, module: str) -> frozenset[str]:
        if module not in self._imports:
            file = self.file(module)
            package = module if file.name == "__init__.py" else module.rpartition(".")[0]
            try:
                self._imports[module] = frozenset(self._named(file.read_text(encoding="utf-8"), package))
            except SyntaxError:  # whoever imports it will say where
                self._imports[module] = frozenset()
        return self._imports[module]

    def _named(self, code: str, package: str) -> set[str]:
        """The modules of the tree that code names: in imports, wherever they stand, or as text, `"package.module"`."""
        named = (self._with_packages(name) for name in _names(code, package))
        return set().union(*named)

    def _with_packages(self, name: str) -> set[str]:
        """The module of that name and its packages, which Python executes first; nothing where it is not ours."""
        parts = name.split(".")
        names = [".".join(parts[:length]) for length in range(1, len(parts) + 1)]
        return {name for name in names if self.file(name) is not None}


def _data(folder: Path) -> list[Path]:
    """The files of a package that are not Python's, down to the next package."""
    found: list[Path] = []
    for path in folder.iterdir():
        if path.is_dir():
            if path.name != "__pycache__" and not (path / "__init__.py").exists():
                found += _data(path)
        elif path.suffix not in (".py", ".pyc"):
            found.append(path)
    return found


def _names(code: str, package: str) -> Iterator[str]:
    """Dotted names that may be modules. Of `from a import b` both a and a.b: b may be a module."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and DOTTED.fullmatch(node.value):
            yield node.value
