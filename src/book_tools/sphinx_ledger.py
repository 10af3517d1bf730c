"""Sphinx extension: collects the cards of `book_tools.ledger.decide` from all chapters into the ledger page.

`{claims-ledger}` takes one argument: `summary`, a document's number (`000`), or `planned`. A claim whose chapter is
written but which no executed cell decides is a warning, and so is one decided twice: both fail the strict build.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser
from typing import Any, ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from book_tools import ledger
from book_tools.ledger import Claim, Verdict, typeset

logger = logging.getLogger(__name__)
LEDGER_PAGE = "claims"


@dataclass(frozen=True)
class Evidence:
    """A card met in a page: what it says and where it stands."""

    claim_id: str
    verdict: str
    evidence: str
    page: str
    section: str


class Placeholder(nodes.General, nodes.Element):
    """Stands for a part of the ledger until every page has been read."""


class ClaimsLedger(SphinxDirective):
    """`{claims-ledger} PART`, where PART is `summary`, a document's number, or `planned`."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        """Leaves a placeholder; the page is read again whenever the record of claims changes."""
        self.env.note_dependency(str(ledger.CLAIMS_FILE))
        part = self.arguments[0]
        documents = ledger.load().documents
        if part not in ("summary", "planned", *documents):
            raise self.error(f"claims-ledger knows summary, planned, {', '.join(documents)}, not {part!r}")
        return [Placeholder(part=part)]


class _CardParser(HTMLParser):
    """Finds the attributes of the cards in a piece of HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.cards: list[dict[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if "data-claim" in found:
            self.cards.append(found)


def _met(env: BuildEnvironment) -> dict[str, list[Evidence]]:
    if not hasattr(env, "claims_met"):
        env.claims_met = {}
    return env.claims_met


def collect(app: Sphinx, doctree: nodes.document) -> None:
    """Notes the cards of one page, and links each card's id to its row in the ledger."""
    page = app.env.docname
    found = []
    for raw in doctree.findall(nodes.raw):
        if raw.get("format") != "html" or "data-claim" not in raw.astext():
            continue
        parser = _CardParser()
        parser.feed(raw.astext())
        section = _section_title(raw)
        found += [
            Evidence(card["data-claim"], card["data-verdict"], card["data-evidence"], page, section)
            for card in parser.cards
        ]
        linked = raw.astext()
        for card in parser.cards:
            claim = card["data-claim"]
            link = f"{app.builder.get_relative_uri(page, LEDGER_PAGE)}#{claim}"
            linked = linked.replace(
                f'<span class="claim-id">{claim}</span>',
                f'<a class="claim-id" href="{link}" title="{claim} in the ledger">{claim}</a>',
            )
        raw.children = [nodes.Text(linked)]
        raw.rawsource = linked
    if found:
        _met(app.env)[page] = found


def _section_title(node: nodes.Node) -> str:
    while node is not None and not isinstance(node, nodes.section):
        node = node.parent
    if node is None:
        return ""
    # A formula in a heading as plain text: \\sqrt{d_k} becomes √d_k.
    title = "".join(_plain(part) if isinstance(part, nodes.math) else part.astext() for part in node[0].children)
    return title.strip()


def _plain(formula: nodes.math) -> str:
    return re.sub(r"[\\{}]", "", formula.astext().replace("\\sqrt", "√"))


