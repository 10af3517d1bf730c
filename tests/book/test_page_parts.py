"""The parts of a page in small books: what they become, what they refer to, and what a mistake in them says."""

import json
import re
from collections.abc import Callable

import pytest

RECORD = """
documents: {"000": {title: t, en: The document}}
chapters:
  many-heads: {number: 6, title: Many heads, status: planned}
  position: {number: 7, title: Position, status: planned}
claims:
  - {id: C01, document: "000", en: Attention is a dot product, zh: 点积, verdict: holds, chapter: many-heads}
"""
QUESTION = """:::{question} What is two and two?
- [x] Four

  By counting.
- [ ] Five

  One too many.
:::
"""
PAGE = f"""(many-heads)=
# Many heads

**How many?**

:::{{abilities}}
:minutes: 12
:needs: position many-heads

1. count *heads*;
2. say $h$.
:::

See {{numref}}`fig-flow` and {{eq}}`eq-sum`, in {{chapter}}`position`; the {{term}}`dot product` and a {{term}}`key`.

:::{{figure}} picture.svg
:name: fig-flow

A flow of $x$.
:::

## A section

$$
a &= b \\\\
c &= d
$$ (eq-sum)

:::{{mistake}} A head is a *slice*.
:document: "000"
:source: many pages

It is not.
:::

::::{{exercise}} Count
How many?

:::{{answer}}
Eight.
:::
::::

::::{{quiz}}
{QUESTION}
{QUESTION.replace("[ ]", "[x]")}
:::{{question}} How much is a half?
:answer: 0.5
:tolerance: 0.01

- 2: you turned it over.

One divided by two.
:::
{QUESTION}
::::
"""
GLOSSARY = """# Glossary

```{glossary}
dot product
  点积. A sum of products.

key
  键. A vector.

unused
  未用. Nobody says it.
```
"""
INDEX = "# Index\n```{toctree}\nmany-heads\nglossary\n```\n"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'


@pytest.fixture
def conf(tmp_path) -> str:
    path = tmp_path / "claims.yml"
    path.write_text(RECORD, encoding="utf-8")
    return (
        "from pathlib import Path\nfrom book_tools import ledger\n"
        f"ledger.CLAIMS_FILE = Path({str(path)!r})\n"
        "extensions = ['myst_nb', 'book_tools.page']\nnumfig = True\nnb_execution_mode = 'off'\n"
        "numfig_format = {'figure': 'Figure %s', 'table': 'Table %s'}\n"
        "myst_enable_extensions = ['colon_fence', 'dollarmath', 'deflist']\n"
    )


@pytest.fixture
def build(build_sphinx, conf) -> Callable[..., object]:
    """Builds a book of the page above, some of its text replaced; `pages` are further files."""

    def build_with(*changes: tuple[str, str], settings: str = "", **pages: str):
        text = PAGE
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        files = {"index.md": INDEX, "many-heads.md": text, "glossary.md": GLOSSARY, "picture.svg": SVG}
        return build_sphinx(files | {name.replace("__", "."): page for name, page in pages.items()}, conf + settings)

    return build_with


@pytest.fixture
def html(build, tmp_path) -> Callable[[str], str]:
    """The page above, built, as markup."""
    result = build()
    assert result.returncode == 0, result.stderr
    return lambda name: (tmp_path / "site" / f"{name}.html").read_text(encoding="utf-8")


def plain(markup: str) -> str:
    return re.sub(r"\s+", " ", re.sub("<[^>]*>", "", markup))


def test_numbers_are_the_chapters_although_others_are_missing(html):
    text = plain(html("many-heads"))
    assert "6. Many heads" in text
    assert "6.1. A section" in text
    assert "Figure 6.1" in text
    assert "See Figure 6.1 and (6.1)" in text


def test_a_chapter_that_is_missing_is_named_and_not_linked(html):
    page = html("many-heads")
    assert "in chapter 7, Position (to come)" in plain(page)
    assert 'href="position' not in page
    assert re.search(
        r'<dd><span class="chapter-to-come">.*</span>, <a [^>]*href="#">chapter 6, Many heads</a></dd>', page
    )


