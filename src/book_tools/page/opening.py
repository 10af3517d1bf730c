"""`{abilities}`: what a reader will be able to do, how long it takes, and what to read first."""

from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from book_tools.page.chapters import link_to
from book_tools.page.markup import blocks, inline, make, text
from book_tools.page.words import words


class Abilities(SphinxDirective):
    """`{abilities}` with a numbered list. Options: `minutes`, `needs` (names of chapters), `know` (one line)."""

    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {
        "minutes": directives.positive_int,
        "needs": directives.unchanged,
        "know": directives.unchanged,
    }

    def run(self) -> list[nodes.Node]:
        """A box: heading, minutes, the numbered list, prerequisites."""
        self.assert_has_content()
        missing = {"minutes", "needs"} - set(self.options)
        if missing:
            raise self.error(f"abilities needs the option {', '.join(sorted(missing))}")
        say = words(self.config)
        found = blocks(self)
        if not any(isinstance(node, nodes.enumerated_list) for node in found):
            raise self.error("abilities needs a numbered list: 1. … 2. …")
        head = make(
            "p",
            text("span", say["abilities"], class_="abilities-title"),
            text("span", say["minutes"].format(minutes=self.options["minutes"]), class_="abilities-minutes"),
            classes="abilities-head",
        )
        return [make("div", head, *found, make("dl", *self._before(say)), classes="abilities")]

    def _before(self, say: dict[str, str]) -> list[nodes.Node]:
        links: list[nodes.Node] = []
        for name in self.options["needs"].replace(",", " ").split():
            links += [nodes.Text(", "), link_to(self, name)] if links else [link_to(self, name)]
        rows = [(say["needs"], links or [nodes.Text(say["none"])])]
        if self.options.get("know"):
            rows.append((say["know"], inline(self, self.options["know"])))
        return [part for name, value in rows for part in (text("dt", name), make("dd", *value))]


def setup(app: Sphinx) -> None:
    """Registers the directive."""
    app.add_directive("abilities", Abilities)
