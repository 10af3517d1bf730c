"""What an answer needs of its notebook: definitions, the names that these use, and so on, and nothing else.

A notebook is a row of statements. Read backwards from the check, a statement is needed when it binds or changes a name
that is needed; then the names that it uses are needed as well. A definition that is replaced later is not.
"""

import ast
import functools
import symtable
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from classroom.clean_room.facades import public_names
from classroom.student_code.names import parse

FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
SWITCHES = ("torch.set_default_dtype", "torch.manual_seed", "torch.set_grad_enabled")  # statements that later ones feel


@dataclass(frozen=True)
class Statement:
    """One statement at the top of a cell or file, where it stands, and what it does with names."""

    node: ast.stmt
    where: str
    cell: int
    binds: frozenset[str]
    uses: frozenset[str]
    changes: frozenset[str] = frozenset()  # names whose values it changes: `table[3] = 4`, `table.append(5)`
    whole: bool = False  # whether nothing of an earlier binding is left


@dataclass(frozen=True)
class Needed:
    """What a target needs, in order, and by module the same of the files beside the notebook."""

    statements: tuple[Statement, ...]
    modules: Mapping[str, tuple[Statement, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Sources:
    """Code as it was run: cells in order, each with what people call it, and the Python files beside the notebook."""

    cells: Sequence[tuple[str, str]]
    files: Mapping[str, str] = field(default_factory=dict)

    def module(self, dotted: str) -> str | None:
        """The file that `import dotted` finds, by its name; None where there is none."""
        path = dotted.replace(".", "/")
        return next((name for name in (f"{path}.py", f"{path}/__init__.py") if name in self.files), None)


def needed(sources: Sources, target: str) -> Needed:
    """What the notebook's `target` needs after the last of the cells."""
    whole = [s for number, (where, code) in enumerate(sources.cells) for s in statements(code, where, number, sources)]
    return _Slicing(sources).of(whole, {target})


def statements(code: str, where: str, cell: int, sources: Sources) -> Iterator[Statement]:
    """A cell's statements; a file that `%run` runs stands there as its statements."""
    tree = parse(code)
    for node in tree.body if tree is not None else ():
        name = _run_by(node)
        if name in sources.files:
            yield from statements(sources.files[name], name, cell, Sources((), {}))
        elif isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            yield from _everything(node, where, cell, sources)
        else:
            yield _statement(node, where, cell)


def _everything(node: ast.ImportFrom, where: str, cell: int, sources: Sources) -> Iterator[Statement]:
    """`from module import *` with the names that it stands for, where they are known here."""
    module = node.module or ""
    file = None if node.level else sources.module(module)
    if file is not None:
        inner = statements(sources.files[file], file, 0, Sources((), {}))
        names = sorted({name for s in inner for name in s.binds if not name.startswith("_")})
    else:
        names = sorted(public_names(module))
    if names:
        made = ast.ImportFrom(module=module, names=[ast.alias(name) for name in names], level=0)
        for alias in made.names:
            ast.copy_location(alias, node)
        yield _statement(ast.copy_location(made, node), where, cell)


class _Slicing:
    def __init__(self, sources: Sources):
        self.sources = sources
        self.modules: dict[str, tuple[Statement, ...]] = {}
        self._wanted: dict[str, set[str] | None] = {}

    def of(self, whole: Sequence[Statement], targets: set[str]) -> Needed:
        """The statements that bind these names in the end, and the modules that they import."""
        found = tuple(self._reduced(s, names) for s, names in sliced(whole, targets))
        for statement in found:
            self._follow(statement)
        return Needed(found, self.modules)

    def _reduced(self, statement: Statement, names: set[str]) -> Statement:
        """An import without the names that nobody needs."""
        node = statement.node
        if not isinstance(node, ast.Import | ast.ImportFrom):
            return statement
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            return statement
        kept = [a for a in node.names if (a.asname or a.name.partition(".")[0]) in names]
        if len(kept) == len(node.names):
            return statement
        made = type(node)(**{**dict(ast.iter_fields(node)), "names": kept})
        return Statement(ast.copy_location(made, node), statement.where, statement.cell, statement.binds, frozenset())

    def _follow(self, statement: Statement) -> None:
        for node in ast.walk(statement.node):
            match node:
                case ast.Import(aliases):
                    for alias in aliases:
                        for dotted in _with_parents(alias.name):
                            self._module(dotted, None)
                case ast.ImportFrom(str() as module, aliases, 0):
                    for dotted in _with_parents(module)[:-1]:
                        self._module(dotted, None)
                    star = any(alias.name == "*" for alias in aliases)
                    self._module(module, None if star else {alias.name for alias in aliases})
                    for alias in aliases:
                        self._module(f"{module}.{alias.name}", None)

    def _module(self, dotted: str, names: set[str] | None) -> None:
        """Takes these names of a module beside the notebook, or all of it."""
        file = self.sources.module(dotted)
        had = self._wanted.get(dotted, set())
        if file is None or had is None or (names is not None and dotted in self._wanted and names <= had):
            return
        wanted = self._wanted[dotted] = None if names is None else had | names
        whole = list(statements(self.sources.files[file], file, 0, self.sources))
        chosen = {name for s in whole for name in s.binds} if wanted is None else wanted
        self.modules[dotted] = found = tuple(self._reduced(s, names) for s, names in sliced(whole, chosen))
        for statement in found:
            self._follow(statement)


def sliced(whole: Sequence[Statement], targets: set[str]) -> list[tuple[Statement, set[str]]]:
    """The statements that are needed for these names, each with the names for which it is."""
    wanted = set(targets)
    # What is done to a package is no part of an answer: how tensors are printed, how many threads there are.
    packages = {name for s in whole if isinstance(s.node, ast.Import | ast.ImportFrom) for name in s.binds}
    while True:
        found: list[tuple[Statement, set[str]]] = []
        live, later = set(wanted), set(wanted)
        for statement in reversed(whole):
            names = (statement.binds | (statement.changes - packages)) & live
            if not names and "" not in statement.changes:
                continue
            if statement.whole:
                live -= statement.binds
            live |= statement.uses
            if not isinstance(statement.node, ast.Import | ast.ImportFrom):
                later |= statement.uses  # a function's names mean what they mean when it is called
            found.append((statement, names))
        if later <= wanted:
            return found[::-1]
        wanted |= later


@functools.lru_cache(1024)
def _statement(node: ast.stmt, where: str, cell: int) -> Statement:
    binds, uses = _names(node)
    whole = isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom | ast.Assign) or (
        isinstance(node, ast.AnnAssign) and node.value is not None
    )
    return Statement(node, where, cell, binds, uses, frozenset(_changed(node)), whole)


def _names(node: ast.stmt) -> tuple[frozenset[str], frozenset[str]]:
    """The global names that a statement binds, and those that it uses, at once or when its functions are called."""
    if isinstance(node, ast.ImportFrom | ast.Import):
        return frozenset(a.asname or a.name.partition(".")[0] for a in node.names), frozenset()
    try:
        table = symtable.symtable(ast.unparse(node), "<statement>", "exec")
    except (SyntaxError, ValueError, RecursionError):  # what only a notebook may do: await outside a function
        names = {n.id: isinstance(n.ctx, ast.Store) for n in ast.walk(node) if isinstance(n, ast.Name)}
        return frozenset(n for n, stored in names.items() if stored), frozenset(names)
    binds = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}
    uses = {s.get_name() for s in table.get_symbols() if s.is_referenced()}
    for child in table.get_children():
        _inside(child, binds, uses)
    return frozenset(binds), frozenset(uses)