def test_formulas_are_drawn_with_mathml_beside_them(html):
    page = html("many-heads")
    assert page.count('class="katex-html"') == page.count("<math ") > 2
    assert not re.search("<script[^>]*mathjax", page, re.IGNORECASE)
    assert "\\\\" not in page  # no TeX is left, not even as an annotation
    assert "katex/katex.min.css" in page
    assert "katex" not in html("glossary")


def test_a_mistake_says_what_is_believed_and_where(html):
    card = re.search(r'<aside [^>]*class="mistake".*?</aside>', html("many-heads"), re.DOTALL)[0]
    assert plain(card).index("A head is a slice.") < plain(card).index("Found in: The document (000); many pages")
    assert "<em>slice</em>" in card


def test_without_scripts_every_explanation_is_folded_text(html):
    page = html("many-heads")
    quiz = page[page.index('class="quiz"') : page.index('class="sphinxsidebar"')]
    assert quiz.count('data-kind="single"') == 2
    assert quiz.count('data-kind="several"') == quiz.count('data-kind="number"') == 1
    assert 'data-answer="0.5"' in quiz
    assert 'data-tolerance="0.01"' in quiz
    for why in ("By counting.", "One too many.", "you turned it over.", "One divided by two."):
        assert re.search(rf"<details[^>]*quiz-why[^>]*>(?:(?!</details>).)*{why}", quiz, re.DOTALL), why
    assert "<input" not in quiz


def test_an_entry_of_the_glossary_links_to_its_first_use_and_to_claims(build, tmp_path):
    index = INDEX.replace("glossary\n", "glossary\nclaims\n")
    result = build(index__md=index, claims__md="# Claims\n\n(C01)=\nC01\n")
    assert result.returncode == 0, result.stderr
    glossary = (tmp_path / "site" / "glossary.html").read_text(encoding="utf-8")
    page = (tmp_path / "site" / "many-heads.html").read_text(encoding="utf-8")
    assert "First used in 6 Many heads · Claims C01" in plain(glossary)
    assert 'href="claims.html#C01"' in glossary
    anchors = re.findall(r'href="many-heads.html#(term-[a-z-]+)"', glossary)
    assert anchors == ["term-dot-product", "term-key"]
    assert all(f'id="{anchor}"' in page for anchor in anchors)
    assert "Nobody says it. First" not in plain(glossary)


MISTAKES = [
    (":minutes: 12\n", "", "abilities needs the option minutes"),
    ("1. count *heads*;\n2. say $h$.", "count", "needs a numbered list"),
    (":needs: position", ":needs: nowhere", "there is no chapter 'nowhere'"),
    ("{chapter}`position`", "{chapter}`elsewhere`", "there is no chapter 'elsewhere'"),
    (':document: "000"\n:source: many pages\n', "", "a mistake names where it is found"),
    (':document: "000"', ':document: "999"', "there is no document '999'"),
    (":::{answer}\nEight.\n:::\n", "", "exercise 1 has no {answer}"),
    (f"{QUESTION}\n::::\n", "::::\n", "four to six questions, this one has 3"),
    ("  One too many.\n", "\n", "the choice “Five” is not explained"),
    ("- [x] Four", "- [ ] Four", "at least two choices, `- [x]` and `- [ ]`, and a right one"),
    ("One divided by two.\n", "", "does not explain its number"),
    ("- 2: you turned it over.", "- 2: ", "has a wrong number without an explanation"),
    ("say $h$", r"say $\frac{h$", "the formula “\\frac{h”: Unexpected end of input"),
    ("a &= b", r"a &= \nothing", "Undefined control sequence: \\nothing"),
    ("## A section\n", "## A section\n\n:::{figure-caption} fig-x\nNo.\n:::\n", "has no figure or table"),
    ("## A section\n", "## A section\n\n:::{notebook} 99-nothing\n:::\n", "no assignment '99-nothing'"),
]


def test_a_mistake_of_the_author_fails_the_build_with_its_place_and_a_sentence(build_sphinx, conf):
    """One build of many pages, each with another mistake."""
    pages = {"index.md": "# Index\n```{toctree}\n:glob:\n*\n```\n", "glossary.md": GLOSSARY, "picture.svg": SVG}
    for i, (old, new, _) in enumerate(MISTAKES):
        assert old in PAGE
        pages[f"page{i}.md"] = re.sub(r"\b(fig-flow|eq-sum|many-heads\)=)", rf"p{i}\1", PAGE.replace(old, new))
    result = build_sphinx(pages, conf)
    assert result.returncode != 0
    blocks = re.split(r"(?m)^(?=\S*\.md:?\d*: )", result.stderr)
    for i, (_, _, message) in enumerate(MISTAKES):
        assert any(f"page{i}.md:" in block and message in block for block in blocks), (message, result.stderr)


