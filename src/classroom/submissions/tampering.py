"""Tools that look into the process which runs them, or change it: no exercise needs them, so a person should look.

The lists are short on purpose. What has honest uses in a notebook (threads, shells, files, warnings, logging,
signals, seeds) is not in them.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from classroom.student_code.names import Names


@dataclass(frozen=True)
class Finding:
    """Something found in code: what kind of thing, its name, and where."""

    kind: str
    name: str
    where: str


LOOKS = "looks at what runs it"
CHANGES = "changes what runs it"
WATCHERS = "switches off what watches the operations"
DESCRIPTORS = "handles open connections of its process"
TOOLS = {
    LOOKS: (
        *("gc.get_objects", "gc.get_referrers", "gc.get_referents", "sys._getframe", "sys._current_frames"),
        *("inspect.stack", "inspect.currentframe", "inspect.getouterframes", "inspect.trace", "ctypes", "cffi"),
    ),
    CHANGES: (
        *("sys.settrace", "sys.setprofile", "threading.settrace", "threading.setprofile", "sys.addaudithook"),
        *("os.killpg", "os.ptrace", "forbiddenfruit"),
    ),
    WATCHERS: (
        *("torch._C._Disable", "torch._C._set_", "torch._C._pop_", "torch.utils._python_dispatch"),
        *("torch.overrides._pop", "torch.overrides._disable", "torch._C.DisableTorch", "torch._C._unset"),
    ),
    DESCRIPTORS: ("os.dup2", "os.closerange", "socket.fromfd", "os.pread", "os.sendfile"),
}
# What holds the grading process together; a notebook needs `Checker` and no more.
CHECKING = re.compile(r"classroom\.(?!check(\.|\Z))\w+(\.\w+)?|classroom\.check\.(?!Checker\Z)\w+")
SHELL = re.compile(
    r"get_ipython\(\)\.(ast_transformers|input_transformer\w*|events|set_custom_exc|_?showtraceback|showsyntaxerror|"
    r"run_cell|run_code|display_pub|displayhook|kernel|user_ns)\b"
)
# Replacing a part of these changes what everybody computes. Their switches are meant to be set.
FOREIGN = re.compile(r"(torch|numpy|builtins|__builtins__|math|classroom|IPython|Checker)(\.|\Z)")
SWITCHES = re.compile(r"torch\.(backends|_dynamo|_inductor|distributed|autograd\.profiler)\b|numpy\.random\b")
SHOWN = ("__repr__", "__str__", "_repr_html_")  # a well-known way to print shapes
FRAMES = ("f_back", "f_locals", "f_globals", "gi_frame", "tb_frame", "cr_frame", "__subclasses__", "__globals__")
PRIVATE_FILES = re.compile(r"/proc/(\w+|\*|\[.*\])/(environ|maps|mem|fd|root|cwd)\b")


# Code without any of these words has nothing that this module looks for, and most code is not looked at further.
WORDS = re.compile(
    "|".join(
        [
            *sorted({re.escape(tool.rpartition(".")[2]) for tools in TOOLS.values() for tool in tools}),
            *(*FRAMES, "classroom", "get_ipython", r"input_transformer", "ast_transformers", "set_custom_exc"),
            *("showtraceback", "showsyntaxerror", "run_cell", "run_code", "display_pub", "displayhook", "kernel"),
            *("user_ns", "modules", "fileno", "exec", r"[gsd]e[tl]attr", "/proc", r"\b(write|read|fdopen|open)\("),
            *(r"(?<!\bself)\.\w+\s*(=(?!=)|,.*=)", r"\b(as|for|del)\s+\w+\."),  # an attribute that is replaced
        ]
    )
)


def tampering(code: str, tree: ast.Module, where: str, names: Names) -> Iterator[Finding]:
    """What in a cell or file looks into or changes the process that runs it."""
    if not WORDS.search(code):
        return
    for node, inside in _with_names(tree, names):
        for kind, name in _findings(node, inside):
            yield Finding(kind, name, f"{where}, line {getattr(node, 'lineno', 1)}")


def _with_names(node: ast.AST, names: Names) -> Iterator[tuple[ast.AST, Names]]:
    for child in ast.iter_child_nodes(node):
        function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        inside = names.inside(child) if function else names
        yield child, inside
        yield from _with_names(child, inside)


def _findings(node: ast.AST, names: Names) -> Iterator[tuple[str, str]]:
    match node:
        case ast.Import(aliases):
            for alias in aliases:
                yield from _tool(alias.name)
        case ast.ImportFrom(str() as module, aliases):
            for alias in aliases:
                yield from _tool(f"{module}.{alias.name}")
        case ast.Attribute(attr=attribute) if attribute in FRAMES:
            yield LOOKS, attribute
        case ast.Call(ast.Name("exec"), [argument, *_]) if not isinstance(argument, ast.Constant):
            if not _is_a_file(argument):
                yield "runs code that it puts together", "exec"
        case ast.Call(ast.Name("setattr" | "delattr"), [value, *_]):
            yield from _replaced(names.dotted(value), "attributes")
        case ast.Call(_, [ast.Constant(str() as text), *_]) if PRIVATE_FILES.search(text):
            yield LOOKS, text[:60]
        case ast.Call(function, [descriptor, *_]) if names.dotted(function) in ("os.write", "os.read", "os.fdopen"):
            if not (isinstance(descriptor, ast.Constant) and descriptor.value in (0, 1, 2)) and _foreign(descriptor):
                yield DESCRIPTORS, str(names.dotted(function))
        case ast.Call(ast.Name("open"), [ast.Constant(int() as number), *_]) if number > 2:
            yield DESCRIPTORS, f"open({number})"
        case ast.Call(function, _, keywords) if any(keyword.arg == "fileno" for keyword in keywords):
            yield DESCRIPTORS, f"{names.dotted(function) or 'a call'}(fileno=…)"
        case ast.Subscript(value, _, ast.Store()) if names.dotted(value) in ("sys.modules", "get_ipython().user_ns"):
            yield CHANGES, str(names.dotted(value))
    if isinstance(node, ast.Attribute):
        if isinstance(node.ctx, ast.Load):
            yield from _tool(names.dotted(node) or "")
        else:
            yield from _replaced(names.dotted(node.value), node.attr)


def _tool(dotted: str) -> Iterator[tuple[str, str]]:
    for kind, tools in TOOLS.items():
        for tool in tools:
            # Of torch._C the beginnings of names, of all else whole names.
            if f"{dotted}.".startswith(f"{tool}.") or ("._" in tool and dotted.startswith(tool)):
                yield kind, tool if f"{dotted}.".startswith(f"{tool}.") else dotted
                return
    if match := CHECKING.match(dotted) or SHELL.match(dotted):
        yield LOOKS if match.re is CHECKING else CHANGES, match[0]


def _replaced(dotted: str | None, attribute: str) -> Iterator[tuple[str, str]]:
    if dotted and FOREIGN.match(dotted) and not SWITCHES.match(dotted) and attribute not in SHOWN:
        yield CHANGES, f"{dotted}.{attribute}"


def _is_a_file(argument: ast.expr) -> bool:
    """`open("helper.py").read()` and its like: the file is read by the scan as well."""
    return any(isinstance(node, ast.Constant) and str(node.value).endswith(".py") for node in ast.walk(argument))


def _foreign(descriptor: ast.expr) -> bool:
    """A number that was guessed, not one that a file or pipe of the student's own gave."""
    return isinstance(descriptor, ast.Constant | ast.Name)
