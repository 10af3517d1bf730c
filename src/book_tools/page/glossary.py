"""Every entry of the glossary links to its first use in the book and to the claims that speak of it, both computed.

The first use is the first `{term}` role in the order of the chapters' numbers. A claim speaks of an entry if its
English or Chinese text holds the entry's English name or the Chinese one that begins its definition; where two
entries' names overlap in a claim, the longer one counts.
"""

import re
from collections.abc import Iterable

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from book_tools import ledger
from book_tools.page.words import words

PAGE, LEDGER = "glossary", "claims"
CHINESE = re.compile(r"^[\u4e00-\u9fff、（）]+")


def used(env: BuildEnvironment) -> dict[str, dict[str, str]]:
    """For each page the terms it uses, each with the anchor of its first use there."""
    if not hasattr(env, "page_terms"):
        env.page_terms = {}
    return env.page_terms


def note(app: Sphinx, doctree: nodes.document) -> None:
    """Marks the first use of each term on a page with an anchor."""
    page = app.env.docname
    if page == PAGE:
        return
    found: dict[str, str] = {}
    for reference in list(doctree.findall(addnodes.pending_xref)):
        term = reference.get("reftarget", "").lower()
        if reference.get("reftype") != "term" or term in found:
            continue
        anchor = f"term-{nodes.make_id(term)}"
        reference.parent.insert(reference.parent.index(reference), nodes.target("", "", ids=[anchor]))
        found[term] = anchor
    if found:
        used(app.env)[page] = found


def forget(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    """Drops what was noted of a page that is read again or is gone."""
    used(env).pop(docname, None)


def merge(app: Sphinx, env: BuildEnvironment, docnames: list[str], other: BuildEnvironment) -> None:
    """Takes over what a parallel reader noted."""
    used(env).update({page: found for page, found in used(other).items() if page in docnames})


def rewrite(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """The glossary shows what the other pages hold, so it is written anew in every build."""
    return [PAGE] if PAGE in env.found_docs else []


def first_uses(pages: dict[str, dict[str, str]], order: Iterable[str]) -> dict[str, tuple[str, str]]:
    """For each term the page and the anchor of its first use, where pages come in that order.

    >>> first_uses({"b": {"key": "x"}, "a": {"key": "y"}}, ["a", "b"])
    {'key': ('a', 'y')}
    """
    first: dict[str, tuple[str, str]] = {}
    for page in order:
        for term, anchor in pages.get(page, {}).items():
            first.setdefault(term, (page, anchor))
    return first


def claims_of(names: dict[str, list[str]], texts: dict[str, str]) -> dict[str, list[str]]:
    """For each entry the ids of the texts that hold one of its names, where no longer name covers that place.

    >>> claims_of({"attention": ["attention"], "self-attention": ["self-attention"]}, {"C1": "Self-attention is …"})
    {'attention': [], 'self-attention': ['C1']}
    """
    found: dict[str, list[str]] = {entry: [] for entry in names}
    owner = {name.lower(): entry for entry, listed in names.items() for name in listed}
    longest_first = sorted(owner, key=len, reverse=True)
    pattern = re.compile("|".join(_whole(name) for name in longest_first))
    for claim, text in texts.items():
        for hit in dict.fromkeys(pattern.findall(text.lower())):
            entry = owner.get(hit) or owner.get(hit.removesuffix("s"))
            if entry and claim not in found[entry]:
                found[entry].append(claim)
    return found


def _whole(name: str) -> str:
    """A pattern for a whole English word, also in the plural, or for Chinese characters anywhere."""
    if CHINESE.match(name):
        return re.escape(name)
    return rf"(?<![a-z_-]){re.escape(name)}s?(?![a-z_-])"


def entries(doctree: nodes.document) -> list[tuple[nodes.definition_list_item, list[str]]]:
    """The glossary's entries, each with its names in English and Chinese."""
    found = []
    for item in doctree.findall(nodes.definition_list_item):
        english = [term.astext() for term in item.findall(nodes.term)]
        definition = next(item.findall(nodes.definition)).astext()
        chinese = CHINESE.match(definition)
        found.append((item, [*english, *(chinese[0].strip("（）").split("、") if chinese else [])]))
    return found


def fill(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Writes the links below each entry, now that every page has been read."""
    if docname != PAGE:
        return
    record, say, env = ledger.load(), words(app.config), app.env
    chapters = sorted(record.chapters.values(), key=lambda chapter: chapter.number)
    first = first_uses(used(env), [chapter.name for chapter in chapters])
    found = entries(doctree)
    texts = {claim.id: f"{claim.en} {claim.zh} {claim.correct}" for claim in record.claims.values()}
    spoken = claims_of({names[0]: names for _, names in found}, texts)
    for item, names in found:
        parts: list[nodes.Node] = []
        place = next((first[name.lower()] for name in names if name.lower() in first), None)
        if place:
            page, anchor = place
            title = f"{record.chapters[page].number} {record.chapters[page].title}"
            uri = f"{app.builder.get_relative_uri(docname, page)}#{anchor}"
            parts += [nodes.Text(f"{say['first_use']} "), nodes.reference("", title, refuri=uri, internal=True)]
        if spoken[names[0]] and LEDGER in env.found_docs:
            parts.append(nodes.Text(f"{' · ' if parts else ''}{say['claims']} "))
            for claim in spoken[names[0]]:
                uri = f"{app.builder.get_relative_uri(docname, LEDGER)}#{claim}"
                parts += [nodes.reference("", claim, refuri=uri, internal=True), nodes.Text(" ")]
        if parts:
            line = nodes.paragraph("", "", *parts, classes=["glossary-links"])
            next(item.findall(nodes.definition)).append(line)


def setup(app: Sphinx) -> None:
    """Registers the events."""
    app.connect("doctree-read", note)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
    app.connect("env-updated", rewrite)
    app.connect("doctree-resolved", fill)
