"""Tools that look into the process which runs them, or change it: no exercise needs them, so a person should look.

The lists are short on purpose. What has honest uses in a notebook (threads, shells, files, warnings, logging,
signals, seeds) is not in them.
"""

import ast
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from classroom.student_code.names import MODULES, Names
from classroom.submissions.inner_code import code_in


@dataclass(frozen=True)
class Finding:
    """Something found in code: what kind of thing, its name, and where."""

    kind: str
    name: str
    where: str


LOOKS = "looks at what runs it"
CHANGES = "changes what runs it"
MAKES = "makes code or modules while it runs"
WATCHERS = "switches off what watches the operations"
DESCRIPTORS = "handles open connections of its process"
TOOLS = {
    LOOKS: (
        *("gc.get_objects", "gc.get_referrers", "gc.get_referents", "sys._getframe", "sys._current_frames"),
        *("inspect.stack", "inspect.currentframe", "inspect.getouterframes", "inspect.trace", "ctypes", "cffi"),
    ),
    CHANGES: (
        *("sys.settrace", "sys.setprofile", "threading.settrace", "threading.setprofile", "sys.addaudithook"),
        *("os.killpg", "os.ptrace", "forbiddenfruit", "sys.monitoring", "sys.meta_path", "sys.path_hooks"),
        *("unittest.mock", "mock", "wrapt", "sys.path_importer_cache"),
    ),
    MAKES: (
        *("types.FunctionType", "types.CodeType", "marshal", "runpy", "codeop", "code.InteractiveInterpreter"),
        *(
            "code.InteractiveConsole",
            "importlib.machinery",
            "importlib.util.module_from_spec",
            "imp",
            "pkgutil.resolve_name",
        ),
        *("pydoc.locate", "pydoc.safeimport", "dis.Bytecode"),
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
DICT_CHANGES = ("update", "setdefault", "pop", "popitem", "clear", "__setitem__", "__delitem__", "__ior__")
SETTERS = ("setattr", "delattr", "object.__setattr__", "type.__setattr__", "object.__delattr__")
CODE_PARTS = ("__code__", "__closure__", "__builtins__", "__bases__", "__defaults__", "__kwdefaults__")
OWN_DESCRIPTORS = ("os.pipe", "os.pipe2", "os.open", "os.dup", "os.openpty", "os.memfd_create", "os.eventfd",
                   "tempfile.mkstemp", "socket.socketpair")  # fmt: skip
MAKES_ONE = re.compile(r"\b(pipe2?|open|openpty|mkstemp|memfd_create|eventfd)\(")
FRAMES = ("f_back", "f_locals", "f_globals", "gi_frame", "tb_frame", "cr_frame", "__subclasses__", "__globals__")
PRIVATE_FILES = re.compile(r"/proc/(\w+|\*|\[.*\])/(environ|maps|mem|fd|root|cwd)\b")


# Code without any of these words has nothing that this module looks for, and most code is not looked at further.
WORDS = re.compile(
    "|".join(
        [
            *sorted({re.escape(tool.rpartition(".")[2]) for tools in TOOLS.values() for tool in tools}),
            *(*FRAMES, "classroom", "get_ipython", r"input_transformer", "ast_transformers", "set_custom_exc"),
            *("showtraceback", "showsyntaxerror", "run_cell", "run_code", "display_pub", "displayhook", "kernel"),
            *(
                "user_ns",
                "modules",
                "fileno",
                "exec",
                r"[gsd]e[tl]attr",
                "/proc",
                "__dict__",
                "vars",
                "compile",
                "mock",
                *CODE_PARTS,
                "__setattr__",
                r"\b(write|read|fdopen|open)\(",
            ),
            *(r"(?<!\bself)\.\w+\s*(=(?!=)|,.*=)", r"\b(as|for|del)\s+\w+\."),  # an attribute that is replaced
        ]
    )
)


def tampering(code: str, tree: ast.Module, where: str, names: Names) -> Iterator[Finding]:
    """What in a cell or file looks into or changes the process that runs it."""
    code = folded(code)
    if not WORDS.search(code):
        return
    owns = MAKES_ONE.search(code) is not None
    for node, inside in _with_names(tree, names):
        for kind, name in (*_findings(node, inside), *_descriptors(node, inside, owns)):
            yield Finding(kind, name, f"{where}, line {getattr(node, 'lineno', 1)}")


def folded(code: str) -> str:
    """The code with its letters as Python reads names: bold, wide and other forms are the plain letter."""
    return code if code.isascii() else unicodedata.normalize("NFKC", code)


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
        case ast.Call(_, [ast.Constant(str() as text), *_]) if PRIVATE_FILES.search(text):
            yield LOOKS, text[:60]
        case ast.Call(ast.Attribute(value, method)) if method in DICT_CHANGES and _is_foreign_dict(value, names):
            yield CHANGES, f"{names.dotted(value) or names.namespace(value)}.{method}"
        case ast.Call(ast.Attribute(value, "__setattr__"), [_, _]):
            yield from _replaced(names.dotted(value), "attributes")
        case ast.Call(function, [argument, *_]):
            yield from _made(names.dotted(function), argument, names)
        case ast.Subscript(value, _, ast.Store() | ast.Del()) if _is_foreign_dict(value, names):
            yield CHANGES, str(names.dotted(value) or f"{names.namespace(value)}.attributes")
    if isinstance(node, ast.Call | ast.Subscript):
        yield from _tool(names.dotted(node) or "")
    if isinstance(node, ast.Attribute):
        if isinstance(node.ctx, ast.Load):
            yield from _tool(names.dotted(node) or "")
        else:
            yield from _replaced(names.dotted(node.value), node.attr)
            if node.attr in CODE_PARTS:
                yield CHANGES, node.attr


def _made(function: str | None, argument: ast.expr, names: Names) -> Iterator[tuple[str, str]]:
    """What a call of this name does with its first argument."""
    name = (function or "").removeprefix("builtins.")
    if function in SETTERS:
        yield from _replaced(names.dotted(argument), "attributes")
    elif name in ("exec", "compile") and not isinstance(argument, ast.Constant) and not _is_a_file(argument):
        yield "runs code that it puts together", name
    elif function == "pickle.loads" and code_in(argument, names) is not None:
        yield MAKES, function


def _is_foreign_dict(value: ast.expr, names: Names) -> bool:
    """The modules, the notebook's names in IPython, or the names of a package that is not the student's."""
    if names.dotted(value) in MODULES:
        return True
    whose = names.namespace(value)
    return bool(whose and FOREIGN.match(whose) and not SWITCHES.match(whose))


def _descriptors(node: ast.AST, names: Names, owns: bool) -> Iterator[tuple[str, str]]:
    """Connections that the code did not open itself. `owns`: it opens some."""
    match node:
        case ast.Call(function, [descriptor, *_]) if names.dotted(function) in ("os.write", "os.read", "os.fdopen"):
            if _is_guessed(descriptor, names, owns):
                yield DESCRIPTORS, str(names.dotted(function))
        case ast.Call(ast.Name("open"), [ast.Constant(int() as number), *_]) if number > 2:
            yield DESCRIPTORS, f"open({number})"
        case ast.Call(function, _, keywords):
            given = [keyword.value for keyword in keywords if keyword.arg == "fileno"]
            if given and _is_guessed(given[0], names, owns):
                yield DESCRIPTORS, f"{names.dotted(function) or 'a call'}(fileno=…)"


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


def _is_guessed(descriptor: ast.expr, names: Names, owns: bool) -> bool:
    """A number that was guessed, not one that a file or pipe of the student's own gave."""
    match descriptor:
        case ast.Constant(value):
            return value not in (0, 1, 2)
        case ast.Name(name):
            value = names.value(name)
            if value is None:  # an argument, whatever it gets
                return not owns
            return not isinstance(value, ast.expr) or _is_guessed(value, names, owns)
        case ast.Subscript(value):
            return _is_guessed(value, names, owns)
        case ast.Call(ast.Attribute(_, "fileno" | "detach")):
            return False
        case ast.Call(function):
            return names.dotted(function) not in OWN_DESCRIPTORS
    return isinstance(descriptor, ast.BinOp)
