"""Mistakes in a call: another axis, another function, an argument that is lost or off by one, a step left out."""

import ast
import copy
from collections.abc import Iterator

from classroom.questions.trees import called_name, expression, integer, is_function, receiver_of, rename

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
MISSING_TRANSPOSE = "A transpose is missing: the last two axes of a factor have to change places."
TRANSPOSED = "A factor of a matrix product is transposed, and should not be."
RESHAPED = (
    "A `reshape` or `view` stands where a transpose belongs: it leaves the numbers in their order and cuts them anew, "
    "so they land in other rows."
)
THROWN_AWAY = (
    "The result of `{}` is thrown away: it returns a new tensor and leaves the old one as it is. Keep what it returns."
)


def calls(node: ast.Call) -> Iterator[tuple[ast.AST, str]]:
    """What a call may become, each with the sentence that names the mistake."""
    name = called_name(node)
    receiver = receiver_of(node)
    if name in ("transpose", "swapaxes", "permute") and receiver is not None:
        yield receiver, MISSING_TRANSPOSE
        axes = [ast.unparse(argument) for argument in node.args[-2:]]
        if name != "permute" and len(axes) == 2:
            yield expression(f"_reshaped(x, {axes[0]}, {axes[1]})", x=receiver), RESHAPED
    if name in OVER_AN_AXIS:
        yield from _axes(node, name)
    for other in EXCHANGED.get(name, ()):
        changed = copy.deepcopy(node)
        rename(changed, other)
        if other in ALREADY:  # it knows no axis
            changed.keywords, changed.args = [], changed.args[: 1 if is_function(node) else 0]
        yield changed, f"`{other}` stands where `{name}` belongs."
    if name in KEEPS_ITS_SHAPE and receiver is not None:
        yield receiver, f"One step is missing: `{name}`."
    if name == "softmax":
        yield (
            expression("_softmax_again(x)", x=node),
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
    if name in ("tril", "triu") and not (node.keywords or node.args[(1 if is_function(node) else 0) :]):
        for diagonal in (1, -1):
            moved = copy.deepcopy(node)
            moved.keywords.append(ast.keyword("diagonal", ast.Constant(diagonal)))
            yield moved, f"`{name}` is off by one: look at the diagonal."


def _axes(node: ast.Call, name: str) -> Iterator[tuple[ast.AST, str]]:
    place = OVER_AN_AXIS[name] - (not is_function(node))
    keywords = [i for i, k in enumerate(node.keywords) if k.arg in ("dim", "axis")]
    if keywords:
        right = integer(node.keywords[keywords[0]].value)
    else:
        right = integer(node.args[place]) if len(node.args) > place else None
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
        receiver = receiver_of(node)
        yield (
            expression(f"_over_everything(x, {name!r})", x=receiver),
            f"The wrong axis: `{name}` runs over all numbers together, and belongs over axis {right} alone.",
        )


def _patterns(pattern: str) -> Iterator[str]:
    """The pattern with the two names of a group exchanged: "(h d)" as "(d h)"."""
    for group in {part.split(")")[0] for part in pattern.split("(")[1:]}:
        names = group.split()
        if len(names) == 2:
            yield pattern.replace(f"({group})", f"({names[1]} {names[0]})", 1)
