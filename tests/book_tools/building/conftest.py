"""A tiny book with a library of its own: chapters that take a second, and a list of which were executed."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from myst_nb.core.read import read_myst_markdown_notebook
from myst_parser.config.main import MdParserConfig

from book_tools.building.build import Build
from book_tools.building.chapter import Chapter
from book_tools.building.results import Result, Results

LOG = "EXECUTED"  # in the environment: the path of the log
HEADER = (
    "---\njupytext: {text_representation: {extension: .md, format_name: myst}}\nkernelspec: {name: python3}\n---\n\n"
)


def page(title: str, *cells: str, text: str = "A sentence.") -> str:
    """A chapter's source: a title, a sentence, and cells of code."""
    code = "\n\n".join(f"```{{code-cell}} ipython3\n{cell}\n```" for cell in cells)
    return f"{HEADER}# {title}\n\n{text}\n\n{code}\n"


@dataclass
class Project:
    """A folder with `book/` and `src/`, and a log outside it, to which each executed chapter adds its name."""

    root: Path
    log: Path
    said: list[str] = field(default_factory=list)

    def write(self, name: str, text: str) -> Path:
        """Writes one file of the project."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def note(self, name: str) -> str:
        """Code by which a chapter says that it is executed."""
        return f"import os\nwith open(os.environ[{LOG!r}], 'a') as log:\n    print({name!r}, file=log)"

    def chapters(self) -> list[Chapter]:
        """All pages of the book, read again."""
        pages = sorted((self.root / "book").glob("*.md"))
        read = read_myst_markdown_notebook
        return [
            Chapter(path.stem, path, read(path.read_text(encoding="utf-8"), MdParserConfig(), add_source_map=True))
            for path in pages
        ]

    def build(self, workers: int = 2, timeout: float = 60) -> tuple[dict, list[str]]:
        """What a build finds, and the chapters that it executed, sorted."""
        self.log.unlink(missing_ok=True)
        build = Build(self.root, Results(self.root / "_build" / ".executed"), timeout, self.said.append)
        found = build.bring_up_to_date(self.chapters(), workers)
        executed = self.log.read_text().split() if self.log.exists() else []
        return found, sorted(executed)


def empty_project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose `src/` the kernels import from."""
    made = Project(folder / "project", folder / "executed.log")
    made.write("requirements.txt", "")
    made.write("constraints.txt", "")
    monkeypatch.setenv("PYTHONPATH", str(made.root / "src"))
    monkeypatch.setenv(LOG, str(made.log))
    return made


def add_two_chapters(project: Project) -> None:
    """`first` imports a module that imports another; `second` a third, and it reads a file and decides a claim."""
    project.write("src/tiny/__init__.py", "")
    project.write("src/tiny/near.py", "from tiny import far\n\nvalue = far.value\n")
    project.write("src/tiny/far.py", "value = 1\n")
    project.write("src/tiny/other.py", "value = 2\n")
    project.write("src/tiny/unused.py", "value = 3\n")
    project.write("book/table.txt", "hello\n")
    project.write(
        "book/claims.yml",
        "documents: {d: {title: Notes}, e: {title: More}}\nclaims:\n"
        "  - {id: C01, verdict: holds, chapter: second, document: d}\n"
        "  - {id: C02, verdict: holds, chapter: third, document: e}\n",
    )
    project.write("book/first.md", page("First", project.note("first"), "from tiny.near import value\nvalue"))
    project.write(
        "book/second.md",
        page("Second", project.note("second"), "import tiny.other\nprint(open('table.txt').read(), tiny.other.value)"),
    )


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project without chapters."""
    return empty_project(tmp_path, monkeypatch)


@pytest.fixture
def two_chapters(project: Project) -> Project:
    """A project with two chapters that were never executed."""
    add_two_chapters(project)
    return project


@pytest.fixture(scope="module")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a project with two chapters, after its first build."""
    folder = tmp_path_factory.mktemp("built")
    with pytest.MonkeyPatch.context() as monkeypatch:
        project = empty_project(folder, monkeypatch)
        add_two_chapters(project)
        found, executed = project.build()
    assert executed == ["first", "second"]
    assert all(isinstance(result, Result) for result in found.values())
    return project.root


@pytest.fixture
def built(built_once: Path, project: Project) -> Project:
    """A copy of it: results do not depend on where a book lies."""
    shutil.copytree(built_once, project.root, dirs_exist_ok=True)
    return project
