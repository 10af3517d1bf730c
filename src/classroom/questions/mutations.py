"""Small mistakes made by machine: each changes one place of a syntax tree, with the sentence that names it.

They are the mistakes that a hand makes everywhere: another axis, a transpose or a scale left out, two names exchanged,
a boundary one too far, a result that is thrown away. The sentences name what is wrong in the student's words and quote
nothing of the reference but the names of functions and arguments.
"""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

OVER_AN_AXIS = {
    "softmax": 1, "log_softmax": 1, "sum": 1, "mean": 1, "amax": 1, "amin": 1, "max": 1, "min": 1, "prod": 1,
    "cumsum": 1, "cumprod": 1, "logsumexp": 1, "var": 1, "std": 1, "argmax": 1, "argmin": 1, "norm": 2, "any": 1,
    "all": 1, "flip": 1, "unsqueeze": 1, "cat": 1, "stack": 1, "chunk": 2, "split": 2, "normalize": 2, "sort": 1,
}  # fmt: skip  # by function: where the axis stands among the arguments, the tensor counted
EXCHANGED = {
    "sum": ("mean",), "mean": ("sum",), "amax": ("amin", "mean"), "amin": ("amax",), "max": ("min",), "min": ("max",),
    "argmax": ("argmin",), "tril": ("triu",), "triu": ("tril",), "cos": ("sin",), "sin": ("cos",),
    "softmax": ("sigmoid", "log_softmax"), "log_softmax": ("softmax",), "relu": ("tanh", "sigmoid"), "gelu": ("relu",),
    "sigmoid": ("tanh",), "tanh": ("sigmoid",), "ones": ("zeros",), "zeros": ("ones",), "sqrt": ("square",),
    "repeat_interleave": ("repeat",), "any": ("all",), "all": ("any",), "floor": ("ceil",), "ceil": ("floor",),
}  # fmt: skip
ALREADY = {"sigmoid": "sigmoid", "relu": "relu", "tanh": "tanh", "exp": "exp"}
KEEPS_ITS_SHAPE = {
    "softmax", "log_softmax", "masked_fill", "exp", "log", "sqrt", "rsqrt", "relu", "gelu", "tanh", "sigmoid", "cumsum",
    "tril", "triu", "nan_to_num", "clamp", "square", "abs", "flip", "roll", "dropout", "contiguous",
}  # fmt: skip
KINDS = (ast.expr, ast.stmt)


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
            yield from _calls(node)
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
            yield _code("_reshaped(x, -2, -1)", x=value), RESHAPED
        case ast.Attribute(ast.Name("self"), name) if isinstance(node.ctx, ast.Load):
            for other in parameters:
                if other.startswith("self.") and other != f"self.{name}" and f"self.{name}" in parameters:
                    yield _code(other), f"`{other}` is used where `self.{name}` belongs."
        case ast.Name(name) if isinstance(node.ctx, ast.Load) and name in parameters:
            for other in parameters:
                if other != name and not other.startswith("self."):
                    yield _code(other), f"`{other}` is used where `{name}` belongs."
        case ast.Subscript(ast.Attribute(value, "shape"), ast.UnaryOp(ast.USub(), ast.Constant(int() as axis))):
            for other in (1, 2, 3):
                if other != axis:
                    yield (
                        _code(f"x.shape[-{other}]", x=value),
                        f"The size of another axis is taken: axis -{other} where axis -{axis} belongs.",
                    )
        case ast.Slice(lower, upper, step):
            yield from _slices(lower, upper, step)
        case ast.Return(value) if value is not None:
            parts = value.elts if isinstance(value, ast.Tuple) else [value]
            for name, sentence in AT_THE_END.items():
                wrapped = [_code(f"_{name}(x)", x=part) for part in parts]
                yield (
                    ast.Return(ast.Tuple(wrapped, ast.Load()) if isinstance(value, ast.Tuple) else wrapped[0]),
                    sentence,
                )
        case ast.Assign([ast.Name(name)], ast.Call(ast.Attribute(ast.Name(same), method))) if name == same:
            yield ast.Expr(node.value), THROWN_AWAY.format(method)
        case ast.If(_, body, orelse):
            if orelse or not any(isinstance(statement, ast.Return) for statement in body):
                yield ast.If(ast.Constant(False), body, orelse), "A case that has to be treated on its own is not."


