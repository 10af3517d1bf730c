"""Sphinx extension: the built site asks no other host for anything, served or opened as a file."""

from typing import Any

from sphinx.application import Sphinx


def drop_thebe(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Leaves out thebe (code run on a remote server), which jupyter-book's extensions add to every page, twice."""
    context["script_files"] = [
        script
        for script in context.get("script_files", [])
        if "thebe" not in str(getattr(script, "filename", "")) and "THEBE_JS_URL" not in _body(script)
    ]


def _body(script: Any) -> str:
    return str(getattr(script, "attributes", {}).get("body", ""))


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the event."""
    app.connect("html-page-context", drop_thebe, priority=900)
    # A page opened as a file may not fetch the other pages, from which search results take their summaries.
    app.add_js_file(None, body='if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;')
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
