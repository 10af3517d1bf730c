"""What names mean in a student's code, read and never run: imports, aliases, definitions, cell after cell.

A notebook is one scope whose cells run in order; a submitted module is another. `Scope.lookup` gives what a name is
bound to when a check cell runs, `dotted` the full name of what an expression stands for, as far as text can tell:
`F.softmax` after `import torch.nn.functional as F` is `torch.nn.functional.softmax`.
"""

import ast
import builtins
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from classroom.student_code.parsed import MAX_SOURCE, parse
from classroom.student_code.spelled import spelled, words_of

GETTERS = ("getattr", "builtins.getattr", "inspect.getattr_static", "object.__getattribute__", "type.__getattribute__")
IMPORTERS = (
    *("__import__", "importlib.import_module", "importlib.__import__", "builtins.__import__"),
    *("pkgutil.resolve_name", "pydoc.locate", "pydoc.safeimport"),
)
MODULES = ("sys.modules", "get_ipython().user_ns")  # dictionaries whose names stand for themselves
BUILTINS = frozenset(dir(builtins))
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

    position: float
    value: Definition | str
    where: str


@dataclass
class Scope:
    """The names of a notebook, or of a submitted module."""

    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    touched: dict[str, list[Binding]] = field(default_factory=dict)

    def bind(self, name: str, binding: Binding) -> None:
        """Binds a name from its position on."""
        self.bindings.setdefault(name, []).append(binding)

    def touch(self, name: str, binding: Binding) -> None:
        """Notes what is put into the thing of this name: `things.append(…)`, `thing.part = …`."""
        self.touched.setdefault(name, []).append(binding)

    def star(self, before: float) -> str | None:
        """The last package of which everything was imported, by `from … import *`."""
        found = self.lookup("*", before)
        return found.value.removesuffix(".*") if found and isinstance(found.value, str) else None

    def lookup(self, name: str, before: float) -> Binding | None:
        """What the name is bound to just before that position."""
        found = [binding for binding in self.bindings.get(name, ()) if binding.position < before]
        return found[-1] if found else None


def bind_all(scope: Scope, tree: ast.Module, position: int, where: str, package: str = "") -> None:
    """Binds what a cell or module defines at its top level, inside `if`, `for`, `with` and `try` as well."""
    for number, node in enumerate(_top_level(tree.body), start=1):
        place = position + number / MAX_SOURCE  # statements come one after the other, too
        for name, value in _bound_by(node, package):
            scope.bind(name, Binding(place, value, where))
        for name, value in _touched_by(node):
            scope.touch(name, Binding(place, value, where))


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
        case ast.For(target, over) | ast.AsyncFor(target, over):
            yield from _assigned(target, over)
        case ast.With(items) | ast.AsyncWith(items):
            for item in items:
                if item.optional_vars is not None:
                    yield from _assigned(item.optional_vars, item.context_expr)


