"""The theme's icons: taken from its own script, those alone that some page uses."""

from pathlib import Path
from xml.etree import ElementTree

import pydata_sphinx_theme

from book_tools.page.icons import outlines, sheet, used_in

SCRIPT = Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/static/scripts/fontawesome.js"
PAGE = '<i class="fa-solid fa-bars fa-lg"></i><span class="fas fa-download"></span><p class="fable fa-none">x</p>'


def test_the_names_that_a_page_asks_for():
    assert used_in(PAGE) == {"bars", "download"}


def test_the_themes_icons_are_in_its_script_under_all_their_names():
    known = outlines(SCRIPT.read_text(encoding="utf-8"))
    assert {"bars", "navicon", "magnifying-glass", "sun", "moon", "circle-half-stroke", "download", "list"} <= set(
        known
    )
    assert known["bars"] == known["navicon"]
    assert len(known) > 1500


def test_the_sheet_holds_one_drawing_for_each_icon():
    known = {"bars": (448, 512, "M0 96z"), "other": (1, 1, "M0 0z")}
    rules = [line for line in sheet({"bars", "unknown"}, known).splitlines() if "--icon: url" in line]
    assert len(rules) == 1
    svg = rules[0].split("data:image/svg+xml,")[1].split('"')[0].replace("%3C", "<").replace("%3E", ">")
    drawing = ElementTree.fromstring(svg)
    assert drawing.get("viewBox") == "0 0 448 512"
    assert drawing[0].get("d") == "M0 96z"
