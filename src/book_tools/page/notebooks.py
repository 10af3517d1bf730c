"""`{notebook}`: links to this chapter as a notebook and to its assignment, locally and where the book's settings say.

`_config.yml` holds one address each for Colab and Binder, with `{path}` for the notebook's path in the repository.
Where an address is empty there is no link.
"""

import shutil
from pathlib import Path
from typing import Any, ClassVar

import jupytext
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from book_tools.page.markup import element, make, text
from book_tools.page.words import words

FOLDER = "_notebooks"  # beside the pages
EXERCISES = Path(__file__).parents[3] / "exercises"
HOSTS = {"notebook_colab": "Colab", "notebook_binder": "Binder"}


class Notebook(SphinxDirective):
    """`{notebook}` for the chapter alone, `{notebook} 02-self-attention` with its assignment."""

    optional_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        """One row for the chapter, one for each notebook of the assignment."""
        say, page = words(self.config), self.env.docname
        rows = [self._row(say["chapter_notebook"], f"{page}.ipynb", f"book/{page}.md", None)]
        wanted(self.env).setdefault(page, set()).add((f"{page}.ipynb", ""))
        if self.arguments:
            folder = EXERCISES / self.arguments[0]
            found = sorted(folder.glob("*.ipynb"))
            if not found:
                raise self.error(f"exercises/ has no assignment {self.arguments[0]!r} with a notebook")
            for notebook in found:
                path = notebook.relative_to(EXERCISES).as_posix()
                self.env.note_dependency(str(notebook))
                wanted(self.env)[page].add((path, str(notebook)))
                label = f"{say['assignment']} {self.arguments[0]}"
                rows.append(self._row(label, path, f"exercises/{path}", f"make lab → {path}"))
        return [make("div", make("ul", *rows), classes="notebooks")]

    def _row(self, label: str, file: str, path: str, here: str | None) -> element:
        say, links = words(self.config), []
        up = "../" * self.env.docname.count("/")
        if here:
            links.append(make("span", nodes.Text(f"{say['open_here']}: "), nodes.literal("", here)))
        links.append(text("a", say["download"], href=f"{up}{FOLDER}/{file}", download=""))
        for setting, host in HOSTS.items():
            if address := getattr(self.config, setting).strip():
                links.append(text("a", host, href=address.format(path=path)))
        return make("li", text("b", label), *links)


def wanted(env: Any) -> dict[str, set[tuple[str, str]]]:
    """For each page the files beside the site that it links to: (name there, source; a page itself has none)."""
    if not hasattr(env, "page_notebooks"):
        env.page_notebooks = {}
    return env.page_notebooks


def forget(app: Sphinx, env: Any, docname: str) -> None:
    """Drops what was noted of a page that is read again or is gone."""
    wanted(env).pop(docname, None)


def merge(app: Sphinx, env: Any, docnames: list[str], other: Any) -> None:
    """Takes over what a parallel reader noted."""
    wanted(env).update({page: found for page, found in wanted(other).items() if page in docnames})


def write(app: Sphinx, exception: Exception | None) -> None:
    """Puts the notebooks beside the pages."""
    if exception is not None or app.builder.format != "html":
        return
    for page, files in wanted(app.env).items():
        for name, source in files:
            target = Path(app.outdir) / FOLDER / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source:
                shutil.copyfile(source, target)
            else:
                jupytext.write(jupytext.read(app.env.doc2path(page), fmt="md:myst"), target, fmt="ipynb")


def setup(app: Sphinx) -> None:
    """Registers the directive, the settings and the events."""
    for setting in HOSTS:
        app.add_config_value(setting, "", "env")
    app.add_directive("notebook", Notebook)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
    app.connect("build-finished", write)
