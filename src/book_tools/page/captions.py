"""`{figure-caption}` and `{table-caption}`: number and caption for what the code cell above shows.

Written right below the cell, one directive for each figure or table that it shows, in their order. A figure or table
of a numbered chapter that has no caption is a warning, which fails the strict build.
"""

from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from book_tools import ledger
from book_tools.page.markup import blocks

logger = logging.getLogger(__name__)
TABLE_MARK = 'class="book-table'
FIGURE_MARKS = ('class="book-figure', 'class="interactive-figure', 'class="architecture')
KEPT_APART = "data-claim"  # a card of the ledger is no figure


class tablefigure(nodes.General, nodes.Element):  # noqa: N801  docutils names nodes like this
    """A table of a code cell with its caption; numbered with the tables."""


class Caption(SphinxDirective):
    """`{figure-caption} fig-NAME` with the caption as content; refer to it by `` {numref}`fig-NAME` ``."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {"class": directives.class_option}

    def run(self) -> list[nodes.Node]:
        """A figure that has its caption and waits for its picture."""
        self.assert_has_content()
        kind = tablefigure if self.name == "table-caption" else nodes.figure
        found = blocks(self)
        if not found or not isinstance(found[0], nodes.paragraph):
            raise self.error("a caption begins with a paragraph")
        first, *more = found
        figure = kind("", nodes.caption(first.rawsource, "", *first.children), *more, waits=self.name)
        figure["classes"] += self.options.get("class", [])
        self.set_source_info(figure)
        figure[0]["ids"].append(f"{nodes.make_id(self.arguments[0])}-caption")
        figure["names"].append(nodes.fully_normalize_name(self.arguments[0]))
        self.state.document.note_explicit_target(figure, figure)
        return [figure]


def shown_by(cell: nodes.Element) -> list[tuple[nodes.Element, str]]:
    """The figures and tables that a code cell shows, in order, each with the directive that captions it."""
    found = []
    for bundle in cell.findall(
        lambda node: isinstance(node, nodes.Element) and node.get("nb_element") == "mime_bundle"
    ):
        html = "".join(raw.astext() for raw in bundle.findall(nodes.raw) if raw.get("format") == "html")
        if TABLE_MARK in html and not isinstance(bundle.parent, nodes.figure | tablefigure):
            found.append((bundle, "table-caption"))
        elif html and KEPT_APART not in html and any(mark in html for mark in FIGURE_MARKS):
            found.append((bundle, "figure-caption"))
    return found


def _is_cell(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Element) and node.get("nb_element") == "cell_code"


class PutCaptions(SphinxTransform):
    """Moves every caption to the figure or table that it belongs to, inside the cell's output."""

    default_priority = 500

    def apply(self, **kwargs: Any) -> None:
        """Works cell by cell."""
        for cell in list(self.document.findall(_is_cell)):
            captions = []
            for sibling in cell.parent[cell.parent.index(cell) + 1 :]:
                if not (isinstance(sibling, nodes.Element) and sibling.get("waits")):
                    break
                captions.append(sibling)
            self._pair(shown_by(cell), captions)
        for left in self.document.findall(lambda node: isinstance(node, nodes.Element) and node.get("waits")):
            message = "This %s has no figure or table: it belongs right below a code cell that shows one, in its order."
            logger.warning(message, left["waits"], location=left, type="captions")

    def _pair(self, shown: list[tuple[nodes.Element, str]], captions: list[nodes.Element]) -> None:
        for bundle, kind in shown:
            caption = next((c for c in captions if c["waits"] == kind), None)
            if caption is None:
                chapter = ledger.load().chapters.get(self.env.docname)
                if chapter and chapter.number:
                    message = "A figure or table of this cell has no caption: write {%s} NAME below the cell."
                    logger.warning(message, kind, location=bundle, type="captions")
                continue
            captions.remove(caption)
            caption.parent.remove(caption)
            del caption["waits"]
            bundle.replace_self(caption)
            # A table's caption stands above it, a figure's below.
            caption.insert(1 if kind == "table-caption" else 0, bundle)


def _visit(translator: Any, node: tablefigure) -> None:
    caption = node[0]["ids"][0]
    translator.body.append(translator.starttag(node, "figure", CLASS="table-figure", **{"aria-labelledby": caption}))


def _depart(translator: Any, node: tablefigure) -> None:
    translator.body.append("</figure>\n")


def setup(app: Sphinx) -> None:
    """Registers the directives, the node and the transform."""
    app.add_enumerable_node(tablefigure, "table", html=(_visit, _depart))
    app.add_directive("figure-caption", Caption)
    app.add_directive("table-caption", Caption)
    app.add_transform(PutCaptions)
