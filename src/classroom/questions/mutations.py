"""Small mistakes made by machine: each changes one place of a syntax tree, with the sentence that names it.

They are the mistakes that a hand makes everywhere: another axis, a transpose or a scale left out, two names exchanged,
a boundary one too far, a result that is thrown away. The sentences name what is wrong in the student's words and quote
nothing of the reference but the names of functions and arguments.
"""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

from classroom.questions.mutated_calls import MISSING_TRANSPOSE, RESHAPED, THROWN_AWAY, TRANSPOSED, calls
from classroom.questions.trees import expression, integer, is_transposed


@dataclass(frozen=True)
class Mutation:
    """A tree with one mistake in it, and what a student who made it should read."""

    tree: ast.Module
    sentence: str


def mutations(tree: ast.Module, parameters: tuple[str, ...]) -> Iterator[Mutation]:
    """Every mistake that is known here, one at a time, at every place of the tree where it can be made."""
    for number, node in enumerate(ast.walk(tree)):
        for replacement, sentence in _at(node, parameters):
            copied = copy.deepcopy(tree)
            target = next(n for i, n in enumerate(ast.walk(copied)) if i == number)
            yield Mutation(ast.fix_missing_locations(_Replace(target, replacement).visit(copied)), sentence)


class _Replace(ast.NodeTransformer):
    def __init__(self, target: ast.AST, replacement: ast.AST):
        self.target, self.replacement = target, replacement

    def visit(self, node: ast.AST) -> ast.AST:
        return copy.deepcopy(self.replacement) if node is self.target else self.generic_visit(node)


def _at(node: ast.AST, parameters: tuple[str, ...]) -> Iterator[tuple[ast.AST, str]]:
    match node:
        case ast.Call():
            yield from calls(node)
        case ast.BinOp():
            yield from _operators(node)
        case ast.Compare(left, [operator], [right]):
            yield from _comparisons(left, operator, right)
        case ast.UnaryOp(ast.Invert(), inner):
            yield inner, "A mask is the wrong way round: a `~` is missing, or one too many."
        case ast.UnaryOp(ast.USub(), inner) if not isinstance(inner, ast.Constant):
            yield inner, "A sign is wrong."
        case ast.Attribute(value, "mT" | "T"):
            yield value, MISSING_TRANSPOSE
            yield expression("_reshaped(x, -2, -1)", x=value), RESHAPED
        case ast.Attribute(ast.Name("self"), name) if isinstance(node.ctx, ast.Load):
            for other in parameters:
                if other.startswith("self.") and other != f"self.{name}" and f"self.{name}" in parameters:
                    yield expression(other), f"`{other}` is used where `self.{name}` belongs."
        case ast.Name(name) if isinstance(node.ctx, ast.Load) and name in parameters:
            for other in parameters:
                if other != name and not other.startswith("self."):
                    yield expression(other), f"`{other}` is used where `{name}` belongs."
        case ast.Subscript(ast.Attribute(value, "shape"), ast.UnaryOp(ast.USub(), ast.Constant(int() as axis))):
            for other in (1, 2, 3):
                if other != axis:
                    yield (
                        expression(f"x.shape[-{other}]", x=value),
                        f"The size of another axis is taken: axis -{other} where axis -{axis} belongs.",
                    )
        case ast.Slice(lower, upper, step):
            yield from _slices(lower, upper, step)
        case ast.Return(value) if value is not None:
            parts = value.elts if isinstance(value, ast.Tuple) else [value]
            for name, sentence in AT_THE_END.items():
                wrapped = [expression(f"_{name}(x)", x=part) for part in parts]
                yield (
                    ast.Return(ast.Tuple(wrapped, ast.Load()) if isinstance(value, ast.Tuple) else wrapped[0]),
                    sentence,
                )
        case ast.Assign([ast.Name(name)], ast.Call(ast.Attribute(ast.Name(same), method))) if name == same:
            yield ast.Expr(node.value), THROWN_AWAY.format(method)
        case ast.If(_, body, orelse):
            if orelse or not any(isinstance(statement, ast.Return) for statement in body):
                yield ast.If(ast.Constant(False), body, orelse), "A case that has to be treated on its own is not."


