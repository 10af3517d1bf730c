"""What every figure shares: its script on the kit, shown by anywidget beside a kernel, by the kit itself without one.

A figure keeps anywidget's contract, `render({ model, el })`. In a notebook anywidget gives it a model that is synced
with Python; on a static page the kit, loaded once a page, gives it one that holds the state written into the page.
"""

import json
import os
from string import Template

import anywidget

from book_tools.figures import bundles

STATIC_PAGE = "BOOK_STATIC_PAGE"  # the environment variable that says: this output goes on a page without a kernel

# The fallback stands in the page's own markup: it is what prints, what a reader without scripts sees, and what a
# search engine reads. The kit hides it once the figure is drawn.
PAGE = Template("""\
<div class="interactive-figure" data-figure="$name">
<div class="interactive-figure-fallback">$fallback</div>
<script type="application/json" class="interactive-figure-data">$data</script>
</div>""")


def on_static_page() -> bool:
    """Whether figures are being made for a page without a kernel (`book_tools.figures.sphinx` says so)."""
    return os.environ.get(STATIC_PAGE) == "1"


def script_json(value: object) -> str:
    """`value` as JSON that no HTML parser mistakes for markup, whatever text it holds."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


class Figure(anywidget.AnyWidget):
    """An interactive figure. A subclass gives `_state` (its synced traits) and `fallback_html`.

    Its module is `js/figures/NAME.js`, NAME being the name of the class.
    """

    _state: tuple[str, ...] = ()

    @property
    def _esm(self) -> str:
        return bundles.widget_module(type(self).__name__)

    def open(self) -> None:
        """Opens the channel to the notebook, but on a static page, where nobody is at its other end.

        With a channel, the executed notebook would carry widget state, and Sphinx would add scripts from a CDN.
        """
        if not on_static_page():
            super().open()

    def fallback_html(self) -> str:
        """The figure as it stands, without scripts. Every subclass writes its own."""
        raise NotImplementedError(f"{type(self).__name__} has no fallback_html().")

    def state(self) -> dict[str, object]:
        """The figure's synced traits, as plain JSON values."""
        return {name: getattr(self, name) for name in self._state}

    def page_html(self) -> str:
        """The figure for a static page: fallback and state. The page loads `bundles.scripts_of` it, deferred."""
        return PAGE.substitute(name=type(self).__name__, fallback=self.fallback_html(), data=script_json(self.state()))

    def _repr_mimebundle_(self, **kwargs: object) -> tuple[dict, dict]:
        if on_static_page():
            return {"text/html": self.page_html(), "text/plain": repr(self)}, {}
        data, metadata = super()._repr_mimebundle_(**kwargs)
        # For viewers that know no widgets (a saved notebook on a code host, or exported).
        return {**data, "text/html": self.fallback_html(), "text/plain": repr(self)}, metadata
