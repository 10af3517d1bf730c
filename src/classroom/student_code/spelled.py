"""Texts that code puts together of constants, read and never run: "soft" + "max", "".join(…), f"{…}", "xam"[::-1]."""

import ast
from collections.abc import Callable
from dataclasses import dataclass

MOST = 1_000  # characters: names are short
STEPS = 2_000  # of one expression: names bound to sums of names would take time that doubles with each
DEEPEST = 60
METHODS = frozenset(
    ["lower", "upper", "casefold", "strip", "lstrip", "rstrip", "title", "capitalize", "swapcase", "replace"]
).union(["removeprefix", "removesuffix", "join", "format", "split", "decode"])
MADE = {"str": str, "list": list, "bytes": bytes}
Value = str | bytes | int | list
Bound = Callable[[str], ast.AST | None]


def spelled(node: ast.AST, value_of: Bound = lambda name: None) -> str | None:
    """The text that an expression spells; None where only running it would tell.

    `value_of` gives the expression that a name is bound to.
    """
    value = _Folding(value_of).value(node)
    return value if isinstance(value, str) else None


def words_of(node: ast.AST, value_of: Bound = lambda name: None) -> list[str] | None:
    """The texts of a list that an expression makes; None where only running it would tell."""
    value = _Folding(value_of).value(node)
    return value if isinstance(value, list) and all(isinstance(part, str) for part in value) else None


class _UnknownError(Exception):
    """Only running the expression would tell."""


@dataclass
class _Folding:
    value_of: Bound
    steps: int = STEPS
    depth: int = 0

    def value(self, node: ast.AST) -> Value | None:
        """The constant that an expression is; None for any other."""
        try:
            return self._inner(node)
        except (_UnknownError, ValueError, TypeError, LookupError, AttributeError, OverflowError, MemoryError):
            return None

    def _inner(self, node: ast.AST) -> Value:
        self.steps -= 1
        if self.steps < 0 or self.depth > DEEPEST:
            raise _UnknownError
        self.depth += 1
        value = self._folded(node)
        self.depth -= 1
        if value is None or (isinstance(value, str | bytes | list) and len(value) > MOST):
            raise _UnknownError
        return value

    def _all(self, nodes: list[ast.expr]) -> list[Value]:
        return [self._inner(node) for node in nodes]

    def _folded(self, node: ast.AST) -> Value | None:
        match node:
            case ast.Constant(value):
                return value if isinstance(value, str | bytes | int) else None
            case ast.Name(name):
                bound = self.value_of(name)
                return None if bound is None else self._inner(bound)
            case ast.List(parts) | ast.Tuple(parts):
                return self._all(parts)
            case ast.ListComp(element, [ast.comprehension(ast.Name(name), over, [])]) | ast.GeneratorExp(
                element, [ast.comprehension(ast.Name(name), over, [])]
            ):
                return [self._with(element, name, value) for value in self._inner(over)]
            case ast.BinOp(left, ast.Add(), right):
                return self._inner(left) + self._inner(right)
            case ast.BinOp(left, ast.Mult(), right):
                one, other = self._inner(left), self._inner(right)
                return one * other if _size(one) * _size(other) <= MOST else None
            case ast.BinOp(left, ast.Sub(), right):
                return self._inner(left) - self._inner(right)
            case ast.BinOp(ast.Constant(str() as text), ast.Mod(), right) if _is_plain_format(text):
                value = self._inner(right)
                return text % (tuple(value) if isinstance(value, list) else value)
            case ast.UnaryOp(ast.USub(), value):
                return -self._inner(value)
            case ast.JoinedStr(parts):
                return "".join(str(self._inner(p.value if isinstance(p, ast.FormattedValue) else p)) for p in parts)
            case ast.Subscript(value, ast.Slice(lower, upper, step)):
                ends = [None if end is None else self._inner(end) for end in (lower, upper, step)]
                return self._inner(value)[slice(*ends)]
            case ast.Subscript(value, index):
                return self._inner(value)[self._inner(index)]
            case ast.Call():
                return self._called(node)
        return None

    def _called(self, node: ast.Call) -> Value | None:
        match node:
            case ast.Call(ast.Name("chr"), [value]):
                return chr(self._inner(value))
            case ast.Call(ast.Name("str" | "list" | "bytes" as kind), [value]):
                made = self._inner(value)
                return None if isinstance(made, int) else MADE[kind](made)
            case ast.Call(ast.Name("map"), [ast.Name("chr"), values]):
                return [chr(value) for value in self._inner(values)]
            case ast.Call(ast.Name("reversed"), [value]):
                return list(reversed(self._inner(value)))
            case ast.Call(ast.Attribute(ast.Name("bytes"), "fromhex"), [value]):
                return bytes.fromhex(self._inner(value))
            case ast.Call(ast.Attribute(value, method), arguments, []) if method in METHODS:
                text = self._inner(value)
                plain = isinstance(text, str | bytes) and (method != "format" or _is_plain_format(text))
                return getattr(text, method)(*self._all(arguments)) if plain else None
        return None

    def _with(self, element: ast.AST, name: str, value: Value) -> Value:
        outer, bound = self.value_of, ast.Constant(value)
        self.value_of = lambda wanted: bound if wanted == name else outer(wanted)
        try:
            return self._inner(element)
        finally:
            self.value_of = outer


def _size(value: Value) -> int:
    return abs(value) if isinstance(value, int) else len(value)


def _is_plain_format(text: Value) -> bool:
    """Whether a format names no widths, which would make a long text of a short one."""
    return isinstance(text, str) and not any(c.isdigit() or c == "*" for c in text)
