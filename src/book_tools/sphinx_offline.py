"""Sphinx extension: the built site asks no other host for anything, served or opened as a file.

MathJax comes from a pinned package and is copied beside the pages. Its SVG output is used because it needs no font
files, which browsers may refuse to load for a page opened as a file.
"""

import shutil
from importlib import metadata
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

from book_tools.errors import BookError

MATHJAX_PACKAGE = "sphinx-mathjax-offline"
MATHJAX_FILE = "tex-svg-full.js"  # every TeX extension inside: nothing is fetched later


def mathjax_source() -> Path:
    """Where the installed package keeps MathJax. Raises BookError where the package is missing."""
    try:
        files = metadata.files(MATHJAX_PACKAGE) or []
    except metadata.PackageNotFoundError as error:
        raise BookError(f"{MATHJAX_PACKAGE} is not installed; run `make book`, which installs it.") from error
    for file in files:
        if file.name == MATHJAX_FILE:
            return Path(file.locate())
    raise BookError(f"{MATHJAX_PACKAGE} has no {MATHJAX_FILE}; install the version in requirements.txt.")


def configure(app: Sphinx, config: Config) -> None:
    """Points Sphinx to the local copy and switches off what MathJax would fetch on demand."""
    config.mathjax_path = f"mathjax/{MATHJAX_FILE}"
    config.mathjax3_config = {
        "options": {"enableMenu": False, "ignoreHtmlClass": "tex2jax_ignore|mathjax_ignore|document"}
        | {"processHtmlClass": "tex2jax_process|mathjax_process|math|output_area"},
        "svg": {"fontCache": "global"},
    }


def drop_thebe(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Leaves out thebe (code run on a remote server), which jupyter-book's extensions add to every page, twice."""
    context["script_files"] = [
        script
        for script in context.get("script_files", [])
        if "thebe" not in str(getattr(script, "filename", "")) and "THEBE_JS_URL" not in _body(script)
    ]


def _body(script: Any) -> str:
    return str(getattr(script, "attributes", {}).get("body", ""))


def copy_mathjax(app: Sphinx, exception: Exception | None) -> None:
    """Copies the one file that the pages load."""
    if exception is not None or app.builder.format != "html":
        return
    target = Path(app.outdir) / "_static" / "mathjax" / MATHJAX_FILE
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(mathjax_source(), target)


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the events. After MyST's own MathJax settings, which it writes at `config-inited` too."""
    app.connect("config-inited", configure, priority=900)
    app.connect("html-page-context", drop_thebe, priority=900)
    app.connect("build-finished", copy_mathjax)
    # A page opened as a file may not fetch the other pages, from which search results take their summaries.
    app.add_js_file(None, body='if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;')
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
