"""A student's code without what a rewrite changes freely: names, comments, layout, order of functions.

Statements that change nothing are marked, and code in a text that the code could execute is read, too.
A notebook becomes units, one a function or method, each a sequence of syntax tokens. Names that the student chose are
all the same token; what the release gave (`torch`, `attention_scores`), attributes and constants keep theirs.
Annotations, docstrings, signatures and imports are left out: the release wrote most of them.
"""

import ast
import io
import re
import textwrap
import tokenize
import warnings
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass

from IPython.core.inputtransformer2 import TransformerManager

from classroom.class_report.idle import idle_statements

MAX_CELL = 200_000  # characters: Python's parser works on whatever is handed in
INNER = re.compile(r"\bdef\b|\blambda\b|\bclass\b")  # what makes a text in the code worth reading as code
DEEPEST = 3  # code in texts in code
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
    idle: frozenset[int] = frozenset()  # which tokens belong to statements that change nothing

    @property
    def essential(self) -> "Unit":
        """The unit without statements that change nothing."""
        kept = [place for place in range(len(self.tokens)) if place not in self.idle]
        tokens, lines = (tuple(of[place] for place in kept) for of in (self.tokens, self.lines))
        return Unit(self.name, self.source, tokens, lines)


def without_comments(source: str) -> str:
    """The code, every line at its place, without the comments: they may be longer than all the rest."""
    lines = _lines(source)
    try:
        comments = [
            t for t in tokenize.generate_tokens(io.StringIO("\n".join(lines)).readline) if t.type == tokenize.COMMENT
        ]
    except (tokenize.TokenError, SyntaxError, RecursionError):  # magics, or no Python at all
        return "\n".join("" if line.lstrip().startswith("#") else line for line in lines)
    for comment in comments:
        row, column = comment.start
        lines[row - 1] = lines[row - 1][:column].rstrip()
    return "\n".join(lines)


def bound_names(cells: Iterable[str]) -> set[str]:
    """What the cells define or import at their top level."""
    return {name for cell in cells if (tree := parsed(cell)) for name in _top_level_names(tree)}


def units(cells: Sequence[str], public: Set[str] = frozenset(), given: Set[str] = frozenset()) -> list[Unit]:
    """The units of the cells; those in `given` (stripped), and those that are not Python, have none.

    `public` are the names that the release defines: they keep their spelling wherever a function does not bind them.
    """
    trees = [
        inner
        for cell in cells
        if cell.strip() not in given and (tree := parsed(cell))
        for inner in ((cell, tree), *_inner(tree))
    ]
    chosen = {name for _, tree in trees for name in _top_level_names(tree)} - public
    stored = {n.attr for _, tree in trees for n in ast.walk(tree) if _is_stored_attribute(n)}
    return [unit for cell, tree in trees for unit in _units_of(cell, tree, Chosen(chosen, stored))]


def _inner(tree: ast.Module, depth: int = 0) -> Iterator[tuple[str, ast.Module]]:
    """The code in the texts of a tree that `exec` could run; not in docstrings."""
    shown = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and id(node) not in shown else None
        if isinstance(text, str) and INNER.search(text) and depth < DEEPEST and (inner := parsed(text)):
            yield text, inner
            yield from _inner(inner, depth + 1)


def functions_anywhere(source: str) -> list[Unit]:
    """Every function and lambda of a Python file, nested ones too: how known solutions are written."""
    tree = parsed(source)
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
    idle = {part for node in nodes if isinstance(node, Definition) for part in idle_statements(node)}
    found = [one for node in nodes for one in _tokens(node, own, attributes, idle)]
    tokens, lines = tuple(token for token, _, _ in found), tuple(line - first + 1 for _, line, _ in found)
    return Unit(name, source, tokens, lines, frozenset(n for n, (_, _, is_idle) in enumerate(found) if is_idle))


def _tokens(
    root: ast.AST, own: set[str], attributes: set[str], idle: Set[int] = frozenset()
) -> Iterator[tuple[str, int, bool]]:
    """Tokens in reading order, with their lines, and whether they are idle.

    Without recursion: students' trees may be deep.
    """
    stack: list[tuple[ast.AST, int, bool]] = [(root, 1, False)]
    while stack:
        node, line, is_idle = stack.pop()
        if isinstance(node, LEFT_OUT) or _is_text(node):
            continue
        line, is_idle = getattr(node, "lineno", line), is_idle or id(node) in idle
        if token := _token(node, own, attributes):
            yield token, line, is_idle
        stack += [(child, line, is_idle) for child in reversed(list(_children(node)))]


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
