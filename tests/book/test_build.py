"""The book's own configuration builds strictly: a cell whose measurement contradicts the record fails the build."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from book_tools import ledger

ROOT = Path(__file__).parents[2]
HEADER = (
    "---\njupytext:\n  text_representation: {extension: .md, format_name: myst}\nkernelspec: {name: python3}\n---\n"
)
CELL = "```{code-cell} ipython3\nfrom book_tools.ledger import decide\ndecide('CLAIM', holds=True, evidence='1')\n```\n"


@pytest.fixture
def small_book(tmp_path):
    """A book of one page with the real configuration."""
    shutil.copy(ROOT / "_config.yml", tmp_path)
    book = tmp_path / "book"
    book.mkdir()
    shutil.copytree(ROOT / "book" / "_static", book / "_static")
    shutil.copy(ROOT / "book" / "references.bib", book)
    (book / "_toc.yml").write_text("format: jb-book\nroot: index\n")
    return book


def build(book) -> subprocess.CompletedProcess:
    """Builds as the Makefile does."""
    arguments = ["build", "book", "--config", "_config.yml", "--path-output", ".", "-W", "-n", "--keep-going"]
    return subprocess.run(
        [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", *arguments],
        cwd=book.parent,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_a_contradicted_claim_stops_the_build(small_book):
    false = next(claim.id for claim in ledger.load().claims.values() if claim.verdict is ledger.Verdict.FAILS)
    (small_book / "index.md").write_text(HEADER + "# A page\n" + CELL.replace("CLAIM", false), encoding="utf-8")
    result = build(small_book)
    assert result.returncode != 0
    said = result.stdout + result.stderr
    assert f"{false} is recorded as “does not hold” but was measured as “holds”" in said
    assert "index.md, cell 1, line 9: BookError" in said


def test_a_page_loads_its_scripts_and_styles_from_its_own_folder(small_book):
    (small_book / "index.md").write_text("# A page\n\n$$\\sqrt{d_k}$$\n", encoding="utf-8")
    result = build(small_book)
    assert result.returncode == 0, result.stdout + result.stderr
    site = small_book.parent / "_build" / "html"
    html = (site / "index.html").read_text(encoding="utf-8")
    loaded = re.findall(r'<(?:script|img)[^>]*\ssrc="([^"]+)"', html)
    loaded += re.findall(r'<link[^>]*rel="(?:stylesheet|icon|preload)"[^>]*href="([^"]+)"', html)
    assert "unpkg" not in html
    assert "sphinx-thebe.js" not in html
    assert any("katex/" in address for address in loaded)  # drawn when the page was built: no script
    assert not any(name in address.lower() for address in loaded for name in ("mathjax", "fontawesome"))
    for address in loaded:
        assert "//" not in address
        assert (site / address.split("?")[0]).exists(), address
