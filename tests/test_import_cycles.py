"""No two modules of src/ or bench/ need each other: not at import, not inside a function, not for their types."""

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def modules(folder: Path) -> dict[str, Path]:
    """Each module below a folder of packages, by its dotted name."""
    found = {}
    for path in folder.rglob("*.py"):
        parts = path.relative_to(folder).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(path: Path, name: str) -> Iterator[str]:
    """What a module imports anywhere in its text, as dotted names that may be modules or names within one."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def needs(known: Mapping[str, Path]) -> dict[str, set[str]]:
    """Which of the known modules each of them imports."""
    graph: dict[str, set[str]] = {}
    for name, path in known.items():
        graph[name] = set()
        for wanted in imports(path, name):
            while wanted and wanted not in known:  # a name within a module
                wanted = wanted.rpartition(".")[0]
            graph[name] |= {wanted} - {"", name}
    return graph


@pytest.mark.parametrize("folders", [("src",), ("src", "bench")])
def test_no_two_modules_need_each_other(folders):
    known = {}
    for folder in folders:
        package = "bench" if folder == "bench" else ""  # src/ holds packages, bench/ is one
        known |= {".".join(filter(None, (package, name))): path for name, path in modules(ROOT / folder).items()}
    graph = needs(known)
    assert sum(map(len, graph.values())) > len(graph)  # they were read
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"these need each other: {' → '.join(reversed(error.args[1]))}")


@pytest.mark.parametrize(
    "text", ["import p.b", "from p import b", "from p.b import x", "from . import b", "from .b import x",
             "def f():\n    from p.b import x", "if TYPE_CHECKING:\n    from p.b import x"]
)  # fmt: skip
def test_every_way_to_import_counts(tmp_path, text):
    folder = tmp_path / "p"
    folder.mkdir()
    for name, content in {"__init__": "", "a": text, "b": "from p.a import y"}.items():
        (folder / f"{name}.py").write_text(content)
    graph = needs(modules(tmp_path))
    assert graph == {"p": set(), "p.a": {"p.b"}, "p.b": {"p.a"}}
    with pytest.raises(CycleError):
        TopologicalSorter(graph).prepare()
