"""What one student handed in, as bytes: so it can be judged in another process or on another machine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from classroom.submissions.submission import MAX_BYTES

MAX_FILES, MAX_FILES_BYTES = 10_000, 200 * 2**20  # that a student submits beside the notebooks


@dataclass(frozen=True)
class Submitted:
    """One student's directory of one assignment. Sentences name files as the instructor sees them in the course."""

    student: str
    where: str  # the directory, from the course's root
    notebooks: Mapping[str, bytes] = field(default_factory=dict)  # those of the assignment, by name
    unreadable: Mapping[str, str] = field(default_factory=dict)  # a sentence, by the notebook's name
    missing: Mapping[str, str] = field(default_factory=dict)  # a sentence, by the notebook's name
    files: Mapping[str, bytes] = field(default_factory=dict)  # everything beside, by relative path
    flags: tuple[str, ...] = ()


def read_submitted(course: Path, assignment: str, student: str, names: Sequence[str]) -> Submitted:
    """Reads it; `names` are the assignment's notebooks. What cannot be read becomes a sentence."""
    directory = course / "submitted" / student / assignment
    where = str(directory.relative_to(course))
    notebooks: dict[str, bytes] = {}
    unreadable: dict[str, str] = {}
    missing: dict[str, str] = {}
    for link in (directory, directory.parent):  # to somebody else's work, perhaps
        if link.is_symlink():
            sentence = f"{link.relative_to(course)} is a link and was not followed."
            return Submitted(student, where, unreadable=dict.fromkeys(names, sentence))
    for name in names:
        path = directory / f"{name}.ipynb"
        try:
            if path.is_symlink():
                unreadable[name] = f"{where}/{path.name} is a link and was not followed."
            elif path.stat().st_size > MAX_BYTES:
                size = f"more than {MAX_BYTES // 2**20} MiB"
                unreadable[name] = f"{where}/{path.name} is not a notebook that can be graded: it has {size}."
            else:
                notebooks[name] = path.read_bytes()
        except FileNotFoundError:
            missing[name] = _what_is_missing(directory, where, path.name, names)
        except OSError as error:
            unreadable[name] = f"{where}/{path.name} cannot be read: {error.strerror}."
    files, flags = _files_beside(directory)
    return Submitted(student, where, notebooks, unreadable, missing, files, tuple(flags))


def _what_is_missing(directory: Path, where: str, name: str, names: Sequence[str]) -> str:
    if not directory.is_dir():
        return f"Nothing was submitted: there is no {where}."
    others = sorted(p.name for p in directory.glob("*.ipynb") if p.stem not in names)
    instead = f", but {', '.join(others)}: was it renamed?" if others else "."
    return f"Nothing was submitted: {where} has no {name}{instead}"


def _files_beside(directory: Path) -> tuple[dict[str, bytes], list[str]]:
    files: dict[str, bytes] = {}
    flags, total = [], 0
    for path in sorted(directory.rglob("*")):
        relative = path.relative_to(directory)
        if path.suffix == ".ipynb" or not path.is_file() or any(part.startswith(".") for part in relative.parts):
            continue
        if path.is_symlink() or any(p.is_symlink() for p in path.parents if p.is_relative_to(directory)):
            flags.append(f"{relative} is a link and was left out.")
            continue
        try:
            total += path.stat().st_size
            if total > MAX_FILES_BYTES or len(files) == MAX_FILES:
                size = f"more than {MAX_FILES} files, or {MAX_FILES_BYTES // 2**20} MiB of them"
                flags.append(f"{relative} and what follows was left out: {size}.")
                break
            files[str(relative)] = path.read_bytes()
        except OSError as error:
            flags.append(f"{relative} was left out: it cannot be read ({error.strerror}).")
    return files, flags