AT_THE_END = {
    "softmax_again": "Your result has gone through a softmax too many, over the last axis, at the end.",
    "softmax_before": "Your result has gone through a softmax too many, over the last axis but one, at the end.",
    "relu": "Your result is cut off at 0: there is a ReLU that was not asked for.",
    "sigmoid": "Your result has gone through a sigmoid that was not asked for.",
    "tanh": "Your result has gone through a tanh that was not asked for.",
    "doubled": "Your result is added to itself, or multiplied by 2, at the end.",
    "normalised": "The rows of your result are divided by their sum, which was not asked for.",
    "standardised": "Your result is divided by its own standard deviation, which was not asked for.",
}


def _operators(node: ast.BinOp) -> Iterator[tuple[ast.AST, str]]:
    left, right = node.left, node.right
    match node.op:
        case ast.Div():
            yield left, "A division is missing."
            yield ast.BinOp(left, ast.Mult(), right), "Something is multiplied that should be divided."
            twice = ast.BinOp(left, ast.Div(), ast.BinOp(right, ast.Mult(), copy.deepcopy(right)))
            yield twice, "Something is divided twice, or by the square of what it should be divided by."
            yield (
                ast.BinOp(left, ast.Div(), ast.BinOp(right, ast.Add(), ast.Constant(1.0))),
                "Something is divided by 1 more than it should be.",
            )
        case ast.Mult():
            yield left, "A factor is missing."
            yield right, "A factor is missing."
            yield ast.BinOp(left, ast.Add(), right), "Something is added that should be multiplied."
        case ast.Add():
            yield left, "An addition is missing: one of its parts is left out."
            yield right, "An addition is missing: one of its parts is left out."
            yield ast.BinOp(left, ast.Sub(), right), "A sign is wrong: something is subtracted that should be added."
        case ast.Sub():
            yield left, "A subtraction is missing."
            yield ast.BinOp(left, ast.Add(), right), "A sign is wrong: something is added that should be subtracted."
        case ast.BitAnd():
            yield ast.BinOp(left, ast.BitOr(), right), "`|` stands where `&` belongs: both conditions have to hold."
            yield left, "One of two conditions is left out."
            yield right, "One of two conditions is left out."
        case ast.BitOr():
            yield ast.BinOp(left, ast.BitAnd(), right), "`&` stands where `|` belongs: one condition is enough."
        case ast.MatMult():
            yield ast.BinOp(right, ast.MatMult(), left), "The factors of a matrix product have changed places."
            for text, factor in (("x @ y.mT", right), ("x.mT @ y", left)):
                if not is_transposed(factor):  # else it is a transpose that is missing
                    yield expression(text, x=left, y=right), TRANSPOSED
        case ast.Pow():
            yield ast.BinOp(left, ast.Pow(), ast.UnaryOp(ast.USub(), right)), "An exponent has the wrong sign."


def _comparisons(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> Iterator[tuple[ast.AST, str]]:
    boundary = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
    reverse = {ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Gt: ast.Lt, ast.GtE: ast.LtE, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
    if type(operator) in boundary:
        yield (
            ast.Compare(left, [boundary[type(operator)]()], [right]),
            "A comparison is wrong at its boundary: equality belongs to the other side.",
        )
    if type(operator) in reverse:
        yield ast.Compare(left, [reverse[type(operator)]()], [right]), "A comparison is the wrong way round."
    if isinstance(operator, ast.NotEq | ast.Eq):
        sides = (ast.Gt, ast.Lt) if isinstance(operator, ast.NotEq) else (ast.GtE, ast.LtE)
        for side in sides:
            yield (
                ast.Compare(left, [side()], [right]),
                "A comparison looks at one side only: what is equal has to be told from what is smaller *and* larger.",
            )


def _slices(lower: ast.expr | None, upper: ast.expr | None, step: ast.expr | None) -> Iterator[tuple[ast.AST, str]]:
    for name, bound in (("lower", lower), ("upper", upper)):
        value = integer(bound) if bound is not None else None
        for change in (1, -1) if value is not None else ():
            bounds = {"lower": lower, "upper": upper, "step": step} | {name: ast.Constant(value + change)}
            yield ast.Slice(**bounds), "A slice begins or ends one place too early or too late."