def _inside(table: symtable.SymbolTable, binds: set[str], uses: set[str]) -> None:
    for symbol in table.get_symbols():
        outer = symbol.is_global() if table.get_type() != "class" else not symbol.is_local() and not symbol.is_free()
        if outer and symbol.is_referenced():
            uses.add(symbol.get_name())
        if symbol.is_declared_global() and symbol.is_assigned():
            binds.add(symbol.get_name())
        if table.get_type() == "class" and symbol.is_local() and symbol.is_referenced():
            uses.add(symbol.get_name())  # `x = x` in a class takes the outer x
    for child in table.get_children():
        _inside(child, binds, uses)


def _changed(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.ImportFrom) and node.module == "__future__":
        yield ""  # felt by everything
    for part in _at_once(node):
        match part:
            case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
                yield from _root(part)
            case ast.Expr(ast.Call(ast.Attribute() as method)):  # in a loop or a branch as well
                yield from _root(method)
            case ast.Expr(ast.Call(ast.Name("setattr" | "delattr"), [whose, *_])):
                yield from _root(whose)
    match node:
        case ast.Expr(ast.Call(ast.Attribute() as method)) if ast.unparse(method) in SWITCHES:
            yield ""


def _at_once(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a statement that are run with it: not what its functions hold."""
    if not isinstance(node, FUNCTIONS):
        yield node
        for child in ast.iter_child_nodes(node):
            yield from _at_once(child)


def _root(node: ast.expr) -> Iterator[str]:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id


def _run_by(node: ast.stmt) -> str | None:
    match node:
        case ast.Expr(
            ast.Call(ast.Attribute(attr="run_line_magic"), [ast.Constant("run"), ast.Constant(str() as text)])
        ):
            return text.split()[-1] if text.split() else None
    return None


def _with_parents(dotted: str) -> list[str]:
    parts = dotted.split(".")
    return [".".join(parts[: length + 1]) for length in range(len(parts))]
