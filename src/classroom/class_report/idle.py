"""Statements that change nothing: what is put between the lines of a copy so that no run of lines is the same."""

import ast

ROUNDS = 8  # each finds what only idle statements used; a longer chain of them would take time with its square


def idle_statements(root: ast.AST) -> set[int]:
    """The `id` of each statement inside a function that could be left out: no value of it is ever used."""
    idle: set[int] = set()
    for _ in range(ROUNDS):
        parents = [node for node in _walk(root, idle) if node is not root or not isinstance(node, ast.stmt)]
        loaded = {n.id for n in parents if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Store)}
        found = {id(n) for n in parents if isinstance(n, ast.stmt) and _is_idle(n, loaded, idle)}
        if not found:
            break
        idle |= found
    return idle


def _walk(root: ast.AST, without: set[int]) -> list[ast.AST]:
    nodes, waiting = [], [root]
    while waiting:
        node = waiting.pop()
        if id(node) not in without:
            nodes.append(node)
            waiting += ast.iter_child_nodes(node)
    return nodes


def _is_idle(node: ast.stmt, loaded: set[str], idle: set[int]) -> bool:
    match node:
        case ast.Pass() | ast.Assert() | ast.Import() | ast.ImportFrom():
            return True
        case ast.Expr(ast.Call(ast.Name("print" | "id" | "len" | "type" | "repr"))):
            return True
        case ast.Expr(value):
            return not any(
                isinstance(part, ast.Call | ast.Await | ast.Yield | ast.YieldFrom) for part in ast.walk(value)
            )
        case ast.Assign(targets):
            return all(isinstance(target, ast.Name) and target.id not in loaded for target in targets)
        case ast.AnnAssign(ast.Name(name)) | ast.AugAssign(ast.Name(name)) | ast.FunctionDef(name=name):
            return name not in loaded
        case ast.Delete(targets):
            return all(isinstance(target, ast.Name) for target in targets)
        case ast.If(ast.Constant(value), _, []) | ast.While(ast.Constant(value), _, []) if not value:
            return True
        case ast.If(_, body, orelse) | ast.For(_, _, body, orelse):
            return all(id(statement) in idle for statement in (*body, *orelse))
        case ast.With(_, body):
            return all(id(statement) in idle for statement in body)
    return False