MISSING_TRANSPOSE = "A transpose is missing: the last two axes of a factor have to change places."
TRANSPOSED = "A factor of a matrix product is transposed, and should not be."
RESHAPED = (
    "A `reshape` or `view` stands where a transpose belongs: it leaves the numbers in their order and cuts them anew, "
    "so they land in other rows."
)
THROWN_AWAY = (
    "The result of `{}` is thrown away: it returns a new tensor and leaves the old one as it is. Keep what it returns."
)
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


def _calls(node: ast.Call) -> Iterator[tuple[ast.AST, str]]:
    name = _name(node)
    receiver = _receiver(node)
    if name in ("transpose", "swapaxes", "permute") and receiver is not None:
        yield receiver, MISSING_TRANSPOSE
        axes = [ast.unparse(argument) for argument in node.args[-2:]]
        if name != "permute" and len(axes) == 2:
            yield _code(f"_reshaped(x, {axes[0]}, {axes[1]})", x=receiver), RESHAPED
    if name in OVER_AN_AXIS:
        yield from _axes(node, name)
    for other in EXCHANGED.get(name, ()):
        changed = copy.deepcopy(node)
        _rename(changed, other)
        if other in ALREADY:  # it knows no axis
            changed.keywords, changed.args = [], changed.args[: 1 if _is_function(node) else 0]
        yield changed, f"`{other}` stands where `{name}` belongs."
    if name in KEEPS_ITS_SHAPE and receiver is not None:
        yield receiver, f"One step is missing: `{name}`."
    if name == "softmax":
        yield (
            _code("_softmax_again(x)", x=node),
            "A softmax is applied twice: what comes out of the first are shares already.",
        )
    if name == "masked_fill" and len(node.args) == 2:
        filled = copy.deepcopy(node)
        filled.args[1] = ast.Constant(0.0)
        yield filled, "What has to be hidden is set to 0, which is a number like any other."
        inverted = copy.deepcopy(node)
        inverted.args[0] = ast.UnaryOp(ast.Invert(), inverted.args[0])
        yield inverted, "A mask is the wrong way round: a `~` is missing, or one too many."
    for position, keyword in enumerate(node.keywords):
        if keyword.arg == "keepdim" and isinstance(keyword.value, ast.Constant) and keyword.value.value:
            lost = copy.deepcopy(node)
            del lost.keywords[position]
            yield (
                lost,
                f"`{name}` loses its axis: with `keepdim=True` it stays, with size 1, and each row meets its own.",
            )
        if keyword.arg in ("unbiased", "correction") and isinstance(keyword.value, ast.Constant):
            other_way = copy.deepcopy(node)
            other_way.keywords[position].value = ast.Constant(type(keyword.value.value)(not keyword.value.value))
            yield other_way, "The variance is divided by the wrong count: n, or n - 1."
    for position, argument in enumerate(node.args):
        match argument:
            case ast.Constant(str(pattern)) if "->" in pattern:
                for other in _patterns(pattern):
                    changed = copy.deepcopy(node)
                    changed.args[position] = ast.Constant(other)
                    yield changed, "Axes are split or joined in the wrong order: numbers of one land in another."
            case ast.Constant(int(value)) if not isinstance(value, bool) and name not in OVER_AN_AXIS and value >= 0:
                for step in (1, -1):
                    moved = copy.deepcopy(node)
                    moved.args[position] = ast.Constant(value + step)
                    yield moved, f"`{name}` is off by one."
    if name in ("tril", "triu") and not (node.keywords or node.args[(1 if _is_function(node) else 0) :]):
        for diagonal in (1, -1):
            moved = copy.deepcopy(node)
            moved.keywords.append(ast.keyword("diagonal", ast.Constant(diagonal)))
            yield moved, f"`{name}` is off by one: look at the diagonal."


