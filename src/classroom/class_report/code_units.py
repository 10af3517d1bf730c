"""A student's code without what a rewrite changes freely: names, comments, layout, order of functions.

A notebook becomes units, one a function or method, each a sequence of syntax tokens. Names that the student chose are
all the same token; what the release gave (`torch`, `attention_scores`), attributes and constants keep theirs.
Annotations, docstrings, signatures and imports are left out: the release wrote most of them.
"""

import ast
import json
import textwrap
import warnings
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from IPython.core.inputtransformer2 import TransformerManager

MAX_FILE_BYTES = 20 * 2**20  # a larger notebook holds outputs, and is not worth the time
MAX_CELL = 20_000  # characters: Python's parser works on whatever is handed in
MAX_CODE = 200_000  # characters of a whole notebook; what comes after is not compared
OWN = "·"  # stands for every name that the student chose


@dataclass(frozen=True)
class Chosen:
    """What the student named: at the top level of the notebook, and as attributes (`self.width`)."""

    names: Set[str] = frozenset()
    attributes: Set[str] = frozenset()


Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
LEFT_OUT = ast.expr_context | ast.arguments | ast.Import | ast.ImportFrom | ast.Pass


@dataclass(frozen=True)
class Unit:
    """A piece of code that is compared as a whole: a function, a method, or the other statements of a cell."""

    name: str
    source: str
    tokens: tuple[str, ...]
    lines: tuple[int, ...]  # of each token, from 1, in `source`


def code_cells(path: Path) -> list[str]:
    """The code cells of a notebook file as they were handed in; none where the file cannot be read."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            return []
        notebook = json.loads(path.read_bytes().decode("utf-8-sig"))
        sources = [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
        cells = [source if isinstance(source, str) else "".join(source) for source in sources]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return []
    read = accumulate(len(cell) for cell in cells)
    return [cell for cell, so_far in zip(cells, read, strict=True) if so_far <= MAX_CODE]


def bound_names(cells: Iterable[str]) -> set[str]:
    """What the cells define or import at their top level."""
    return {name for cell in cells if (tree := parsed(cell)) for name in _top_level_names(tree)}


def units(cells: Sequence[str], public: Set[str] = frozenset(), given: Set[str] = frozenset()) -> list[Unit]:
    """The units of the cells; those in `given` (stripped), and those that are not Python, have none.

    `public` are the names that the release defines: they keep their spelling wherever a function does not bind them.
    """
    trees = [(cell, tree) for cell in cells if cell.strip() not in given and (tree := parsed(cell))]
    chosen = {name for _, tree in trees for name in _top_level_names(tree)} - public
    stored = {n.attr for _, tree in trees for n in ast.walk(tree) if _is_stored_attribute(n)}
    return [unit for cell, tree in trees for unit in _units_of(cell, tree, Chosen(chosen, stored))]


def functions_anywhere(source: str) -> list[Unit]:
    """Every function and lambda of a Python file, nested ones too: how known solutions are written."""
    tree = parsed(source, limit=10 * MAX_CELL)
    nodes = ast.walk(tree) if tree else ()
    return [_unit("", source, [n], Chosen()) for n in nodes if isinstance(n, Definition | ast.Lambda)]


def parsed(source: str, limit: int = MAX_CELL) -> ast.Module | None:
    """The syntax tree, IPython's magics left out; None where there is none."""
    if len(source) > limit:
        return None
    plain = "\n".join("" if line.lstrip().startswith(("%", "!", "?")) else line for line in _lines(source))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the student's invalid escape sequences are not ours
        for reading in (lambda: plain, lambda: TransformerManager().transform_cell(plain)):  # `files = !ls`
            try:
                return ast.parse(reading())
            except (SyntaxError, ValueError, RecursionError, MemoryError):  # "memory": the parser, of deep nesting
                continue
    return None


def _lines(source: str) -> list[str]:
    """The lines as Python counts them: `splitlines` knows more kinds of line ends."""
    return source.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _units_of(cell: str, tree: ast.Module, chosen: Chosen) -> Iterator[Unit]:
    rest: list[ast.stmt] = []
    for node in tree.body:
        methods = [n for n in node.body if isinstance(n, Definition)] if isinstance(node, ast.ClassDef) else []
        for part in methods or [node]:
            if isinstance(part, Definition):
                name = part.name if part is node else f"{node.name}.{part.name}"
                first = min([part.lineno, *(d.lineno for d in part.decorator_list)])
                source = "\n".join(_lines(cell)[first - 1 : part.end_lineno])
                yield _unit(name, textwrap.dedent(source), [part], chosen, first)
            elif not _is_text(part):
                rest.append(part)
    if rest:
        first, last = rest[0].lineno, rest[-1].end_lineno
        yield _unit("other statements", "\n".join(_lines(cell)[first - 1 : last]), rest, chosen, first)


def _unit(name: str, source: str, nodes: Sequence[ast.AST], chosen: Chosen, first: int = 1) -> Unit:
    own, attributes = set(chosen.names), set(chosen.attributes)
    for root in nodes:
        for node in ast.walk(root):
            match node:
                case ast.Name(bound, ast.Store()) | ast.arg(arg=bound):
                    own.add(bound)
                case ast.ExceptHandler(name=str(bound)) | ast.alias(asname=str(bound)):
                    own.add(bound)
                case ast.FunctionDef(name=bound) if node is not root:
                    own.add(bound)
                case ast.Attribute(attr=bound, ctx=ast.Store()):
                    attributes.add(bound)
    pairs = [pair for node in nodes for pair in _tokens(node, own, attributes)]
    return Unit(name, source, tuple(token for token, _ in pairs), tuple(line - first + 1 for _, line in pairs))


def _tokens(root: ast.AST, own: set[str], attributes: set[str]) -> Iterator[tuple[str, int]]:
    """Tokens in reading order, with their lines. Without recursion: students' trees may be deep."""
    stack: list[tuple[ast.AST, int]] = [(root, 1)]
    while stack:
        node, line = stack.pop()
        if isinstance(node, LEFT_OUT) or _is_text(node):
            continue
        line = getattr(node, "lineno", line)
        if token := _token(node, own, attributes):
            yield token, line
        stack += [(child, line) for child in reversed(list(_children(node)))]


def _token(node: ast.AST, own: set[str], attributes: set[str]) -> str:
    match node:
        case ast.Name(name):
            return OWN if name in own else name
        case ast.Attribute(attr=name):
            return f".{OWN}" if name in attributes else f".{name}"
        case ast.Constant(value):
            return _constant(value)
        case ast.keyword(arg=name):
            return f"{name}="
        case ast.Lambda():  # as the function that it is
            return "Return"
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return "define"
        case ast.Expr():
            return ""
        case ast.AnnAssign():
            return "Assign"
    return type(node).__name__


def _constant(value: object) -> str:
    try:
        return repr(value)[:60]
    except ValueError:  # an integer too long for decimal digits
        return type(value).__name__


def _children(node: ast.AST) -> Iterator[ast.AST]:
    hidden = {"annotation", "returns", "type_comment", "type_params"}
    for field, value in ast.iter_fields(node):
        if field not in hidden:
            yield from (v for v in (value if isinstance(value, list) else [value]) if isinstance(v, ast.AST))


def _top_level_names(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Import(names) | ast.ImportFrom(names=names):
                yield from (alias.asname or alias.name.split(".")[0] for alias in names)
            case _:
                yield from (n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))


def _is_stored_attribute(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)


def _is_text(node: ast.AST) -> bool:
    match node:
        case ast.Expr(ast.Constant(str())):
            return True
    return False
