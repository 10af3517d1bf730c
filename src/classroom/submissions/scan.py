"""The static scan: what a person should know about a submission's code, found by reading it.

In their own process students can do anything, so what runs there proves nothing about itself. Reading does: which
forbidden name an answer reaches, through whatever helper, alias or module; and who handles tools that look into the
process that runs them. A sentence here is a question to a person. It never changes points.
"""

import ast
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from nbformat.notebooknode import NotebookNode

from classroom.questions.drawn import DrawnQuestion
from classroom.student_code.names import GETTERS, Binding, Names, Scope, bind_all, parse
from classroom.submissions.forbidden_names import Forbidden
from classroom.submissions.inner_code import code_in, with_inner, written
from classroom.submissions.official import is_check_cell
from classroom.submissions.tampering import Finding, folded, tampering

MAX_SENTENCES = 12
MAX_NAMES = 4
NEEDLESS = ("torch.ops", "torch._C", "torch._refs", "torch._decomp", "torch.jit", "torch.utils.cpp_extension")
OTHER_PROGRAMS = ("subprocess", "os.system", "os.popen", "os.fork", "os.exec", "os.spawn", "os.posix_spawn", "pty")
WHOLE_MODULE = re.compile(
    r"^\s*from\s+([\w.]+)\s+import\s+\*|^\s*%run\s+(?:-i\s+)?([\w/]+\.py)|\bexec\(.*?[\"']([\w/]+\.py)[\"']",
    re.MULTILINE,
)
MODULE_FILE = re.compile(r"(\w+)\.py\b")
PUTS_TOGETHER = ("types.FunctionType", "types.CodeType", "marshal.loads", "pickle.loads", "runpy.run_path")
DUNDER_GETTERS = ("__getattribute__", "__getattr__")
CALLED_BY_NAME = {"forward"}  # beside __init__, __call__ and their like


def scan(
    notebook: NotebookNode, files: Mapping[str, bytes], questions: Collection[DrawnQuestion], locked: Collection[str]
) -> list[str]:
    """Sentences about a restored notebook and the files beside it. `locked` are the official cells' grade ids."""
    try:
        sentences = list(dict.fromkeys(_sentences(Code.read(notebook, files, locked), questions)))
    except RecursionError:
        return ["The code is nested too deeply to be read by the scan: look at it."]
    more = len(sentences) - MAX_SENTENCES
    return sentences if more <= 0 else [*sentences[:MAX_SENTENCES], f"There are {more} more remarks of this kind."]


def _sentences(code: "Code", questions: Collection[DrawnQuestion]) -> list[str]:
    sentences = [
        f"The answer to {question.id} uses {found.name} ({found.where}), which the question forbids."
        if found.kind == "forbidden"
        else f"The answer to {question.id} {found.kind} ({found.name}, {found.where})."
        for question in questions
        for found in code.reach(question)
    ]
    found = [finding for own in code.own for finding in tampering(*own, code.names)]
    return sentences + [
        _listed(kind, [f for f in found if f.kind == kind]) for kind in dict.fromkeys(f.kind for f in found)
    ]


def _listed(kind: str, found: Sequence[Finding]) -> str:
    """One sentence for all findings of a kind: the first names, each with its first place."""
    places = {finding.name: finding.where for finding in reversed(found)}
    names = list(dict.fromkeys(finding.name for finding in found))
    told = ", ".join(f"{name} ({places[name]})" for name in names[:MAX_NAMES])
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    return f"The code {kind}: {told}{more}."


