"""Every chapter has the parts that the template shows, in its order; and the check notices what is missing."""

import re
from pathlib import Path

import pytest

from book_tools import ledger
from book_tools.page.form import PARTS, faults

BOOK = Path(__file__).parents[2] / "book"
TEMPLATE = (BOOK / "_templates" / "chapter.md").read_text(encoding="utf-8")
WRITTEN = [chapter.name for chapter in ledger.load().chapters.values() if chapter.written]


@pytest.mark.parametrize("chapter", WRITTEN)
def test_a_written_chapter_has_every_part(chapter):
    assert faults((BOOK / f"{chapter}.md").read_text(encoding="utf-8")) == []


def test_the_template_has_every_part():
    assert faults(TEMPLATE) == []


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_a_missing_part_is_noticed(part):
    without = re.sub(part.pattern, "", TEMPLATE)
    assert without != TEMPLATE
    assert any(part.name in fault for fault in faults(without))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("## Exercises", "## Try it", "last sections"),
        ("## Exercises", "## Try it", "“Try it” is not"),
        ("One paragraph. It says", "- One.\n- It says", "one paragraph"),
        ("One paragraph. It says", "One paragraph.\n\nIt says", "one paragraph"),
        (":::{answer}\n", ":::{note}\n", "one answer"),
        ("## A measurement after a claim\n", "## A measurement\n\n```{dropdown} More\nText\n```\n", "dropdown"),
    ],
)
def test_a_fault_of_form_is_a_sentence(old, new, message):
    assert old in TEMPLATE
    assert any(message in fault for fault in faults(TEMPLATE.replace(old, new)))


def test_the_smallest_chapter_builds_strictly_with_every_part(build_sphinx, tmp_path):
    """Executed, with its figure: 91 lines are enough for a chapter that has every part."""
    text = (Path(__file__).parent / "proof" / "many-heads.md").read_text(encoding="utf-8")
    assert faults(text) == []
    assert len(text.splitlines()) < 100
    conf = (
        "extensions = ['myst_nb', 'book_tools.page', 'sphinxcontrib.bibtex']\nnumfig = True\n"
        "bibtex_bibfiles = ['one.bib']\nmyst_enable_extensions = ['colon_fence', 'dollarmath']\n"
        "nb_execution_raise_on_error = True\n"
    )
    bib = "@misc{one, title = {One}, author = {Someone}, year = {2017}}"
    index = "# Index\n```{toctree}\nmany-heads\n```\n```{bibliography}\n```\n"
    result = build_sphinx({"index.md": index, "many-heads.md": text, "one.bib": bib}, conf)
    assert result.returncode == 0, result.stderr
    page = (tmp_path / "site" / "many-heads.html").read_text(encoding="utf-8")
    assert "Fig. 6.1" in page
    for part in ("abilities", "book-figure", "mistake", "quiz", "exercise", "notebooks", "katex"):
        assert f'class="{part}"' in page, part
