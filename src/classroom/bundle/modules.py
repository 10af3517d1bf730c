"""Which modules a student's notebook needs: found by reading imports, so that it follows every change.

Nothing is imported for it. An import inside a function counts like any other, except of what only instructors use:
a student's process never gets there.
"""

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from classroom.errors import ClassroomError

# Reached only where an instructor draws cases, grades or releases.
INSTRUCTORS = (
    "classroom.authoring", "classroom.bundle", "classroom.class_report", "classroom.collecting", "classroom.commands",
    "classroom.grading", "classroom.keeping", "classroom.processes", "classroom.students", "classroom.submissions",
    "classroom.term", "classroom.questions.assignment", "classroom.questions.drawing", "classroom.questions.evidence",
    "classroom.questions.fairness", "classroom.questions.lazy", "classroom.questions.ordinary", "course", "nbgrader",
)  # fmt: skip
LINUX_ONLY = {"fcntl", "grp", "pty", "pwd", "resource", "spwd", "syslog", "termios", "tty"}


@dataclass(frozen=True)
class Needed:
    """Files of our own, by module; and the modules of others, each with one that imports it."""

    files: Mapping[str, Path]
    others: Mapping[str, str]


def needed(entries: Iterable[str], source: Path) -> Needed:
    """Everything that these modules import, from `source` (a folder of packages) and elsewhere.

    Raises:
        ClassroomError: one of ours is not there, or needs what a student must not need.
    """
    files: dict[str, Path] = {}
    others: dict[str, str] = {}
    waiting = [(entry, "a notebook", False) for entry in entries]
    while waiting:
        module, by, inside = waiting.pop()
        top = module.partition(".")[0]
        if not (source / top).is_dir():
            if top in LINUX_ONLY:
                raise ClassroomError(
                    f"{by} imports {module}, which is there on Linux alone; students have other systems"
                )
            others.setdefault(top, by)
            continue
        if any(module == name or module.startswith(f"{name}.") for name in INSTRUCTORS):
            if inside:
                continue
            raise ClassroomError(f"{by} imports {module}, which is for instructors; import it inside a function")
        parts = module.split(".")
        for end in range(1, len(parts) + 1):
            name = ".".join(parts[:end])
            path = _file(name, source)
            if path is None:
                if end == 1 or (end == len(parts) and _file(".".join(parts[:-1]), source)):
                    break  # not a module but a name in one
                raise ClassroomError(f"{by} imports {module}, and {source} has no {name}")
            if name not in files:
                files[name] = path
                waiting += [
                    (found, name, inside or lazy) for found, lazy in imports(path.read_text("utf-8"), name, path)
                ]
    return Needed(dict(sorted(files.items())), dict(sorted(others.items())))


def imports(code: str, module: str = "", path: Path | None = None) -> Iterator[tuple[str, bool]]:
    """The modules, and names in them, that the code imports; and whether only inside a function."""
    package = module if path is not None and path.name == "__init__.py" else module.rpartition(".")[0]
    yield from _imports(ast.parse(code), package, False)


def distributions(others: Iterable[str]) -> list[str]:
    """What has to be installed for these modules: names of packages, the standard library's left out."""
    from importlib.metadata import packages_distributions

    known = packages_distributions()
    names = set()
    for module in others:
        if module not in sys.stdlib_module_names:
            names.add(known.get(module, [module])[0].lower().replace("_", "-"))
    return sorted(names)


def _imports(node: ast.AST, package: str, inside: bool) -> Iterator[tuple[str, bool]]:
    for part in ast.iter_child_nodes(node):
        if isinstance(part, ast.If) and "TYPE_CHECKING" in ast.dump(part.test):
            for statement in part.orelse:
                yield from _imports(ast.Module([statement], []), package, inside)
            continue
        if isinstance(part, ast.Import):
            yield from ((alias.name, inside) for alias in part.names)
        elif isinstance(part, ast.ImportFrom):
            base = part.module or ""
            if part.level:
                above = package.split(".")[: len(package.split(".")) - part.level + 1]
                base = ".".join([*above, *filter(None, [part.module])])
            yield base, inside
            yield from ((f"{base}.{alias.name}", inside) for alias in part.names if alias.name != "*")
        yield from _imports(
            part, package, inside or isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        )


def _file(module: str, source: Path) -> Path | None:
    path = source.joinpath(*module.split("."))
    if (path / "__init__.py").is_file():
        return path / "__init__.py"
    return path.with_suffix(".py") if path.with_suffix(".py").is_file() else None