@dataclass
class Code:
    """A submission's code: the notebook's scope, the submitted modules', and where each check cell stands."""

    scope: Scope = field(default_factory=Scope)
    modules: dict[str, Scope] = field(default_factory=dict)
    checks: dict[str, int] = field(default_factory=dict)
    own: list[tuple[str, ast.Module, str]] = field(default_factory=list)  # what the student wrote, and where
    writers: dict[str, int] = field(default_factory=dict)  # the cell that writes a module
    mentioned: dict[str, str] = field(default_factory=dict)  # modules whose file a cell names, and which cell
    methods: set[str] = field(default_factory=set)  # that the student's classes define

    @classmethod
    def read(cls, notebook: NotebookNode, files: Mapping[str, bytes], locked: Collection[str]) -> "Code":
        """Parses everything; what cannot be parsed could not run either."""
        code = cls()
        cells = [(n, c, parse(c.source)) for n, c in enumerate(notebook.cells) if c.cell_type == "code"]
        for position, cell, tree in cells:
            if tree and not is_check_cell(cell):  # what names mean is needed to know what cells write and run
                bind_all(code.scope, tree, position, f"cell {position + 1}")
        texts = {name: content.decode("utf-8", "replace") for name, content in files.items() if name.endswith(".py")}
        for position, _, tree in cells:
            for name, text in written(tree, code.names).items() if tree else ():
                texts[name] = text
                code.writers[name] = position
        for name, text in sorted(texts.items()):
            code._add_module(name, text)
        for position, cell, tree in cells:
            if is_check_cell(cell):
                code.checks[cell.metadata.nbgrader.grade_id] = position
            elif tree:
                where = f"cell {position + 1}"
                whole = with_inner(tree, code.names)
                if whole is not tree:
                    bind_all(code.scope, ast.Module(whole.body[len(tree.body) :], []), position, where)
                code._take_over(cell.source, position)
                for name in MODULE_FILE.findall(cell.source):
                    code.mentioned.setdefault(name, where)
                if cell.metadata.get("nbgrader", {}).get("grade_id") not in locked:
                    code._own(cell.source, whole, where)
        return code

    @property
    def names(self) -> Names:
        """What names mean at the notebook's end."""
        return Names(self.scope)

    def reach(self, question: DrawnQuestion) -> list[Finding]:
        """What the answer's code reaches, and should not: each name once."""
        before = self.checks.get(question.id, float("inf"))
        start = self.scope.lookup(question.target, before)
        if start is None:
            return []
        walk = _Walk(self, Forbidden(question.forbidden), before)
        walk.follow(start, Names(self.scope, before))
        return list({(found.kind, found.name): found for found in reversed(walk.found)}.values())[::-1]

    def _add_module(self, name: str, text: str) -> None:
        text = text.removeprefix("\ufeff")
        tree = parse(text)
        if tree is not None:
            dotted = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            by = f", which cell {self.writers[name] + 1} writes" if name in self.writers else ""
            bind_all(self.modules.setdefault(dotted, Scope()), tree, 0, f"{name}{by}", dotted.rpartition(".")[0])
            self._own(text, tree, f"{name}{by}")

    def _take_over(self, source: str, position: int) -> None:
        """Binds everything of a submitted module that a cell takes whole, by star, `%run` or `exec`."""
        for match in WHOLE_MODULE.finditer(folded(source)):
            name = next(filter(None, match.groups())).removesuffix(".py").replace("/", ".")
            for bound, bindings in self.modules.get(name, Scope()).bindings.items():
                self.scope.bind(bound, Binding(position, bindings[-1].value, bindings[-1].where))

    def _own(self, source: str, tree: ast.Module, where: str) -> None:
        self.own.append((source, tree, where))
        for node in ast.walk(tree) if "class" in folded(source) else ():
            if isinstance(node, ast.ClassDef):
                self.methods |= {part.name for part in node.body if isinstance(part, ast.FunctionDef)}


