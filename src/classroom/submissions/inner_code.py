"""Code that stands inside a cell as text: what a cell executes, and the modules that it writes to import them later."""

import ast
from collections.abc import Iterator
from pathlib import PurePosixPath

from classroom.student_code.names import Names
from classroom.student_code.parsed import TIMING_MAGICS, parse

DEEPEST = 3  # code in code in code
RUNS = {"exec", "eval", "compile", "builtins.exec", "builtins.eval", "builtins.compile", "code.interact"}
RUNS |= {f"get_ipython().{name}" for name in ("run_cell", "ex", "ev", "run_code", "run_cell_async")}
RUNS |= {
    f"{module}.{name}" for module in ("timeit", "cProfile", "profile") for name in ("timeit", "repeat", "run", "runctx")
}
WRITES = ("write", "write_text", "write_bytes")
WRITING_MAGICS = ("writefile", "file")


def with_inner(tree: ast.Module, names: Names, depth: int = 0) -> ast.Module:
    """The tree, followed by the statements of texts that it runs. The tree itself stays as it is."""
    inner = [statement for text in _run_by(tree, names) for statement in _statements(text, names, depth)]
    return ast.Module([*tree.body, *inner], []) if inner else tree


def _statements(text: str, names: Names, depth: int) -> list[ast.stmt]:
    tree = parse(text.strip()) if depth < DEEPEST else None
    return with_inner(tree, names, depth + 1).body if tree else []


def _run_by(tree: ast.Module, names: Names) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(ast.Attribute(_, "run_cell_magic"), [name, _, body]) if names.text(name) in TIMING_MAGICS:
                yield code_in(body, names) or ""
            case ast.Call(function, [code, *_]) if names.dotted(function) in RUNS:
                yield code_in(code, names) or ""


def written(tree: ast.Module, names: Names) -> dict[str, str]:
    """The Python files whose text a cell holds and writes, by name: `%%writefile`, `open(…).write`, `write_text`."""
    files: dict[str, str] = {}
    seen: set[int] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Call(ast.Attribute(_, "run_cell_magic"), [ast.Constant(str() as magic), line, body]):
                if magic in WRITING_MAGICS:
                    _add(files, (names.text(line) or "").split()[-1:], body, names)
            case ast.Call(ast.Attribute(value, method), [text]) if method in WRITES and id(node) not in seen:
                _add(files, _files_in(value, names), text, names)
            case ast.With(items, body):
                opened = [name for item in items for name in _files_in(item.context_expr, names)]
                for part in (part for statement in body for part in ast.walk(statement)):
                    match part:
                        case ast.Call(ast.Attribute(_, method), [text]) if method in WRITES and opened:
                            seen.add(id(part))
                            _add(files, opened, text, names)
    return files


def _files_in(node: ast.expr, names: Names) -> list[str]:
    """The names of Python files in an expression that opens one."""
    if isinstance(node, ast.Name) and isinstance(value := names.value(node.id), ast.expr):
        node = value
    found = [names.text(part) for part in ast.walk(node) if isinstance(part, ast.Constant | ast.BinOp | ast.JoinedStr)]
    return [text for text in found if text and text.endswith(".py")][:1]


def _add(files: dict[str, str], name: list[str], text: ast.expr, names: Names) -> None:
    code = code_in(text, names)
    if name and name[0].endswith(".py") and code is not None:
        path = str(PurePosixPath(name[0]))
        files[path] = files.get(path, "") + code


def code_in(node: ast.expr, names: Names) -> str | None:
    """The text of an expression: a constant of any length, named or not, or what short constants spell."""
    if isinstance(node, ast.Name) and isinstance(value := names.value(node.id), ast.Constant):
        node = value
    if isinstance(node, ast.Constant) and isinstance(node.value, bytes):
        return node.value.decode("utf-8", "replace")
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else names.text(node)
