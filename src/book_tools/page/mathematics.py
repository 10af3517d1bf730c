"""Mathematics drawn when the book is built: KaTeX, run by V8 inside this process, writes HTML and MathML.

No page loads a script for its formulas, and no Node is needed. Screen readers read the MathML, everybody else sees the
HTML; style and fonts stand beside the pages. A formula with an error is a warning with file and line, which fails the
strict build. KaTeX lies in `katex/` under its own (MIT) licence; its README says how to bring in another version.
"""

import json
import re
import shutil
from functools import cache, lru_cache
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from py_mini_racer import JSEvalException, MiniRacer
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

logger = logging.getLogger(__name__)
HERE = Path(__file__).parent / "katex"
STYLE = "katex/katex.min.css"
ALIGNED = re.compile(r"(?<!\\)\\\\|(?<!\\)&")

OPENING, CLOSING = re.compile(r"[(\[“‘]*$"), re.compile(r"[)\]”’,.;:?!–，。、；：-]*")


class FormulaError(ValueError):
    """KaTeX does not understand a formula; the message is KaTeX's."""


@cache
def _engine() -> MiniRacer:
    engine = MiniRacer()
    engine.eval((HERE / "katex.min.js").read_text(encoding="utf-8"))
    return engine


@lru_cache(maxsize=4096)
def draw(formula: str, *, display: bool = False) -> str:
    """A formula in TeX as HTML with MathML beside it. Raises FormulaError where KaTeX does not understand it."""
    options = {"displayMode": display, "output": "htmlAndMathml", "throwOnError": True, "strict": "ignore"}
    try:
        html = _engine().eval(f"katex.renderToString({json.dumps(formula)}, {json.dumps(options)})")
    except JSEvalException as error:
        reason = re.search(r"KaTeX parse error: (.*)", str(error))
        raise FormulaError(reason[1] if reason else str(error).splitlines()[0]) from error
    # The TeX source inside the MathML would be read aloud by some screen readers and found by the search.
    return re.sub(r'<annotation encoding="application/x-tex">.*?</annotation>', "", html, flags=re.DOTALL)


def _drawn(translator: Any, node: nodes.math | nodes.math_block, formula: str, *, display: bool) -> str:
    try:
        return draw(formula, display=display)
    except FormulaError as error:
        place = node
        while place.line is None and place.parent is not None:
            place = place.parent
        logger.warning("the formula “%s”: %s", formula.strip(), error, location=place, type="math")
        return f"<code>{escape(formula)}</code>"


def visit_math(translator: Any, node: nodes.math) -> None:
    """An inline formula."""
    translator.body.append(translator.starttag(node, "span", "", CLASS="math"))
    translator.body.append(_drawn(translator, node, node.astext(), display=False) + "</span>")
    raise nodes.SkipNode


def keep_together(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Brackets and punctuation that touch an inline formula stay on its line, as with a word."""
    for formula in list(doctree.findall(nodes.math)):
        parent, at = formula.parent, formula.parent.index(formula)
        before = parent[at - 1] if at and isinstance(parent[at - 1], nodes.Text) else nodes.Text("")
        after = parent[at + 1] if at + 1 < len(parent) and isinstance(parent[at + 1], nodes.Text) else nodes.Text("")
        opening, closing = OPENING.search(before)[0], CLOSING.match(after)[0]
        if opening or closing:
            parts = (nodes.Text(opening), formula.deepcopy(), nodes.Text(closing))
            together = nodes.inline("", "", *parts, classes=["math-word"])
            parent.replace(formula, together)
            if opening:
                parent.replace(before, nodes.Text(before[: -len(opening)]))
            if closing:
                parent.replace(after, nodes.Text(after[len(closing) :]))


def visit_displaymath(translator: Any, node: nodes.math_block) -> None:
    """A formula on a line of its own, with its number where it has a label; it scrolls where it is too wide."""
    formula = node.astext().strip()
    if not node.get("nowrap", node.get("no-wrap")) and ALIGNED.search(formula) and r"\begin" not in formula:
        formula = rf"\begin{{aligned}}{formula}\end{{aligned}}"
    translator.body.append(translator.starttag(node, "div", "", CLASS="math display"))
    translator.body.append('<div class="math-scroll" tabindex="-1">')
    translator.body.append(_drawn(translator, node, formula, display=True) + "</div>")
    if node["number"]:
        number = get_node_equation_number(translator, node)
        translator.body.append(f'<span class="eqno">({number})')
        translator.add_permalink_ref(node, "Link to this equation")
        translator.body.append("</span>")
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def choose(app: Sphinx, config: Config) -> None:
    """Makes this the renderer, and numbers equations within their chapter."""
    config.html_math_renderer = "katex"
    config.math_numfig = True


def copy(app: Sphinx, exception: Exception | None) -> None:
    """Puts the style and the fonts beside the pages."""
    if exception is None and app.builder.format == "html":
        target = Path(app.outdir) / "_static" / "katex"
        shutil.copytree(HERE, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.js", "*.md"))


def link_style(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Only pages with formulas load their style."""
    if doctree and next(doctree.findall(lambda node: isinstance(node, nodes.math | nodes.math_block)), None):
        app.add_css_file(STYLE)


def setup(app: Sphinx) -> None:
    """Registers the renderer and the events. After jupyter-book's own settings, which it writes at `config-inited`."""
    app.add_html_math_renderer("katex", (visit_math, None), (visit_displaymath, None))
    app.connect("config-inited", choose, priority=900)
    app.connect("doctree-resolved", keep_together)
    app.connect("html-page-context", link_style)
    app.connect("build-finished", copy)
