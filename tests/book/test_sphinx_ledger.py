"""The ledger page is built from the cards in the other pages, and a claim without evidence fails a strict build."""

from collections.abc import Callable

import pytest

from book_tools import ledger

RECORD = """
documents: {"000": {title: t}}
chapters:
  one: {title: Chapter one, status: written}
  two: {title: Chapter two, status: planned}
claims:
  - {id: C01, document: "000", en: first claim, zh: 第一, verdict: holds, chapter: one}
  - {id: C02, document: "000", en: second claim, zh: 第二, verdict: does not hold, correct: the contrary, chapter: one}
  - {id: C03, document: "000", en: third claim, zh: 第三, verdict: holds, chapter: two}
"""
LEDGER = """# Ledger
```{claims-ledger} summary
```
## Decided
```{claims-ledger} 000
```
## To come
```{claims-ledger} planned
```
"""
INDEX = "# Index\n```{toctree}\none\nclaims\n```\n"


@pytest.fixture
def conf(tmp_path) -> str:
    path = tmp_path / "claims.yml"
    path.write_text(RECORD, encoding="utf-8")
    return (
        "from pathlib import Path\nfrom book_tools import ledger\n"
        f"ledger.CLAIMS_FILE = Path({str(path)!r})\n"
        "extensions = ['myst_parser', 'book_tools.sphinx_ledger']\n"
    )


@pytest.fixture
def card(conf, tmp_path) -> Callable[[str, bool, str], str]:
    """A function that makes the raw HTML a chapter's cell would leave."""
    record = ledger.load(tmp_path / "claims.yml")

    def make(claim: str, holds: bool, evidence: str) -> str:
        html = ledger.judge(record, claim, holds=holds, evidence=evidence)._repr_html_()
        return f"```{{raw}} html\n{html}\n```\n"

    return make


def page_of(tmp_path, name: str) -> str:
    return (tmp_path / "site" / f"{name}.html").read_text(encoding="utf-8")


def test_evidence_reaches_the_ledger_and_follows_its_chapter(build_sphinx, card, conf, tmp_path):
    chapter = "# Chapter one\n## Where it is measured\n" + card("C01", True, "it is 0.25") + card("C02", False, "7 ≠ 8")
    pages = {"index.md": INDEX, "claims.md": LEDGER, "one.md": chapter}
    result = build_sphinx(pages, conf)
    assert result.returncode == 0, result.stderr
    page = page_of(tmp_path, "claims")
    decided, to_come = page[page.index(">Decided<") : page.index(">To come<")], page[page.index(">To come<") :]
    for text in ("it is 0.25", "7 ≠ 8", "第一", "第二", "the contrary", "one.html#claim-C01", "Where it is measured"):
        assert text in decided
    assert 'id="C02"' in decided
    assert "verdict-fails" in decided
    assert "第三" in to_come
    assert "第三" not in decided
    # A chapter's card links back, and its own id is where the ledger points.
    chapter_page = page_of(tmp_path, "one")
    assert 'href="claims.html#C01"' in chapter_page
    assert 'id="claim-C01"' in chapter_page

    # Only the chapter changes: the ledger page must follow, although its own source is as old as before.
    changed = build_sphinx({"one.md": chapter.replace("it is 0.25", "it is 0.75")}, conf)
    assert changed.returncode == 0, changed.stderr
    assert "it is 0.75" in page_of(tmp_path, "claims")
    assert "it is 0.25" not in page_of(tmp_path, "claims")


def test_a_due_claim_without_evidence_fails_the_strict_build(build_sphinx, card, conf):
    pages = {"index.md": INDEX, "claims.md": LEDGER, "one.md": "# Chapter one\n" + card("C01", True, "1")}
    result = build_sphinx(pages, conf)
    assert result.returncode != 0
    assert "C02 is due in chapter 'one'" in result.stderr
    assert "C01 is due" not in result.stderr
    assert "C03 is due" not in result.stderr  # its chapter is only planned


def test_a_claim_decided_twice_fails_the_strict_build(build_sphinx, card, conf):
    chapter = "# Chapter one\n" + card("C01", True, "1") + card("C02", False, "2") + card("C01", True, "3")
    result = build_sphinx({"index.md": INDEX, "claims.md": LEDGER, "one.md": chapter}, conf)
    assert result.returncode != 0
    assert "C01 is decided 2 times" in result.stderr


def test_an_unknown_part_is_refused(build_sphinx, conf):
    result = build_sphinx({"index.md": "# Index\n```{claims-ledger} 999\n```\n"}, conf)
    assert result.returncode != 0
    assert "claims-ledger knows summary" in result.stderr
