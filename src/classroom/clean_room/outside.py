"""Whether all that an answer needs is listed; if not, the first thing that is not, and where."""

import ast
import builtins
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from classroom.clean_room.facades import Facade, facade, public_names
from classroom.clean_room.listed import BUILTINS, MODULES, NAME, SPECIAL, OutsideError, attribute_problem
from classroom.clean_room.needed import Needed, Sources, Statement

ADDED = frozenset({"display"})  # what notebooks have beside Python's builtins, and an answer may call
QUOTED = 80  # characters of a line
ERRORS = frozenset(n for n, e in vars(builtins).items() if isinstance(e, type) and issubclass(e, BaseException))


@dataclass(frozen=True)
class Outside:
    """What is not listed, completing "your code uses …", and where it stands."""

    what: str
    where: str = ""
    line: int = 0

    def told(self, sources: Sources) -> str:
        """What and where, with the line as it is written."""
        text = dict(sources.cells).get(self.where, sources.files.get(self.where, ""))
        lines = text.splitlines()
        written = lines[self.line - 1].strip()[:QUOTED] if 0 < self.line <= len(lines) else ""
        if not self.where:
            return self.what
        return (
            f"{self.what} ({self.where}, line {self.line}{f': `{written}`' if written and '`' not in written else ''})"
        )


@dataclass
class _Scope:
    """The names of a function, or of the whole: those that imports bind, with what they stand for, and all others."""

    imports: dict[str, str] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)


def outside(need: Needed) -> Outside | None:
    """The first thing that is not listed; None where all of it is."""
    if not need.statements:
        return Outside("a definition that no cell contains")
    own = frozenset(_private_names(need))
    for statements in (need.statements, *need.modules.values()):
        look = _Look(need.modules, own)
        try:
            look.all_of(statements)
        except _FoundError as found:
            return found.outside
        except RecursionError:
            return Outside("code that is nested too deeply to be read", statements[0].where, 1)
    return None


def _private_names(need: Needed) -> Iterator[str]:
    for statement in (*need.statements, *(s for each in need.modules.values() for s in each)):
        for node in ast.walk(statement.node):
            match node:
                case ast.Attribute(_, name, ast.Store()) | ast.FunctionDef(name) | ast.ClassDef(name):
                    yield name
                case ast.Name(name, ast.Store()) | ast.Constant(str() as name) if NAME.fullmatch(name):
                    yield name


class _FoundError(Exception):
    def __init__(self, found: Outside):
        super().__init__(str(found))
        self.outside = found