def _axes(node: ast.Call, name: str) -> Iterator[tuple[ast.AST, str]]:
    place = OVER_AN_AXIS[name] - (not _is_function(node))
    keywords = [i for i, k in enumerate(node.keywords) if k.arg in ("dim", "axis")]
    if keywords:
        right = _integer(node.keywords[keywords[0]].value)
    else:
        right = _integer(node.args[place]) if len(node.args) > place else None
    if right is None:
        return
    for wrong in (-1, -2, -3, 0, 1, 2):
        if wrong == right:
            continue
        changed = copy.deepcopy(node)
        if keywords:
            changed.keywords[keywords[0]].value = ast.Constant(wrong)
        else:
            changed.args[place] = ast.Constant(wrong)
        yield changed, f"The wrong axis: `{name}` runs over axis {wrong}, and belongs over axis {right}."
    if name in ("sum", "mean", "amax", "amin", "prod", "softmax", "max", "min"):
        receiver = _receiver(node)
        yield (
            _code(f"_over_everything(x, {name!r})", x=receiver),
            f"The wrong axis: `{name}` runs over all numbers together, and belongs over axis {right} alone.",
        )


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
                if not _transposed(factor):  # else it is a transpose that is missing
                    yield _code(text, x=left, y=right), TRANSPOSED
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
        value = _integer(bound) if bound is not None else None
        for change in (1, -1) if value is not None else ():
            bounds = {"lower": lower, "upper": upper, "step": step} | {name: ast.Constant(value + change)}
            yield ast.Slice(**bounds), "A slice begins or ends one place too early or too late."


def _patterns(pattern: str) -> Iterator[str]:
    """The pattern with the two names of a group exchanged: "(h d)" as "(d h)"."""
    for group in {part.split(")")[0] for part in pattern.split("(")[1:]}:
        names = group.split()
        if len(names) == 2:
            yield pattern.replace(f"({group})", f"({names[1]} {names[0]})", 1)


def _transposed(node: ast.expr) -> bool:
    match node:
        case ast.Attribute(_, "mT" | "T") | ast.Call(ast.Attribute(_, "transpose" | "swapaxes" | "permute")):
            return True
    return False


def _name(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _rename(node: ast.Call, name: str) -> None:
    if isinstance(node.func, ast.Attribute):
        node.func.attr = name
    else:
        node.func = ast.Name(name, ast.Load())


def _is_function(node: ast.Call) -> bool:
    """Whether it is `torch.f(x, …)`, not `x.f(…)`."""
    return isinstance(node.func, ast.Name) or ast.unparse(node.func).startswith(("torch.", "nn.", "F.", "einops."))


def _receiver(node: ast.Call) -> ast.expr | None:
    """The tensor that the call works on."""
    if _is_function(node):
        return node.args[0] if node.args else None
    return node.func.value if isinstance(node.func, ast.Attribute) else None


def _integer(node: ast.AST | None) -> int | None:
    match node:
        case ast.Constant(int(value)) if not isinstance(value, bool):
            return value
        case ast.UnaryOp(ast.USub(), ast.Constant(int(value))):
            return -value
    return None


def _code(text: str, **parts: ast.expr) -> ast.expr:
    """An expression from text, with its free names replaced by these parts."""
    tree = ast.parse(text, mode="eval").body
    for name, part in parts.items():
        tree = _Substitute(name, part).visit(tree)
    return tree


class _Substitute(ast.NodeTransformer):
    def __init__(self, name: str, part: ast.expr):
        self.name, self.part = name, part

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return copy.deepcopy(self.part) if node.id == self.name else node