class _Walk:
    """Follows what an answer calls, from definition to definition."""

    def __init__(self, code: Code, forbidden: Forbidden, before: float):
        self.code, self.forbidden, self.before = code, forbidden, before
        self.found: list[Finding] = []
        self._seen: set[int] = set()
        self._waiting: dict[str, list[tuple[ast.AST, Names, str]]] = {}  # methods that nobody has called yet
        self._called: set[str] = set(CALLED_BY_NAME)

    def follow(self, binding: Binding, names: Names) -> None:
        """Visits what a name is bound to."""
        if isinstance(binding.value, str):
            self._imported(binding.value)
            self._seen_whole(binding.value, None, binding.where)
        else:
            self._visit(binding.value, names, binding.where)

    def _imported(self, dotted: str) -> None:
        path, _, name = dotted.rpartition(".")
        scope = self.code.modules.get(path)
        found = scope.lookup(name, float("inf")) if scope else None
        if found is not None:
            self.follow(found, Names(scope))

    def _seen_whole(self, dotted: str, node: ast.AST | None, where: str) -> None:
        """Asks a person to look where a module is imported that some cell writes in a way not understood here."""
        top = dotted.partition(".")[0]
        if top in self.code.mentioned and not any(m.partition(".")[0] == top for m in self.code.modules):
            where = self.code.mentioned[top] if node is None else where
            self._note("imports a module whose text was not found", f"{top}.py", node or ast.Pass(), where)

    def _visit(self, node: ast.AST, names: Names, where: str) -> None:
        if id(node) in self._seen:
            return
        self._seen.add(id(node))
        if isinstance(node, ast.ClassDef):
            self._class(node, names, where)
            return
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            names = names.inside(node)
        for part in ast.walk(node):
            self._look_at(part, names, where)

    def _class(self, node: ast.ClassDef, names: Names, where: str) -> None:
        for part in node.body:
            name = getattr(part, "name", "__body__")
            if name.startswith("__") or name in self._called:
                self._visit(part, names, where)
            else:
                self._waiting.setdefault(name, []).append((part, names, where))
        for part in (*node.bases, *node.decorator_list, *(keyword.value for keyword in node.keywords)):
            self._visit(part, names, where)

    def _look_at(self, node: ast.AST, names: Names, where: str) -> None:
        if isinstance(node, ast.Attribute):
            self._called.add(node.attr)
            for waiting in self._waiting.pop(node.attr, ()):
                self._visit(*waiting)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            binding = names.binding(node.id)
            if binding is not None:
                self.follow(binding, Names(names.scope, names.before))
            if binding is not None and not isinstance(binding.value, str):
                for put in names.scope.touched.get(node.id, ()):
                    if put.position < names.before:
                        self.follow(put, Names(names.scope, names.before))
        if isinstance(node, ast.Import | ast.ImportFrom):
            for dotted in _imports(node):
                self._judge(dotted, node, where)
                self._imported(dotted)
                self._seen_whole(dotted, node, where)
        if isinstance(node, ast.Attribute | ast.Name | ast.Call | ast.Subscript):
            self._use(node, names, where)

    def _use(self, node: ast.expr, names: Names, where: str) -> None:
        dotted = names.dotted(node)
        if dotted:
            self._judge(dotted, node, where)
            self._imported(dotted)
        elif isinstance(node, ast.Attribute) and self.forbidden.is_method(node.attr):
            own = node.attr in self.code.methods or (
                isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
            )
            if not own:
                self._note("forbidden", f"torch.Tensor.{node.attr}", node, where)
        if isinstance(node, ast.Call):
            self._call(node, names, where, dotted)

    def _call(self, node: ast.Call, names: Names, where: str, dotted: str | None) -> None:
        function = names.dotted(node.func) or ""
        name = function.removeprefix("builtins.")
        match node.args:
            case [argument, *_] if name in ("exec", "eval", "compile"):
                if not isinstance(argument, ast.Constant):
                    self._note("runs code that it puts together", name, node, where)
                if tree := parse((code_in(argument, names) or "").strip()):
                    self._visit(tree, names, where)
            case [value, attribute, *_] if function in GETTERS and dotted is None:
                self._fetched(value, attribute, name, node, names, where)
            case [attribute, *_] if function in ("operator.attrgetter", "operator.methodcaller"):
                self._fetched(None, attribute, function, node, names, where)
            case [attribute] if isinstance(node.func, ast.Attribute) and node.func.attr in DUNDER_GETTERS:
                if dotted is None:
                    self._fetched(node.func.value, attribute, node.func.attr, node, names, where)
            case _ if function in PUTS_TOGETHER:
                self._note("runs code that it puts together", function, node, where)

    def _fetched(
        self, value: ast.expr | None, attribute: ast.expr, how: str, node: ast.Call, names: Names, where: str
    ) -> None:
        """A name that is fetched by its text, from a tensor perhaps."""
        text = names.text(attribute)
        if text is not None:
            last = text.rpartition(".")[2]
            if self.forbidden.is_method(last) or (value is None and self.forbidden.match(f"torch.{text}")):
                self._note("forbidden", f"torch.Tensor.{last}", node, where)
        elif value is None or not (isinstance(value, ast.Name) and value.id in ("self", "cls")):
            whose = "torch" if value is not None and (names.dotted(value) or "").startswith("torch") else "something"
            self._note(f"takes a name from {whose} that it puts together", how, node, where)

    def _judge(self, dotted: str, node: ast.AST, where: str) -> None:
        forbidden = self.forbidden.match(dotted)
        if forbidden:
            self._note("forbidden", forbidden, node, where)
        if not self.forbidden.names:
            return
        for below in NEEDLESS:
            if dotted == below or dotted.startswith(f"{below}."):
                self._note("reaches below PyTorch's own interface", below, node, where)
        for program in OTHER_PROGRAMS:
            if re.match(rf"{re.escape(program)}(\b|[lv])", dotted):
                self._note("starts another program", program, node, where)

    def _note(self, kind: str, name: str, node: ast.AST, where: str) -> None:
        self.found.append(Finding(kind, name, f"{where}, line {getattr(node, 'lineno', 1)}"))


def _imports(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    else:
        yield from (f"{node.module or ''}.{alias.name}".lstrip(".") for alias in node.names)
