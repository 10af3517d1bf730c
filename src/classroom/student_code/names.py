"""What names mean in a student's code, read and never run: imports, aliases, definitions, cell after cell.

A notebook is one scope whose cells run in order; a submitted module is another. `Scope.lookup` gives what a name is
bound to when a check cell runs, `dotted` the full name of what an expression stands for, as far as text can tell:
`F.softmax` after `import torch.nn.functional as F` is `torch.nn.functional.softmax`.
"""

import ast
import functools
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

MAX_SOURCE = 1_000_000  # characters in one cell or file
MAX_KEPT = 20_000  # characters of code whose tree is worth keeping
TIMING_MAGICS = ("time", "timeit", "capture", "prun", "memit")  # what follows them is Python
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.expr


@dataclass(frozen=True)
class Source:
    """One cell or file: what people call it, its code, and whether it is as it was released."""

    where: str
    code: str
    official: bool = False


@dataclass(frozen=True)
class Binding:
    """What a name is bound to from some place on: a definition or expression, or the dotted name of an import."""

    position: int
    value: Definition | str
    where: str


@dataclass
class Scope:
    """The names of a notebook, or of a submitted module."""

    bindings: dict[str, list[Binding]] = field(default_factory=dict)

    def bind(self, name: str, binding: Binding) -> None:
        """Binds a name from its position on."""
        self.bindings.setdefault(name, []).append(binding)

    def lookup(self, name: str, before: float) -> Binding | None:
        """What the name is bound to just before that position."""
        found = [binding for binding in self.bindings.get(name, ()) if binding.position < before]
        return found[-1] if found else None


def parse(source: str) -> ast.Module | None:
    """The code's syntax tree; magics are calls, as IPython makes them. None for what nobody could run."""
    return _parse_cell(source) if len(source) < MAX_KEPT else _parse_cell.__wrapped__(source)


@functools.lru_cache(256)  # most cells are as they were released, the same in every submission
def _parse_cell(source: str) -> ast.Module | None:
    if len(source) > MAX_SOURCE:
        return None
    first, _, rest = source.lstrip().partition("\n")
    if first.startswith("%%") and first[2:].split(" ")[0].strip() in TIMING_MAGICS:
        source = rest
    tree = _parse(source)
    if tree is None and any(sign in source for sign in ("%", "!", "?")):
        from IPython.core.inputtransformer2 import TransformerManager

        try:
            tree = _parse(TransformerManager().transform_cell(source))
        except (SyntaxError, ValueError, RecursionError):
            return None
    return tree


def _parse(source: str) -> ast.Module | None:
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            tree = compile(source, "<cell>", "exec", flags)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return _with_timed_statements(tree)


def _with_timed_statements(tree: ast.Module) -> ast.Module:
    """Adds the statement inside `%time statement`, which IPython hands over as text."""
    for node in list(ast.walk(tree)):
        match node:
            case ast.Call(ast.Attribute(attr="run_line_magic"), [ast.Constant(name), ast.Constant(str() as text)]):
                inside = _parse(text) if name in TIMING_MAGICS and "run_line_magic" not in text else None
                tree.body += inside.body if inside else []
    return tree


def bind_all(scope: Scope, tree: ast.Module, position: int, where: str, package: str = "") -> None:
    """Binds what a cell or module defines at its top level, inside `if`, `for`, `with` and `try` as well."""
    for node in _top_level(tree.body):
        for name, value in _bound_by(node, package):
            scope.bind(name, Binding(position, value, where))


def _top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for part in ("body", "orelse", "finalbody"):
                yield from _top_level(getattr(node, part, []))
            for handler in getattr(node, "handlers", []):
                yield from _top_level(handler.body)


