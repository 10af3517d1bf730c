"""`{exercise}` and, inside it, `{answer}`: a task with a number, and its folded answer."""

from typing import Any, ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from book_tools.page.markup import blocks, element, inline, make, text
from book_tools.page.words import words

COUNTER = "page_exercises"


class Exercise(SphinxDirective):
    """`{exercise} A title`, its content, and `{answer}` within. The number counts through the page."""

    optional_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        """A box with the anchor `exercise-NUMBER`."""
        self.assert_has_content()
        number = self.env.temp_data[COUNTER] = self.env.temp_data.get(COUNTER, 0) + 1
        title = inline(self, self.arguments[0]) if self.arguments else []
        label = f"{words(self.config)['exercise']} {number}" + (". " if title else "")
        head = make("p", text("span", label, class_="exercise-number"), *title, classes="exercise-head")
        found = blocks(self)
        if not any(isinstance(node, element) and "exercise-answer" in node["classes"] for node in found):
            raise self.error(f"exercise {number} has no {{answer}} inside it")
        return [make("section", head, *found, classes="exercise", ids=(f"exercise-{number}",))]


class Answer(SphinxDirective):
    """`{answer}`: folded, and written out in print."""

    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        """A fold that needs no script."""
        self.assert_has_content()
        summary = text("summary", words(self.config)["answer"])
        return [make("details", summary, *blocks(self), classes="exercise-answer")]


def setup(app: Sphinx) -> None:
    """Registers both directives."""
    app.add_directive("exercise", Exercise)
    app.add_directive("answer", Answer)
