"""The inside of the clean room: a process that has what an answer needs, and nothing of what the question forbids."""

import __future__

import ast
import linecache
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from classroom.clean_room.inside import restricted
from classroom.clean_room.kernels import take_out
from classroom.clean_room.listed import OutsideError
from classroom.clean_room.needed import Needed, Sources, Statement, needed
from classroom.clean_room.outside import outside
from classroom.student_code.forbidden import ForbiddenNameError
from classroom.student_code.inprocess import InProcess
from classroom.student_code.student import Answer, Call

# Not quoted: it may be made of what is hidden.
AT_RUN_TIME = "a name that is made while it runs"


@dataclass(frozen=True)
class Attested:
    """What the clean room has to say of an answer: what it gave to each call, or what in it is not listed."""

    answers: tuple[Answer, ...] = ()
    outside: str | None = None


def attest(sources: Sources, target: str, calls: Sequence[Call], forbidden: Sequence[str]) -> Attested:
    """Runs what `target` needs, and calls it. Changes this process for good: only for one that ends afterwards."""
    need = needed(sources, target)
    found = outside(need)
    if found is not None:
        return Attested(outside=found.told(sources))
    met = take_out(forbidden)
    try:
        student = InProcess(build(need, sources))
    except OutsideError:
        return Attested(outside=AT_RUN_TIME)
    answers = []
    for call in calls:
        answer = student.answer(target, call)
        if (answer.error or "").startswith(OutsideError.__name__):
            return Attested(outside=AT_RUN_TIME)
        answers.append(Answer(error=str(ForbiddenNameError(met[0]))) if met else answer)
    return Attested(tuple(answers))


def build(need: Needed, sources: Sources) -> dict[str, Any]:
    """The names that the statements define."""
    own = _Modules(need.modules, sources)
    space: dict[str, Any] = {
        "__name__": "__main__",
        "__builtins__": restricted(own),
        "display": lambda *_, **__: None,
    }
    own.builtins = space["__builtins__"]
    run(need.statements, dict(sources.cells), space)
    return space


def run(statements: Sequence[Statement], texts: Mapping[str, str], space: dict[str, Any]) -> None:
    """Runs them as a notebook does: where one raises, the rest of its cell is not run."""
    flags, ended = 0, None
    for statement in statements:
        if (statement.where, statement.cell) == ended:
            continue
        if isinstance(statement.node, ast.ImportFrom) and statement.node.module == "__future__":
            for alias in statement.node.names:
                flags |= getattr(__future__, alias.name).compiler_flag if hasattr(__future__, alias.name) else 0
            continue
        name = f"<{statement.where}>"
        text = texts.get(statement.where, "")
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        tree = ast.Module([statement.node], [])
        try:
            exec(compile(tree, name, "exec", flags, dont_inherit=True), space)
        except OutsideError:
            raise
        except (Exception, SystemExit):
            ended = (statement.where, statement.cell)


class _Modules(dict[str, Any]):
    """The modules beside the notebook, each run when it is first imported."""

    def __init__(self, needed_of: Mapping[str, tuple[Statement, ...]], sources: Sources):
        super().__init__()
        self._needed, self._sources = needed_of, sources
        self.builtins: dict[str, Any] = {}

    def __contains__(self, name: object) -> bool:
        return name in self._needed

    def __missing__(self, name: str) -> ModuleType:
        parent, _, last = name.rpartition(".")
        made = self[name] = ModuleType(name)
        file = self._sources.module(name) or ""
        package = name if file.endswith("/__init__.py") else parent
        vars(made).update({"__name__": "__main__", "__package__": package, "__builtins__": self.builtins})
        run(self._needed[name], self._sources.files, vars(made))
        if parent in self:
            setattr(self[parent], last, made)
        return made
