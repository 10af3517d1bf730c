"""A whole build by Sphinx: which pages are read again, and what a failed cell looks like."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from book_tools.building.sphinx import note_code

from .conftest import Project, page

CONF = """
extensions = ["myst_nb", "book_tools.building.sphinx"]
book_root = ".."
nb_execution_mode = "cache"
nb_execution_raise_on_error = True
nb_execution_timeout = 60
nb_output_stderr = "error"
"""


@pytest.fixture
def site(two_chapters: Project) -> Project:
    two_chapters.write("book/conf.py", CONF.replace('".."', repr(str(two_chapters.root))))
    two_chapters.write("book/index.md", "# Contents\n\n```{toctree}\nfirst\nsecond\n```\n")
    return two_chapters


def sphinx(project: Project, *options: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", *options, "-b", "html", "book", "_build/html"]
    return subprocess.run(
        command, cwd=project.root, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False
    )


def shown(project: Project, name: str) -> str:
    return (project.root / "_build" / "html" / f"{name}.html").read_text(encoding="utf-8")


def test_pages_are_read_again_when_their_source_or_their_results_have_changed(site):
    site.write("src/tiny/far.py", "value = 987654\n")
    first = sphinx(site)
    assert first.returncode == 0, first.stderr
    assert "hello" in shown(site, "second")
    assert sorted(site.log.read_text().split()) == ["first", "second"]

    idle = sphinx(site)
    assert "0 added, 0 changed, 0 removed" in idle.stdout
    assert "no targets are out of date" in idle.stdout

    source = site.root / "book" / "first.md"
    source.write_text(source.read_text().replace("A sentence.", "Quite another sentence."))
    assert sphinx(site).returncode == 0
    assert "Quite another sentence." in shown(site, "first")
    assert "987654" in shown(site, "first")  # its results are still there

    site.write("src/tiny/far.py", "value = 123456\n")
    changed = sphinx(site)
    assert "first will be executed: src/tiny/far.py" in changed.stdout
    assert "123456" in shown(site, "first")

    # What is printed stays the same: nothing to be read again.
    site.write("src/tiny/other.py", "value = 1 + 1\n")
    same = sphinx(site)
    assert "second will be executed" in same.stdout
    assert "no targets are out of date" in same.stdout
    assert sorted(site.log.read_text().split()) == ["first", "first", "second", "second"]


def test_a_failed_cell_stops_the_build_and_is_named_with_its_line(site):
    site.write("book/first.md", page("First", "x = 0", "print('so far')\n1 / x"))
    result = sphinx(site)
    assert result.returncode != 0
    lines = (site.root / "book" / "first.md").read_text().splitlines()
    line = lines.index("1 / x") + 1
    assert (
        f"first.md:{line}: WARNING: first.md, cell 2, line {line}: ZeroDivisionError: division by zero" in result.stderr
    )
    assert "----> 2 1 / x" in result.stderr  # the traceback, without the terminal's colours
    assert "hello" in shown(site, "second")  # the other chapter is there
    assert "so far" in shown(site, "first")
    assert site.log.read_text().split() == ["second"]
    again = sphinx(site)
    assert again.returncode != 0
    assert "first.md, cell 2" in again.stderr
    assert site.log.read_text().split() == ["second"]


def test_standard_error_stops_the_build_every_time(site):
    site.write("book/first.md", page("First", "import sys\nprint('careful', file=sys.stderr)"))
    for _ in range(2):
        result = sphinx(site)
        assert result.returncode != 0
        assert "first.md, cell 1" in result.stderr
        assert "wrote to standard error: careful" in result.stderr


def test_the_code_of_the_extensions_is_a_part_of_the_configuration(project):
    project.write("src/pages/__init__.py", "")
    project.write("src/pages/extension.py", "from pages import helper\n")
    helper = project.write("src/pages/helper.py", "")
    style = project.write("src/pages/style.css", "")
    other = project.write("src/elsewhere.py", "")

    def code() -> str:
        config = SimpleNamespace(book_root=str(project.root), extensions=["myst_nb", "pages.extension"], book_code="")
        note_code(None, config)
        return config.book_code

    before = code()
    other.write_text("x = 1")
    assert code() == before
    for file in (helper, style):
        file.write_text("/* x */" if file is style else "x = 1")
        assert code() != before
        before = code()
