"""Which of the files that somebody sent are the submission: the last version of each notebook, under its own name."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

# What browsers, file managers and platforms add to a name that is taken: "(1)", "-2", "-Copy1", " - Copy", "_copy".
ADDED = re.compile(r"(?: ?\(\d+\)|[-_ ]+copy ?\d*| - copy(?: \(\d+\))?|[-_~]\d+)$", re.IGNORECASE)


TIMESTAMP = "timestamp.txt"  # where nbgrader reads when work was handed in: never a file that a student sent


@dataclass(frozen=True)
class Sent:
    """A file that somebody sent: its path as they named it, where it lies, when it was changed.

    `modified` may be a student's own clock, and only tells versions apart. `arrived` is the platform's word.
    """

    name: str
    path: Path
    modified: datetime | None
    order: int = 0
    late: bool | None = None
    arrived: datetime | None = None


@dataclass(frozen=True)
class Chosen:
    """A submission: files by the name that they get, when it was handed in, and what a person should know."""

    files: dict[str, Sent]
    renamed: dict[str, str]  # a notebook's official name -> the one that it had
    notes: tuple[str, ...]

    @property
    def notebooks(self) -> list[Sent]:
        """The notebooks among the files."""
        return [sent for name, sent in self.files.items() if name.endswith(".ipynb")]

    @property
    def handed_in(self) -> datetime | None:
        """When the last of its notebooks came, in UTC, where the platform says it."""
        return max((sent.arrived for sent in self.notebooks if sent.arrived), default=None)

    @property
    def attachment(self) -> int:
        """Canvas's number of the last notebook: later ones are higher."""
        return max((sent.order for sent in self.notebooks), default=0)

    @property
    def late(self) -> bool | None:
        """Whether the platform marks it late; None where it does not say."""
        marks = {sent.late for sent in self.notebooks}
        return True if True in marks else (None if None in marks or not marks else False)


def official_name(name: str, notebooks: Collection[str]) -> str | None:
    """The notebook of the assignment that a file's name means, additions of copies left out; None for another."""
    stem = PurePosixPath(name).stem
    known = {_plain(notebook): notebook for notebook in notebooks}
    while True:
        if _plain(stem) in known:
            return known[_plain(stem)]
        shorter = ADDED.sub("", stem.rstrip())
        if shorter == stem or not shorter:
            return None
        stem = shorter


def choose(sent: Sequence[Sent], notebooks: Collection[str]) -> Chosen:
    """Chooses among one student's files. Where nothing is a notebook of the assignment, no file is chosen."""
    notes: list[str] = []
    found: dict[str, list[Sent]] = {}
    others: list[Sent] = []
    for file in sent:
        if not file.name.lower().endswith(".ipynb"):
            continue
        official = official_name(file.name, notebooks)
        found.setdefault(official, []).append(file) if official else others.append(file)
    if not found and len(others) == 1 and len(notebooks) == 1:
        found[next(iter(notebooks))] = [others.pop()]
    files, renamed = {}, {}
    for notebook, versions in sorted(found.items()):
        *older, last = sorted(versions, key=_when)
        files[f"{notebook}.ipynb"] = last
        own = PurePosixPath(last.name).name
        if own != f"{notebook}.ipynb":
            renamed[f"{notebook}.ipynb"] = own
        if older:
            names = _listed(PurePosixPath(v.name).name for v in older)
            notes.append(f"{own} is the last version; left out: {names}.")
    wanted = _listed(f"{n}.ipynb" for n in sorted(notebooks))
    notes += [f"{file.name} was left out: it is not {wanted}." for file in others]
    if files:
        bases = {PurePosixPath(file.name).parent for file in files.values()}
        base = bases.pop() if len(bases) == 1 else PurePosixPath()
        for file in sent:
            if file.name.lower().endswith(".ipynb"):
                continue
            name = _beside(file.name, base)
            if name.casefold() == TIMESTAMP:
                notes.append(f"{file.name} was left out: the time that counts is the platform's.")
            else:
                files.setdefault(name, file)
    elif not others:
        notes.append(
            f"there is no notebook among {_listed(file.name for file in sent)}." if sent else "nothing is there."
        )
    return Chosen(files, renamed, tuple(notes))


def _beside(name: str, base: PurePosixPath) -> str:
    path = PurePosixPath(name)
    return str(path.relative_to(base) if path.is_relative_to(base) else path)


def _when(file: Sent) -> tuple[datetime, int, int]:
    added = re.search(r"(\d+)\)?$", PurePosixPath(file.name).stem)
    return file.modified or datetime.min, file.order, int(added[1]) if added else 0


def _plain(stem: str) -> str:
    return re.sub(r"[\s_-]+", "-", stem.strip().lower())


def _listed(names: Iterable[str]) -> str:
    several = list(names)
    shown = several if len(several) <= 4 else [*several[:3], f"{len(several) - 3} more"]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
