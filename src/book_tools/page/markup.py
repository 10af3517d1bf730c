"""What several parts of a page need: nodes that become one HTML element, and inline Markdown from an option."""

from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class element(nodes.General, nodes.TextElement):  # noqa: N801  docutils names nodes like this
    """One HTML element with attributes. A text element, because docutils allows links in those only."""


def make(tag: str, *children: nodes.Node, classes: str = "", ids: tuple[str, ...] = (), **attributes: str) -> element:
    """An HTML element with children. An attribute's underscores become hyphens: `data_key` is `data-key`."""
    names = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
    return element("", "", *children, tag=tag, attributes=names, classes=classes.split(), ids=list(ids))


def text(tag: str, content: str, **attributes: str) -> element:
    """An HTML element that holds plain text."""
    return make(tag, nodes.Text(content), **attributes)


def inline(directive: SphinxDirective, source: str) -> list[nodes.Node]:
    """One line of Markdown as inline nodes: emphasis, formulas, roles and links work."""
    found = parse(directive, StringList([source], directive.get_source_info()[0]))
    return found[0].children if len(found) == 1 and isinstance(found[0], nodes.paragraph) else found


def blocks(directive: SphinxDirective) -> list[nodes.Node]:
    """The directive's content as block nodes."""
    return parse(directive, directive.content)


def parse(directive: SphinxDirective, content: StringList) -> list[nodes.Node]:
    """Lines of Markdown as block nodes."""
    box = nodes.Element()
    directive.state.nested_parse(content, directive.content_offset, box)
    return box.children


def _visit(translator: Any, node: element) -> None:
    translator.body.append(translator.starttag(node, node["tag"], "", **node["attributes"]))


def _depart(translator: Any, node: element) -> None:
    translator.body.append(f"</{node['tag']}>")


def _only_its_text(translator: Any, node: element) -> None:
    """Other builders (search, PDF, plain text) write the children alone."""


def setup(app: Sphinx) -> None:
    """Registers the node."""
    app.add_node(
        element,
        html=(_visit, _depart),
        latex=(_only_its_text, _only_its_text),
        text=(_only_its_text, _only_its_text),
    )
