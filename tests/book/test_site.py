"""The built book in a real browser: it asks no other host, works as files, fits a phone, and its ledger is complete."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from contrast import CONTRAST

from book_tools import ledger

WRITTEN = [chapter for chapter in ledger.load().chapters.values() if chapter.written]


def as_read(text: str) -> str:
    """Without the marks of indices and exponents, which the page sets as such."""
    return re.sub(r"[_^\s]", "", text)


class _Links(HTMLParser):
    """The ids of a page and the addresses it points to, without comments and scripts' text."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.targets: list[str] = []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.ids.update(filter(None, (attributes.get("id"), attributes.get("name"))))
        self.targets += [attributes[name] for name in ("href", "src") if attributes.get(name)]


@pytest.fixture(scope="session")
def pages(site) -> dict[Path, _Links]:
    parsed = {}
    for path in sorted(site.glob("*.html")):
        parsed[path] = _Links()
        parsed[path].feed(path.read_text(encoding="utf-8"))
    assert {path.stem for path in parsed} >= {"index", "claims", "glossary", "notation", *(c.name for c in WRITTEN)}
    return parsed


def test_every_link_inside_the_book_leads_somewhere(site, pages):
    broken = []
    for path, links in pages.items():
        for target in links.targets:
            address = urlsplit(target)
            if address.scheme or address.netloc:
                continue
            page = path.parent / unquote(address.path) if address.path else path
            if not page.exists() or (
                address.fragment and page in pages and unquote(address.fragment) not in pages[page].ids
            ):
                broken.append(f"{path.name} -> {target}")
    assert not broken


@pytest.mark.browser
@pytest.mark.parametrize("served", [True, False], ids=["served", "opened as a file"])
def test_no_page_asks_another_host_or_misses_a_file(site, pages, new_page, serve, requests_elsewhere, served):
    base = serve(site) if served else site.as_uri()
    page = new_page()
    failed, complaints = [], []
    page.on("requestfailed", lambda request: failed.append(request.url))
    page.on("response", lambda response: failed.append(response.url) if response.status >= 400 else None)
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    for path in pages:
        # Idle, so that the next page does not abort what this one still loads, which would count as failed.
        page.goto(f"{base}/{path.name}", wait_until="networkidle")
        page.wait_for_load_state("load")  # a busy machine may be idle on the network before it has read the page
        formulas = page.locator(".math").count()
        assert page.locator(".math .katex-html").count() == page.locator(".math math").count() == formulas, path.name
        if formulas:  # drawn with KaTeX's fonts, also on a page opened as a file
            assert page.evaluate("document.fonts.ready.then(() => document.fonts.check('16px KaTeX_Main'))"), path.name
        assert page.locator("script[src*=mathjax i], script[src*=fontawesome]").count() == 0, path.name
    assert requests_elsewhere == []
    assert failed == []
    assert complaints == []


@pytest.mark.browser
def test_search_works_on_files(site, page):
    page.goto(f"{site.as_uri()}/search.html?q=softmax")
    page.wait_for_selector("#search-results li a")
    assert page.locator("#search-results li a", has_text="Self-attention").count()


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_scrolls_sideways(site, pages, new_page, width):
    page = new_page(width=width)
    wide = []
    for path in pages:
        page.goto(path.as_uri())
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wide.append(path.name)
    assert wide == []


@pytest.mark.browser
def test_one_switch_shows_and_hides_all_code(site, page, serve):
    page.goto(f"{serve(site)}/{WRITTEN[0].name}.html")
    folds = page.locator(".cell details.hide")
    switch = page.get_by_role("button", name="Show all code")
    assert folds.count() > 5
    assert page.locator(".cell details.hide[open]").count() == 0
    switch.press("Enter")
    assert page.locator(".cell details.hide[open]").count() == folds.count()
    page.reload()  # and on the next page
    assert page.locator(".cell details.hide[open]").count() == folds.count()
    page.get_by_role("button", name="Hide all code").press("Enter")
    assert page.locator(".cell details.hide[open]").count() == 0


@pytest.mark.browser
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_ledger_is_legible(site, new_page, dark):
    page = new_page(dark=dark)
    page.goto(f"{site.as_uri()}/claims.html")
    assert page.locator("html").get_attribute("data-theme") == ("dark" if dark else "light")
    for selector in (".claim-verdict", ".claim-en", ".claim-zh", ".claim-row dd", ".claim-chip", ".claim-id"):
        for element in page.locator(selector).all()[:60]:
            assert element.evaluate(CONTRAST) >= 4.5, selector  # WCAG AA for text


@pytest.mark.browser
def test_every_claim_that_is_due_has_its_evidence_in_the_ledger(site, pages, page):
    record = ledger.load()
    page.goto(f"{site.as_uri()}/claims.html")
    ids_of = {path.stem: links.ids for path, links in pages.items()}
    for claim in record.due():
        row = page.locator(f"article#{claim}")
        assert row.count() == 1, claim
        text = row.inner_text()
        assert as_read(record.claims[claim].en) in as_read(text)
        assert as_read(record.claims[claim].zh) in as_read(text)
        assert record.claims[claim].verdict.value in row.locator(".claim-verdict").inner_text()
        assert re.search(r"\d", row.locator("dd").first.inner_text()), claim
        chapter, anchor = row.locator("dd a").get_attribute("href").split(".html#")
        assert anchor == f"claim-{claim}"
        assert anchor in ids_of[chapter]


@pytest.mark.parametrize("chapter", WRITTEN, ids=lambda chapter: chapter.name)
def test_a_chapter_has_its_number_and_every_figure_and_table_its_caption(site, chapter):
    page = (site / f"{chapter.name}.html").read_text(encoding="utf-8")
    assert f'<span class="section-number">{chapter.number}. </span>' in page
    shown = page.count('class="book-figure"') + page.count('class="interactive-figure"')
    tables = page.count('class="book-table"')
    numbers = re.findall(r'class="caption-number">(Figure|Table) (\d+)\.(\d+)', page)
    assert {int(number) for _, number, _ in numbers} == {chapter.number}
    for kind, least in (("Figure", shown), ("Table", tables)):
        counted = [int(count) for name, _, count in numbers if name == kind]
        assert counted == list(range(1, len(counted) + 1))
        assert len(counted) >= least


@pytest.mark.browser
def test_claims_without_a_chapter_are_listed_without_a_verdict(site, page):
    page.goto(f"{site.as_uri()}/claims.html")
    record = ledger.load()
    decided = {row.get_attribute("id") for row in page.locator("article.claim-row").all()}
    assert decided >= set(record.due())
    waiting = set(record.claims) - decided
    listed = {item.get_attribute("id") for item in page.locator(".claims-planned li").all()}
    assert listed == waiting
    assert page.locator(".claims-planned .claim-verdict").count() == 0
    assert page.locator("a.claim-chip").count() == len(record.claims)