def forget(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    """Drops what was noted of a page that is read again or is gone."""
    _met(env).pop(docname, None)


def merge(app: Sphinx, env: BuildEnvironment, docnames: list[str], other: BuildEnvironment) -> None:
    """Takes over what a parallel reader noted."""
    _met(env).update({page: found for page, found in _met(other).items() if page in docnames})


def rewrite_ledger(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """The ledger shows the other pages' evidence, so it is written anew in every build."""
    return [LEDGER_PAGE] if LEDGER_PAGE in env.found_docs else []


def check(app: Sphinx, env: BuildEnvironment) -> None:
    """Warns of claims that a written chapter leaves undecided, and of claims decided twice."""
    if LEDGER_PAGE not in env.found_docs:
        return
    places: dict[str, list[str]] = {}
    for evidence in _all(env):
        places.setdefault(evidence.claim_id, []).append(evidence.page)
    record = ledger.load()
    for claim_id in record.due():
        if claim_id not in places:
            chapter = record.claims[claim_id].chapter
            message = "%s is due in chapter %r, which does not decide it: call decide(%r, …) there."
            logger.warning(message, claim_id, chapter, claim_id, location=LEDGER_PAGE, type="claims")
    for claim_id, pages in places.items():
        if len(pages) > 1:
            message = "%s is decided %d times, in %s; the ledger shows one experiment for each claim."
            logger.warning(message, claim_id, len(pages), ", ".join(pages), location=pages[-1], type="claims")


def _all(env: BuildEnvironment) -> Iterator[Evidence]:
    for found in _met(env).values():
        yield from found


def fill(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Replaces the placeholders of one page by HTML, now that every page has been read."""
    placeholders = list(doctree.findall(Placeholder))
    if not placeholders:
        return
    record = ledger.load()
    met = {evidence.claim_id: evidence for evidence in _all(app.env)}
    for placeholder in placeholders:
        part = placeholder["part"]
        if part == "summary":
            html = summary(record, met)
        elif part == "planned":
            html = planned(record, met)
        else:
            claims = [claim for claim in record.claims.values() if claim.document == part and claim.id in met]
            links = [app.builder.get_relative_uri(docname, met[claim.id].page) for claim in claims]
            rows = (row(claim, met[claim.id], link) for claim, link in zip(claims, links, strict=True))
            html = "".join(rows) or '<p class="claims-none">None of its claims is treated yet.</p>'
        placeholder.replace_self(nodes.raw("", html, format="html"))


def summary(record: ledger.Ledger, met: dict[str, Evidence]) -> str:
    """How many claims are decided and how, and a chip for each of them all."""
    counts = [
        f'<li class="{verdict.slug}"><b>{sum(e.verdict == verdict.value for e in met.values())}</b> '
        f'<span aria-hidden="true">{verdict.mark}</span> {verdict.value}</li>'
        for verdict in Verdict
    ]
    waiting = len(record.claims) - len(met)
    counts.append(f'<li class="verdict-none"><b>{waiting}</b> <span aria-hidden="true">·</span> chapter to come</li>')
    chips = []
    for _, claim in sorted(record.claims.items()):
        shown = Verdict(met[claim.id].verdict) if claim.id in met else None
        name, slug, mark = (shown.value, shown.slug, shown.mark) if shown else ("chapter to come", "verdict-none", "·")
        chips.append(
            f'<a class="claim-chip {slug}" href="#{claim.id}" title="{escape(claim.en)}">'
            f'{claim.id} <span aria-hidden="true">{mark}</span><span class="visually-hidden"> {name}</span></a>'
        )
    return f'<ul class="claim-counts">{"".join(counts)}</ul><div class="claim-chips">{"".join(chips)}</div>'


def row(claim: Claim, evidence: Evidence, uri: str) -> str:
    """One decided claim: both languages, the verdict, the evidence, and where it was measured."""
    verdict = Verdict(evidence.verdict)
    label = "Condition" if verdict is Verdict.CONDITION else "Instead"
    correct = f"<dt>{label}</dt><dd>{typeset(claim.correct)}</dd>" if claim.correct else ""
    chapters = ledger.load().chapters
    chapter = chapters[evidence.page].title if evidence.page in chapters else chapters[claim.chapter].title
    place = chapter if evidence.section in ("", chapter) else f"{chapter}, “{evidence.section}”"
    return (
        f'<article class="claim-row {verdict.slug}" id="{claim.id}" aria-label="Claim {claim.id}">'
        f'<p class="claim-head"><span class="claim-id">{claim.id}</span> '
        f'<span class="claim-verdict"><span aria-hidden="true">{verdict.mark}</span> {verdict.value}</span></p>'
        f'<p class="claim-en">{typeset(claim.en)}</p><p class="claim-zh" lang="zh">{typeset(claim.zh)}</p>'
        f"<dl><dt>Measured</dt><dd>{typeset(evidence.evidence)}</dd>{correct}"
        f'<dt>Where</dt><dd><a href="{uri}#claim-{claim.id}">{escape(place)}</a></dd></dl></article>'
    )


def planned(record: ledger.Ledger, met: dict[str, Evidence]) -> str:
    """The claims not decided yet, under the chapters that will treat them. No verdict is shown before a measurement."""
    parts = []
    for chapter in record.chapters.values():
        claims = [c for c in record.claims.values() if c.chapter == chapter.name and c.id not in met]
        if claims:
            rows = "".join(
                f'<li id="{c.id}"><span class="claim-id">{c.id}</span><div><p class="claim-en">{typeset(c.en)}</p>'
                f'<p class="claim-zh" lang="zh">{typeset(c.zh)}</p></div></li>'
                for c in claims
            )
            title = escape(f"{chapter.number} {chapter.title}" if chapter.number else chapter.title)
            parts.append(f'<p class="claims-chapter">{title}</p><ul class="claims-planned">{rows}</ul>')
    return "".join(parts)


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the directive and the events."""
    app.add_node(Placeholder)
    app.add_directive("claims-ledger", ClaimsLedger)
    app.connect("doctree-read", collect)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
    app.connect("env-updated", rewrite_ledger)
    app.connect("env-check-consistency", check)
    app.connect("doctree-resolved", fill)
    return {"version": "1", "env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}