class _Look:
    """A walk through statements that knows what names mean where they stand."""

    def __init__(self, modules: Mapping[str, object], own: frozenset[str]):
        self.modules, self.own = modules, own
        self.where = ""
        self.scopes = [_Scope()]

    def all_of(self, statements: tuple[Statement, ...]) -> None:
        for statement in statements:
            self.where = statement.where
            _bind(self.scopes[0], statement.node)
            self.scopes[0].others |= statement.binds - self.scopes[0].imports.keys()
        for statement in statements:
            self.where = statement.where
            self._visit(statement.node)

    def _no(self, what: str, node: ast.AST) -> None:
        raise _FoundError(Outside(what, self.where, getattr(node, "lineno", 1)))

    def _visit(self, node: ast.AST) -> None:
        match node:
            case ast.Import(aliases):
                for alias in aliases:
                    self._module(alias.name, node)
            case ast.ImportFrom(module, aliases, level):
                self._imported(module or "", aliases, level, node)
            case ast.AsyncFunctionDef() | ast.Await() | ast.AsyncFor() | ast.AsyncWith():
                self._no("`async`", node)
            case ast.Name(name, context):
                self._name(name, context, node)
            case ast.Attribute():
                self._attribute(node)
                return
            case ast.MatchClass(_, _, names):
                for name in filter(lambda name: attribute_problem(name, self.own), names):
                    self._no(f"`{name}`", node)
            case ast.ClassDef(name, _, keywords):
                for keyword in keywords:
                    if keyword.arg not in ("total", "frozen"):
                        self._no(f"a class with `{keyword.arg}=`", node)
            case ast.FunctionDef(name) if name.startswith("__") and name not in SPECIAL:
                self._no(f"a method `{name}`", node)
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            self._function(node)
            return
        for child in ast.iter_child_nodes(node):
            self._visit(child)

    def _function(self, node: ast.FunctionDef | ast.Lambda) -> None:
        """Decorators, defaults and annotations belong outside; the body has names of its own."""
        arguments = node.args
        for part in (*getattr(node, "decorator_list", ()), *arguments.defaults, *filter(None, arguments.kw_defaults)):
            self._visit(part)
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        for part in filter(None, (*(a.annotation for a in every if a), getattr(node, "returns", None))):
            self._visit(part)
        scope = _Scope(others={a.arg for a in every if a})
        body = node.body if isinstance(node.body, list) else [node.body]
        outer: set[str] = set()
        for part in body:
            _bind(scope, part)
            outer |= {name for n in ast.walk(part) if isinstance(n, ast.Global) for name in n.names}
        scope.others -= outer
        self.scopes.append(scope)
        for part in body:
            self._visit(part)
        self.scopes.pop()

    def _stands_for(self, name: str) -> str | None:
        """The dotted name of what an import bound to this name, where it stands for that."""
        for scope in reversed(self.scopes):
            if name in scope.imports:
                return scope.imports[name]
            if name in scope.others:
                return None
        return None

    def _is_bound(self, name: str) -> bool:
        return any(name in scope.imports or name in scope.others for scope in self.scopes)

    def _name(self, name: str, context: ast.expr_context, node: ast.AST) -> None:
        if name.startswith("__") and name not in SPECIAL:
            self._no(f"`{name}`", node)
        if isinstance(context, ast.Load) and not self._is_bound(name):
            known = hasattr(builtins, name) or name == "get_ipython"
            if known and name not in BUILTINS | ERRORS | ADDED:
                self._no(f"`{name}`", node)

    def _attribute(self, node: ast.Attribute) -> None:
        chain, base = [node], node.value
        while isinstance(base, ast.Attribute):
            chain.append(base)
            base = base.value
        self._visit(base)
        chain.reverse()
        dotted = self._stands_for(base.id) if isinstance(base, ast.Name) else None
        if dotted is not None and not isinstance(node.ctx, ast.Load):
            self._no(f"an assignment to `{ast.unparse(node)}`", node)
        for part in chain:
            if dotted is not None:
                dotted = self._member(dotted, part.attr, part)
            elif attribute_problem(part.attr, self.own):
                self._no(f"`{part.attr}`", part)

    def _member(self, dotted: str, name: str, node: ast.AST) -> str | None:
        """Checks that a module's name is listed; the dotted name where that is a module again."""
        joined = f"{dotted}.{name}"
        if joined in self.modules:
            return joined
        if dotted in self.modules:
            if attribute_problem(name, self.own):
                self._no(f"`{name}`", node)
            return None
        if dotted not in MODULES:  # a class or function of a module
            if attribute_problem(name, self.own):
                self._no(f"`{joined}`", node)
            return None
        if joined in MODULES:
            return joined
        module = facade(dotted)
        if name in public_names(dotted):
            return None
        if isinstance(module, Facade):
            with suppress(AttributeError):
                try:
                    found = getattr(module, name)
                except OutsideError:
                    self._no(f"`{joined}`", node)
                return repr(found)[len("<module '") : -len("'>")] if isinstance(found, Facade) else None
        else:
            self._no(f"`{joined}`", node)
        return None

    def _module(self, dotted: str, node: ast.AST) -> None:
        if dotted not in MODULES and dotted not in self.modules:
            self._no(f"the module `{dotted}`", node)

    def _imported(self, module: str, aliases: list[ast.alias], level: int, node: ast.AST) -> None:
        if level:
            if not self.modules:
                self._no("an import from a package", node)
            return
        self._module(module, node)
        for alias in aliases:
            if alias.name == "*":
                self._no(f"`from {module} import *`", node)
            self._member(module, alias.name, node)


def _bind(scope: _Scope, node: ast.AST) -> None:
    """Notes what a statement binds in its scope, functions and classes inside left out but for their names."""
    match node:
        case ast.Import(aliases):
            for alias in aliases:
                name = alias.asname or alias.name.partition(".")[0]
                scope.imports[name] = alias.name if alias.asname else name
        case ast.ImportFrom(module, aliases):
            for alias in aliases:
                scope.imports[alias.asname or alias.name] = f"{module}.{alias.name}"
        case ast.FunctionDef(name) | ast.ClassDef(name):
            scope.others.add(name)
            return
        case ast.Lambda():
            return
        case ast.Name(name, ast.Store() | ast.Del()):
            scope.others.add(name)
        case ast.ExceptHandler(_, str() as name) | ast.MatchAs(_, str() as name) | ast.MatchStar(str() as name):
            scope.others.add(name)
    for child in ast.iter_child_nodes(node):
        _bind(scope, child)
