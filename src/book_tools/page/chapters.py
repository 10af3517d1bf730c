"""The chapters by number: `book/claims.yml` names all of them, and a page keeps its number while others are missing.

The role `{chapter}` and prerequisites link to a chapter where it exists and name it where it is still to come.
"""

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.environment.collectors.toctree import TocTreeCollector
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole

from book_tools import ledger
from book_tools.page.words import words

logger = logging.getLogger(__name__)
DEPTH = 2  # chapters and their sections have numbers, what is below has none


class chapter_link(nodes.Inline, nodes.Element):  # noqa: N801  docutils names nodes like this
    """Stands for a link to a chapter until it is known which pages there are."""


def link_to(directive: SphinxDirective | SphinxRole, name: str) -> nodes.Element:
    """A link to the chapter of that name. One that the record of claims does not list is a warning."""
    known = ledger.load().chapters
    if name not in known:
        message = "there is no chapter %r; book/claims.yml lists %s"
        logger.warning(message, name, ", ".join(known), location=directive.get_location(), type="chapters")
        return nodes.literal("", name)
    return chapter_link(name=name)


class ChapterRole(SphinxRole):
    """`` {chapter}`position` ``: the chapter's number and title, linked where the chapter is in the book."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """One link."""
        return [link_to(self, self.text)], []


def resolve(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Puts the links in, now that every page has been read."""
    say = words(app.config)
    for link in list(doctree.findall(chapter_link)):
        chapter = ledger.load().chapters[link["name"]]
        label = f"{say['chapter']} {chapter.number}, {chapter.title}" if chapter.number else chapter.title
        if chapter.name in app.env.found_docs:
            uri = app.builder.get_relative_uri(docname, chapter.name)
            link.replace_self(nodes.reference("", label, refuri=uri, internal=True))
        else:
            link.replace_self(nodes.inline("", f"{label} ({say['to_come']})", classes=["chapter-to-come"]))


def assign_numbers(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Gives every chapter and section its number, then every figure, table and equation one within its chapter."""
    for chapter in ledger.load().chapters.values():
        if chapter.number and chapter.name in env.tocs:
            numbers: dict[str, tuple[int, ...]] = {}
            _walk(env.tocs[chapter.name], (), chapter.number, numbers)
            env.toc_secnumbers[chapter.name] = numbers
            env.titles[chapter.name]["secnumber"] = (chapter.number,)
    return TocTreeCollector().assign_figure_numbers(env)


def _walk(contents: nodes.Node, above: tuple[int, ...], first: int, numbers: dict[str, tuple[int, ...]]) -> None:
    for number, item in enumerate((n for n in contents.children if isinstance(n, nodes.list_item)), start=first):
        here = (*above, number)
        for part in item.children:
            if isinstance(part, addnodes.compact_paragraph):
                reference = part[0]
                reference["secnumber"] = here if len(here) <= DEPTH else None
                numbers[reference["anchorname"]] = reference["secnumber"]
            elif isinstance(part, nodes.bullet_list):
                _walk(part, here, 1, numbers)


def setup(app: Sphinx) -> None:
    """Registers the role and the events. The numbers come after Sphinx's own, which they replace."""
    app.add_node(chapter_link)
    app.add_role("chapter", ChapterRole())
    app.connect("doctree-resolved", resolve)
    app.connect("env-get-updated", assign_numbers, priority=900)