def _bound_by(node: ast.stmt, package: str = "") -> Iterator[tuple[str, Definition | str]]:
    match node:
        case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name):
            yield name, node
        case ast.Import(names):
            for alias in names:
                yield (alias.asname, alias.name) if alias.asname else (alias.name.partition(".")[0],) * 2
        case ast.ImportFrom(module, names, level):
            path = ".".join(part for part in (package if level else "", module) if part)
            for alias in names:
                yield alias.asname or alias.name, f"{path}.{alias.name}"
        case ast.Assign(targets, value):
            for target in targets:
                yield from _assigned(target, value)
        case ast.AnnAssign(target, _, value) if value is not None:
            yield from _assigned(target, value)


def _assigned(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    match target, value:
        case ast.Name(name), _:
            yield name, value
        case ((ast.Tuple(names) | ast.List(names)), (ast.Tuple(values) | ast.List(values))) if len(names) == len(
            values
        ):
            for one, part in zip(names, values, strict=True):
                yield from _assigned(one, part)
        case ((ast.Tuple(names) | ast.List(names)), _):
            for one in names:
                yield from _assigned(one, value)


@dataclass(frozen=True)
class Names:
    """What names mean at one place: in a scope, before a position, with a function's own names in front."""

    scope: Scope
    before: float = float("inf")
    local: Mapping[str, Definition | str | None] = field(default_factory=dict)

    def inside(self, function: ast.AST) -> "Names":
        """The names inside a function or class: its arguments and variables hide those outside."""
        return Names(self.scope, self.before, {**self.local, **_own_names(function)})

    def binding(self, name: str) -> Binding | None:
        """What a name outside the function is bound to; None for the function's own."""
        return None if name in self.local else self.scope.lookup(name, self.before)

    def dotted(self, node: ast.expr, depth: int = 0) -> str | None:
        """The full name of what the expression stands for; None where it stands for a value."""
        if depth > 20:  # an alias of itself
            return None
        match node:
            case ast.Name(name):
                value = self.local[name] if name in self.local else getattr(self.binding(name), "value", name)
                if isinstance(value, ast.expr):
                    return self.dotted(value, depth + 1)
                return value if isinstance(value, str) else None
            case ast.Attribute(value, attribute):
                return self._joined(value, attribute, depth)
            case ast.Call(ast.Name("getattr"), [value, name, *_]):
                return self._joined(value, text_of(name), depth)
            case ast.Subscript(ast.Attribute(value, "__dict__") | ast.Call(ast.Name("vars"), [value]), name):
                return self._joined(value, text_of(name), depth)
            case ast.Subscript(value, name) if self.dotted(value, depth + 1) == "sys.modules":
                return text_of(name)
            case ast.Call(ast.Name("get_ipython"), []):
                return "get_ipython()"
            case ast.Call(function, [name, *_]) if self.dotted(function, depth + 1) in IMPORTERS:
                return text_of(name)
            case ast.Call(function, [value, *_]) if self.dotted(function, depth + 1) == "functools.partial":
                return self.dotted(value, depth + 1)
        return None

    def _joined(self, value: ast.expr, attribute: str | None, depth: int) -> str | None:
        before = self.dotted(value, depth + 1)
        return f"{before}.{attribute}" if before and attribute else None


@functools.lru_cache(512)
def _own_names(function: ast.AST) -> dict[str, Definition | str | None]:
    own: dict[str, Definition | str | None] = {}
    for node in ast.walk(function):
        match node:
            case ast.arg(name) | ast.Name(name, ast.Store()):
                own.setdefault(name, None)
        if isinstance(node, ast.stmt) and node is not function:
            own |= dict(_bound_by(node))
    return own


IMPORTERS = ("__import__", "importlib.import_module", "importlib.__import__", "builtins.__import__")


def text_of(node: ast.expr) -> str | None:
    """The text that a constant, or a sum of constants, spells."""
    match node:
        case ast.Constant(str() as text):
            return text
        case ast.BinOp(left, ast.Add(), right):
            start, end = text_of(left), text_of(right)
            return None if start is None or end is None else start + end
    return None
