"""The Sphinx extension that puts the figures on static pages: list `book_tools.figures.sphinx` in the extensions."""

import os
import shutil
from pathlib import Path

from sphinx.application import Sphinx

from book_tools.figures import bundles
from book_tools.figures.figure import STATIC_PAGE

FOLDER = "figures"  # in the site's _static


def copy_bundles(app: Sphinx) -> None:
    """Puts the bundles among the site's static files, before pages that name them are written."""
    if app.builder.format == "html":
        target = Path(app.outdir, "_static", FOLDER)
        shutil.rmtree(target, ignore_errors=True)  # a figure that is gone leaves nothing
        shutil.copytree(bundles.BUILT, target)


def add_scripts(app: Sphinx, page: str, template: str, context: dict, doctree: object) -> None:
    """Gives a page with figures the kit, once, and each figure's script; a page without any gets none."""
    for name in bundles.scripts_of(context.get("body") or ""):
        app.add_js_file(f"{FOLDER}/{name}.js", loading_method="defer")


def setup(app: Sphinx) -> dict[str, bool]:
    """Tells the kernels that Sphinx starts (they inherit its environment) that their output goes on a static page."""
    os.environ[STATIC_PAGE] = "1"
    app.connect("builder-inited", copy_bundles)
    app.connect("html-page-context", add_scripts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
