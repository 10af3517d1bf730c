"""Small questions to a syntax tree, and expressions made from text."""

import ast
import copy


def is_transposed(node: ast.expr) -> bool:
    """Whether a factor is a transpose already."""
    match node:
        case ast.Attribute(_, "mT" | "T") | ast.Call(ast.Attribute(_, "transpose" | "swapaxes" | "permute")):
            return True
    return False


def called_name(node: ast.Call) -> str:
    """The name of the function or method that is called."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def rename(node: ast.Call, name: str) -> None:
    """Calls another function or method."""
    if isinstance(node.func, ast.Attribute):
        node.func.attr = name
    else:
        node.func = ast.Name(name, ast.Load())


def is_function(node: ast.Call) -> bool:
    """Whether it is `torch.f(x, …)`, not `x.f(…)`."""
    return isinstance(node.func, ast.Name) or ast.unparse(node.func).startswith(("torch.", "nn.", "F.", "einops."))


def receiver_of(node: ast.Call) -> ast.expr | None:
    """The tensor that the call works on."""
    if is_function(node):
        return node.args[0] if node.args else None
    return node.func.value if isinstance(node.func, ast.Attribute) else None


def integer(node: ast.AST | None) -> int | None:
    """The whole number that a node stands for, or None."""
    match node:
        case ast.Constant(int(value)) if not isinstance(value, bool):
            return value
        case ast.UnaryOp(ast.USub(), ast.Constant(int(value))):
            return -value
    return None


def expression(text: str, **parts: ast.expr) -> ast.expr:
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
