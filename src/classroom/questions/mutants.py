"""A question's reference with one small mistake in it: what a student's answers are compared with when none of the
question's own misconceptions explains them.

The reference's source, and that of the functions of ours that it calls, is taken apart, changed in one place
(`classroom.questions.mutations`) and put together again. Nothing of it reaches a student but the answers' sketches.
"""

import ast
import inspect
import itertools
import re
import textwrap
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch

from classroom.questions.mutations import mutations

MOST = 150  # of one implementation
TURN = "_turn_of_a_loop"  # the name of what counts them
DEEPEST = 4  # functions that call functions
TURNS = 100_000  # of all while loops of a mutant together: one whose end was mistaken runs for ever
SWAP = re.compile(r"`([\w.]+)` is used where `([\w.]+)` belongs\.")


@dataclass(frozen=True)
class Mutant:
    """A wrong implementation made by machine, and the sentence that names its mistake."""

    sentence: str
    implementation: Callable[..., Any]


@cache
def mutants(reference: Callable[..., Any]) -> tuple[Mutant, ...]:
    """The reference with one mistake each; empty where its source is not there or not ours."""
    parts = _parts(reference)
    made: list[Mutant] = []
    for position, part in enumerate(parts):
        for mutation in mutations(part.tree, part.names):
            trees = [mutation.tree if i == position else other.tree for i, other in enumerate(parts)]
            try:
                made.append(Mutant(mutation.sentence, _built(parts, trees)))
            except (SyntaxError, TypeError, ValueError, NameError):  # a tree that is no program
                continue
            if len(made) == MOST:
                return _swaps_last(made)
    return _swaps_last(made)


def _swaps_last(made: list[Mutant]) -> tuple[Mutant, ...]:
    """Where two mistakes give the same answers, exchanged names are the less likely one, and the first is told."""
    return tuple(sorted(made, key=lambda mutant: SWAP.fullmatch(mutant.sentence) is not None))


@dataclass(frozen=True)
class _Part:
    """One function or class of ours: its tree under a name of its own, and what it may refer to."""

    alias: str
    tree: ast.Module
    space: dict[str, Any]
    names: tuple[str, ...]  # parameters, and attributes of self, that may be taken for each other


def _parts(reference: Callable[..., Any]) -> list[_Part]:
    found: dict[Any, _Part] = {}
    waiting: list[tuple[Any, int]] = [(inspect.unwrap(reference), 0)]
    order: list[Any] = []
    while waiting:
        function, depth = waiting.pop(0)
        if function in order or depth > DEEPEST or not _ours(function):
            continue
        order.append(function)
        waiting += [(inspect.unwrap(called), depth + 1) for called in _called(function)]
    aliases = {function: f"_{function.__name__}_{number}" for number, function in enumerate(order)}
    for function in order:
        tree = _tree(function)
        space = _space(function)
        tree.body[0].name = aliases[function]
        tree = ast.fix_missing_locations(_Aliased(space, aliases).visit(tree))
        found[function] = _Part(aliases[function], tree, space, _names(tree))
    return [found[function] for function in order]


def _built(parts: list[_Part], trees: list[ast.Module]) -> Callable[..., Any]:
    defined: dict[str, Any] = {}
    counting = {TURN: _counter()}
    spaces = []
    # Classes that others inherit from come first: the last that was found is the deepest.
    for part, tree in reversed(list(zip(parts, trees, strict=True))):
        space = part.space | HELPERS | counting | defined
        exec(compile(ast.fix_missing_locations(tree), "<mutant>", "exec"), space)
        defined[part.alias] = space[part.alias]
        spaces.append(space)
    for space in spaces:
        space.update(defined)
    return defined[parts[0].alias]


def _ours(function: Any) -> bool:
    if not isinstance(function, types.FunctionType | type) or function.__name__ == "<lambda>":
        return False
    try:
        path = inspect.getsourcefile(function)
        return path is not None and "site-packages" not in path and "/lib/python" not in path and bool(_tree(function))
    except (OSError, TypeError, SyntaxError):
        return False


