"""`{mistake}`: a belief that many pages hold, its source on the card, and what is right instead."""

from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from book_tools import ledger
from book_tools.page.markup import blocks, inline, make, text
from book_tools.page.words import words


class Mistake(SphinxDirective):
    """`{mistake} The belief.`; options `document` (a number such as "001") or `source` (one line), or both."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {"document": directives.unchanged, "source": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        """A card: its kind, the belief, its source, then the content."""
        self.assert_has_content()
        say, sources = words(self.config), []
        if number := self.options.get("document", "").strip("\"'"):
            documents = ledger.load().documents
            if number not in documents:
                raise self.error(f"there is no document {number!r}; claims.yml lists {', '.join(documents)}")
            sources.append([nodes.Text(f"{documents[number]['en']} ({number})")])
        if line := self.options.get("source"):
            sources.append(inline(self, line))
        if not sources:
            raise self.error("a mistake names where it is found: give the option `source` or `document`")
        found = [part for source in sources for part in (nodes.Text("; "), *source)][1:]
        return [
            make(
                "aside",
                text("p", say["mistake"], class_="mistake-kind"),
                make("p", *inline(self, self.arguments[0]), classes="mistake-belief"),
                make("p", nodes.Text(f"{say['source']}: "), *found, classes="mistake-source"),
                make("div", *blocks(self), classes="mistake-instead"),
                classes="mistake",
                aria_label=say["mistake"],
            )
        ]


def setup(app: Sphinx) -> None:
    """Registers the directive."""
    app.add_directive("mistake", Mistake)
