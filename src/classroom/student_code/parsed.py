"""A cell's code as a syntax tree, with the magics that have Python behind them."""

import ast
import functools
import warnings

MAX_SOURCE = 1_000_000  # characters in one cell or file
MAX_KEPT = 20_000  # characters of code whose tree is worth keeping
TIMING_MAGICS = ("time", "timeit", "capture", "prun", "memit", "debug", "mprun", "lprun")  # Python follows them


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