def _touched_by(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    """What a statement puts into something that has a name."""
    match node:
        case ast.Assign([*_, ast.Attribute(value) | ast.Subscript(value)], put) | ast.AugAssign(value, _, put):
            yield from ((name, put) for name in _root(value))
        case ast.Expr(ast.Call(ast.Name("setattr"), [value, _, put])):
            yield from ((name, put) for name in _root(value))
        case ast.Expr(ast.Call(ast.Attribute(value), arguments, keywords)):
            for put in (*arguments, *(keyword.value for keyword in keywords)):
                yield from ((name, put) for name in _root(value))


def _root(node: ast.expr) -> list[str]:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return [node.id] if isinstance(node, ast.Name) else []


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

    def value(self, name: str) -> Definition | str | None:
        """The definition, expression or import that a name is bound to; None for an argument, and where nothing is."""
        return self.local[name] if name in self.local else getattr(self.binding(name), "value", None)

    def text(self, node: ast.expr) -> str | None:
        """The text that an expression spells, see `spelled`."""
        return spelled(node, self._expression)

    def dotted(self, node: ast.expr, depth: int = 0) -> str | None:
        """The full name of what the expression stands for; None where it stands for a value."""
        if depth > 20:  # an alias of itself
            return None
        match node:
            case ast.Name(name):
                value = self.value(name)
                if isinstance(value, ast.expr):
                    return self._where_bound(name).dotted(value, depth + 1)
                if value is None and name not in self.local and name not in BUILTINS:
                    star = self.scope.star(self.before)
                    later = name if name not in self.scope.bindings else None  # bound only later: nothing yet
                    return f"{star}.{name}" if star else later
                if isinstance(value, ast.AST):  # a function or class of the student's
                    return None
                return value or (None if name in self.local else name)
            case ast.NamedExpr(_, value):
                return self.dotted(value, depth + 1)
            case ast.Attribute(value, attribute):
                return self._joined(value, attribute, depth)
            case ast.Subscript(ast.Tuple(parts) | ast.List(parts), ast.Constant(int() as number)):
                return self.dotted(parts[number], depth + 1) if -len(parts) <= number < len(parts) else None
            case ast.Subscript(value, name):
                return self._looked_up(value, name, depth)
            case ast.Call():
                return self._called(node, depth)
        return None

    def namespace(self, node: ast.expr, depth: int = 0) -> str | None:
        """Whose names a dictionary holds: "torch" for `vars(torch)`, "" for `globals()`; None for another thing."""
        match node:
            case ast.Name(name) if depth <= 20 and isinstance(value := self.value(name), ast.expr):
                return self.namespace(value, depth + 1)
            case ast.Attribute(value, "__dict__"):
                return self.dotted(value, depth + 1)
            case ast.Call(ast.Name("globals" | "locals" | "vars"), []):
                return ""
            case ast.Call(ast.Name("vars"), [value]):
                return self.dotted(value, depth + 1)
            case ast.Call(ast.Name("dict"), [value]):
                return self.namespace(value, depth + 1) if depth <= 20 else None
        return "" if depth <= 20 and self.dotted(node, depth + 1) in MODULES else None

    def _where_bound(self, name: str) -> "Names":
        """What names meant where this one was bound: an alias keeps what it was, whatever is defined later."""
        binding = self.binding(name)
        return self if binding is None else Names(self.scope, min(self.before, binding.position))

    def _called(self, node: ast.Call, depth: int) -> str | None:
        match node:
            case ast.Call(ast.Name("get_ipython"), []):
                return "get_ipython()"
            case ast.Call(ast.Attribute(value, "__getattribute__" | "__getattr__"), [name]):
                return self._joined(value, self.text(name), depth)
            case ast.Call(ast.Attribute(value, "get" | "pop" | "setdefault" | "__getitem__"), [name, *_]):
                return self._looked_up(value, name, depth)
        function, arguments = self.dotted(node.func, depth + 1), node.args
        made = self._made_by(node.func)
        if made and self.dotted(made.func, depth + 1) == "operator.attrgetter" and len(arguments) == 1:
            return self._joined(arguments[0], self.text(made.args[0]) if made.args else None, depth)
        if made and self.dotted(made.func, depth + 1) == "operator.itemgetter" and len(arguments) == 1 and made.args:
            return self._looked_up(arguments[0], made.args[0], depth)
        match arguments:
            case [value, name, *_] if function in GETTERS:
                return self._joined(value, self.text(name), depth)
            case [ast.Name("getattr"), names, value] if function == "functools.reduce":
                words = words_of(names, self._expression)
                return self._joined(value, ".".join(words), depth) if words else None
            case [name, *_] if function in IMPORTERS:
                text = self.text(name)
                return text and text.replace(":", ".")
            case [value, *_] if function == "functools.partial":
                return self.dotted(value, depth + 1)
            case [text, *_] if function in ("eval", "builtins.eval"):
                return self._evaluated(self.text(text), depth)
        return None

    def _made_by(self, function: ast.expr) -> ast.Call | None:
        value = self.value(function.id) if isinstance(function, ast.Name) else function
        return value if isinstance(value, ast.Call) else None

    def _evaluated(self, text: str | None, depth: int) -> str | None:
        tree = parse(text.strip()) if text else None
        if tree and len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr):
            return self.dotted(tree.body[0].value, depth + 5)
        return None

    def _looked_up(self, value: ast.expr, name: ast.expr, depth: int) -> str | None:
        """What a dictionary of names holds under a name."""
        whose, text = self.namespace(value, depth + 1), self.text(name)
        if whose is None or text is None:
            return None
        if whose:
            return f"{whose}.{text}"
        in_modules = self.dotted(value, depth + 1) in MODULES
        return text if in_modules else self.dotted(ast.Name(text, ast.Load()), depth + 1)

    def _joined(self, value: ast.expr, attribute: str | None, depth: int) -> str | None:
        before = self.dotted(value, depth + 1)
        return f"{before}.{attribute}" if before and attribute else None

    def _expression(self, name: str) -> ast.expr | None:
        value = self.value(name)
        return value if isinstance(value, ast.expr) else None


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
