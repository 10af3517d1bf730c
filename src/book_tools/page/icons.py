"""The theme's icons as a small style sheet, in place of a script of 1.5 MB that draws all of Font Awesome's.

The outlines are taken from the theme's own copy of that script (Font Awesome Free, CC BY 4.0), those only that some
page uses.
"""

import re
from pathlib import Path

from jinja2 import DictLoader
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)
FILE = "icons.css"
MACROS = "static/webpack-macros.html"
USED = re.compile(r'class="[^"]*\bfa-(?:solid|brands|regular)\b[^"]*"|class="fa[srb]? fa-[^"]*"')
NOT_NAMES = {"solid", "brands", "regular", "lg", "sm", "xs", "fw", "2x", "spin"}
BASE = """/* Icons: Font Awesome Free by @fontawesome, https://fontawesome.com, licence CC BY 4.0. */
.fa-solid, .fa-brands, .fa-regular, .fas, .fab, .far, .fa {
  display: inline-block; width: 1em; height: 1em; vertical-align: -0.125em;
  background: currentColor;
  -webkit-mask: var(--icon) center / contain no-repeat; mask: var(--icon) center / contain no-repeat;
}
.fa-solid::before, .fa-brands::before, .fa-regular::before, .fas::before, .fab::before, .far::before {
  content: none !important; /* the theme's own way, a font of 156 kB */
}
.fa-lg { font-size: 1.25em; }
"""


def _theme_files(app: Sphinx) -> Path:
    import pydata_sphinx_theme

    return Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static"


def without_script(app: Sphinx) -> None:
    """Takes the script out of the theme's template before any page is written."""
    templates = getattr(app.builder, "templates", None)
    macros = _theme_files(app) / Path(MACROS).name
    if templates is None or not macros.exists():
        return
    text = re.sub(r"<script[^>]*fontawesome\.js[^>]*></script>", "", macros.read_text(encoding="utf-8"))
    templates.loaders.insert(0, DictLoader({MACROS: text}))


def outlines(script: str) -> dict[str, tuple[int, int, str]]:
    """All icons of Font Awesome's script by name: width, height and path. An icon's other names count too."""
    found: dict[str, tuple[int, int, str]] = {}
    for name, width, height, others, path in re.findall(
        r'(?<=[{,])"?([a-z0-9-]+)"?:\[(\d+),(\d+),\[([^]]*)\],"[0-9a-f]+","([^"]+)"\]', script
    ):
        for alias in [name, *re.findall(r'"([a-z0-9-]+)"', others)]:
            found[alias] = (int(width), int(height), path)
    return found


def sheet(names: set[str], known: dict[str, tuple[int, int, str]]) -> str:
    """The style sheet for some icons."""
    rules = []
    for name in sorted(names & set(known)):
        width, height, path = known[name]
        svg = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}'><path d='{path}'/></svg>"
        encoded = svg.replace("<", "%3C").replace(">", "%3E").replace("#", "%23")
        rules.append(f'.fa-{name} {{ --icon: url("data:image/svg+xml,{encoded}"); }}')
    return BASE + "\n".join(rules) + "\n"


def used_in(html: str) -> set[str]:
    """The names of the icons that a page asks for."""
    return {name for tag in USED.findall(html) for name in re.findall(r"\bfa-([a-z0-9-]+)", tag)} - NOT_NAMES


def write(app: Sphinx, exception: Exception | None) -> None:
    """Writes the style sheet for the icons that the pages use, and leaves the script away."""
    if exception is not None or app.builder.format != "html":
        return
    out = Path(app.outdir)
    names = {name for page in out.rglob("*.html") for name in used_in(page.read_text(encoding="utf-8"))}
    # Those that the theme's own script puts in: the three states of the theme switch.
    names |= {"sun", "moon", "circle-half-stroke"}
    script = _theme_files(app) / "scripts" / "fontawesome.js"
    known = outlines(script.read_text(encoding="utf-8")) if script.exists() else {}
    for name in sorted(names - set(known)):
        logger.warning("no outline is known of the icon fa-%s", name, type="icons")
    (out / "_static" / FILE).write_text(sheet(names, known), encoding="utf-8")
    for left in (out / "_static" / "scripts").glob("fontawesome.js*"):
        left.unlink()


def setup(app: Sphinx) -> None:
    """Registers the style sheet and the events."""
    app.add_css_file(FILE)
    app.connect("builder-inited", without_script)
    app.connect("build-finished", write)
