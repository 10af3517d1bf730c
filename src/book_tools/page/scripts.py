"""Scripts wait until the page stands: all but the few lines that others build on are deferred.

The theme loads its search, the whole index with it, in the head of every page; a phone then shows nothing until these
have been read.
"""

from pathlib import Path
from typing import Any

from jinja2 import DictLoader
from sphinx.application import Sphinx
from sphinx.builders.html._assets import _JavaScript

AT_ONCE = "documentation_options.js"  # the page's own inline scripts set its options
LAYOUT = "pydata_sphinx_theme/layout.html"


def defer_in_theme(app: Sphinx) -> None:
    """Defers the scripts of the search in the theme's own template, before any page is written."""
    import pydata_sphinx_theme

    layout = Path(pydata_sphinx_theme.__file__).parent / "theme" / LAYOUT
    templates = getattr(app.builder, "templates", None)
    if templates is not None and layout.exists():
        text = layout.read_text(encoding="utf-8").replace("<script src=", "<script defer src=")
        templates.loaders.insert(0, DictLoader({LAYOUT: text}))


def defer(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Defers every script that is a file of its own; the page of the search results is nothing without its scripts."""
    if page == "search":
        return
    context["script_files"] = [_deferred(script) for script in context.get("script_files", [])]


def _deferred(script: Any) -> Any:
    name = str(getattr(script, "filename", None) or "")
    if not name or AT_ONCE in name or not isinstance(script, _JavaScript):
        return script
    return _JavaScript(script.filename, priority=script.priority, **script.attributes | {"defer": "defer"})


def setup(app: Sphinx) -> None:
    """Registers the events; the second comes after everybody who adds scripts."""
    app.connect("builder-inited", defer_in_theme)
    app.connect("html-page-context", defer, priority=950)