def cell(*outputs: str) -> dict:
    shown = [{"output_type": "display_data", "metadata": {}, "data": {"text/html": html}} for html in outputs]
    return {"cell_type": "code", "metadata": {}, "execution_count": 1, "source": "draw()", "outputs": shown}


def notebook(*cells: dict | str) -> str:
    made = [{"cell_type": "markdown", "metadata": {}, "source": c} if isinstance(c, str) else c for c in cells]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python", "language": "python"}}
    language = {"language_info": {"name": "python", "pygments_lexer": "ipython3"}}
    return json.dumps({"cells": made, "metadata": kernel | language, "nbformat": 4, "nbformat_minor": 4})


FIGURE, TABLE = '<div class="book-figure">drawn</div>', '<div class="book-table"><table></table></div>'
CARD = '<aside data-claim="C01" class="claim-card"></aside>'


@pytest.fixture
def build_notebook(build_sphinx, conf) -> Callable[..., object]:
    """Builds a book whose chapter 6 is a notebook of these cells."""

    def build(*cells: dict | str):
        index = "# Index\n```{toctree}\nmany-heads\n```\n"
        return build_sphinx({"index.md": index, "many-heads.ipynb": notebook("# Many heads", *cells)}, conf)

    return build


def test_captions_go_to_what_the_cell_shows_in_its_order(build_notebook, tmp_path):
    captions = (
        ":::{figure-caption} fig-one\nThe *first*.\n:::\n\n:::{table-caption} tab-one\nThe table.\n:::\n\n"
        ":::{figure-caption} fig-two\nThe second.\n:::\n\nSee {numref}`fig-two` and {numref}`tab-one`."
    )
    result = build_notebook(cell(FIGURE, TABLE, CARD, FIGURE.replace("drawn", "again")), captions)
    assert result.returncode == 0, result.stderr
    page = (tmp_path / "site" / "many-heads.html").read_text(encoding="utf-8")
    text = plain(page)
    order = ["drawn", "Figure 6.1", "The first.", "Table 6.1", "The table.", "again", "Figure 6.2", "The second."]
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    assert "See Figure 6.2 and Table 6.1." in text
    assert page.index("The table.") < page.index("<table>")  # a table's caption stands above it


def test_a_figure_without_a_caption_fails_the_build(build_notebook):
    result = build_notebook(cell(FIGURE), "Text.")
    assert result.returncode != 0
    assert "has no caption: write {figure-caption} NAME below the cell" in result.stderr


def test_links_to_notebooks_come_from_the_settings(build, tmp_path):
    part = ("## A section\n", "## A section\n\n:::{notebook} 02-self-attention\n:::\n")
    result = build(part)
    assert result.returncode == 0, result.stderr
    page = (tmp_path / "site" / "many-heads.html").read_text(encoding="utf-8")
    row = page[page.index('class="notebooks"') :]
    assert "Colab" not in row
    assert "Binder" not in row
    for link in re.findall(r'href="(_notebooks/[^"]+)"', row):
        assert (tmp_path / "site" / link).stat().st_size > 1000
    settings = "notebook_colab = 'https://example.org/{path}'\n"
    assert build(part, settings=settings).returncode == 0
    page = (tmp_path / "site" / "many-heads.html").read_text(encoding="utf-8")
    assert 'href="https://example.org/exercises/02-self-attention/self-attention.ipynb"' in page
    assert "Binder" not in page[page.index('class="notebooks"') :]


def test_punctuation_stays_with_its_formula(build, tmp_path):
    result = build(("See {numref}", "Both ($a$, $b$) and $c$. See {numref}"))
    assert result.returncode == 0, result.stderr
    page = (tmp_path / "site" / "many-heads.html").read_text(encoding="utf-8")
    assert '<span class="math-word">(<span class="math' in page
    for mark in (",", ")", "."):  # right after the formula, inside what may not be broken
        assert re.search(rf"</span></span>\{mark}</span>", page), mark
    assert "Both (" in plain(page)
