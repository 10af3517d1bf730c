"""The bundles that figures are drawn by: the kit, and a small script a figure, made from `js/` by `npm run build`.

They are committed, so that building the book needs no Node. Each says in its first line what sources it was made from.
"""

import hashlib
import re
from pathlib import Path

from book_tools.errors import BookError

HERE = Path(__file__).parent
SOURCES, BUILT = HERE / "js", HERE / "built"
KIT = "kit"
FIGURE = re.compile(r'class="interactive-figure" data-figure="(\w+)"')


def script(name: str) -> str:
    """The text of a bundle.

    Raises:
        BookError: there is none of that name.
    """
    path = BUILT / f"{name}.js"
    if not path.exists():
        raise BookError(
            f"There is no bundle {path.name} in {BUILT.name}; run `make figures` after adding js/figures/{name}.js."
        )
    return path.read_text(encoding="utf-8")


def widget_module(name: str) -> str:
    """The same figure as one ES module, for anywidget: the kit, the figure, and its registered object."""
    return f'{script(KIT)}\n{script(name)}\nexport default globalThis.bookFigureKit.registered("{name}");\n'


def scripts_of(page: str) -> list[str]:
    """The bundles that a page with this HTML needs, the kit first and each once."""
    names = list(dict.fromkeys(FIGURE.findall(page)))
    return [KIT, *names] if names else []


def sources(name: str) -> list[Path]:
    """The files that a bundle is made of, in the order in which `build.mjs` takes them into its digest."""
    inside = sorted((SOURCES / KIT if name == KIT else SOURCES / "figures" / name).glob("*.js"))
    own = inside if name == KIT else [SOURCES / "figures" / f"{name}.js", *inside]
    tables = sorted(SOURCES.glob(f"words/*/{name}.json"))
    return [SOURCES / "build.mjs", SOURCES / "package-lock.json", *own, *tables]


def digest(name: str) -> str:
    """What the sources of a bundle are now."""
    sha = hashlib.sha256()
    for path in sources(name):
        sha.update(f"{path.relative_to(SOURCES).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return sha.hexdigest()


def recorded(name: str) -> str | None:
    """The digest that a bundle was made from, by its own first line."""
    found = re.match(r"/\* \w+, made by build\.mjs from sources ([0-9a-f]{64}) \*/\n", script(name))
    return found and found[1]


def names() -> list[str]:
    """The kit and every figure that has sources."""
    return [KIT, *sorted(path.stem for path in (SOURCES / "figures").glob("*.js"))]