def _tree(function: Any) -> ast.Module:
    """Its definition, without decorators, annotations and docstring."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    if not isinstance(tree.body[0], ast.FunctionDef | ast.ClassDef):
        raise SyntaxError("not a definition")
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns, node.decorator_list = None, [d for d in node.decorator_list if _kept(d)]
            for argument in [*node.args.args, *node.args.kwonlyargs, *node.args.posonlyargs]:
                argument.annotation = None
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return _Counted().visit(tree)


class _Counted(ast.NodeTransformer):
    """Counts the turns of each `while` loop, so that a mutant's can be ended."""

    def visit_While(self, node: ast.While) -> ast.AST:
        self.generic_visit(node)
        counted = ast.Expr(ast.Call(ast.Name(TURN, ast.Load()), [], []))
        return ast.While(node.test, [counted, *node.body], node.orelse)


def _counter() -> Callable[[], None]:
    turns = itertools.count(1)

    def turn() -> None:
        if next(turns) > TURNS:
            raise RecursionError(f"more than {TURNS} turns")

    return turn


def _kept(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Name) and decorator.id in ("property", "staticmethod", "classmethod")


def _space(function: Any) -> dict[str, Any]:
    if isinstance(function, type):
        return dict(vars(inspect.getmodule(function)))
    closed = inspect.getclosurevars(function).nonlocals
    return dict(function.__globals__) | dict(closed)


def _called(function: Any) -> Iterator[Any]:
    """What of ours its definition refers to."""
    space = _space(function)
    for node in ast.walk(_tree(function)):
        value = _value(node, space)
        if isinstance(value, types.FunctionType | type):
            yield value


def _value(node: ast.AST, space: dict[str, Any]) -> Any:
    match node:
        case ast.Name(name):
            return space.get(name)
        case ast.Attribute(ast.Name(module), name) if isinstance(space.get(module), types.ModuleType):
            return getattr(space[module], name, None)
    return None


class _Aliased(ast.NodeTransformer):
    """Every name that stands for a part becomes that part's alias."""

    def __init__(self, space: dict[str, Any], aliases: dict[Any, str]):
        self.space, self.aliases = space, aliases

    def visit(self, node: ast.AST) -> ast.AST:
        value = _value(node, self.space) if isinstance(getattr(node, "ctx", None), ast.Load) else None
        try:
            alias = self.aliases.get(inspect.unwrap(value)) if callable(value) else None
        except (TypeError, ValueError):
            alias = None
        return ast.copy_location(ast.Name(alias, ast.Load()), node) if alias else self.generic_visit(node)


def _names(tree: ast.Module) -> tuple[str, ...]:
    definition = tree.body[0]
    if isinstance(definition, ast.FunctionDef):
        return tuple(a.arg for a in definition.args.args)
    used = {
        f"self.{node.attr}"
        for node in ast.walk(definition)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    }
    return tuple(sorted(used))


def _reshaped(x: torch.Tensor, one: int, other: int) -> torch.Tensor:
    shape = list(x.shape)
    shape[one], shape[other] = shape[other], shape[one]
    return x.reshape(shape)


def _over_everything(x: torch.Tensor, name: str) -> torch.Tensor:
    return x.flatten().softmax(0).reshape(x.shape) if name == "softmax" else getattr(x, name)()


HELPERS: dict[str, Any] = {
    "_reshaped": _reshaped,
    "_over_everything": _over_everything,
    "_softmax_again": lambda x: x.softmax(-1),
    "_softmax_before": lambda x: x.softmax(-2),
    "_relu": torch.relu,
    "_sigmoid": torch.sigmoid,
    "_tanh": torch.tanh,
    "_doubled": lambda x: x * 2,
    "_normalised": lambda x: x / x.sum(-1, keepdim=True),
    "_standardised": lambda x: x / x.std(),
}
