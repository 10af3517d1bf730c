"""Figures become inline SVG that follows the theme, with a text alternative and ids of their own."""

import re
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from book_tools import fonts, style
from book_tools.cover import cover


@pytest.fixture(autouse=True)
def _style():
    with mpl.rc_context():
        mpl.use("agg")
        style.use()
        yield
        plt.close("all")


def tree(html: str) -> ElementTree.Element:
    return ElementTree.fromstring(html)


def test_colours_become_the_themes_variables():
    figure, axes = plt.subplots()
    axes.plot([1, 2], [3, 4])
    axes.plot([1, 2], [4, 5])
    html = style.to_html(figure)
    used = set(re.findall(r"var\((--fig-\w+)", html))
    assert {"--fig-ink", "--fig-grid", "--fig-blue", "--fig-vermilion"} <= used
    css = (Path(style.__file__).parents[2] / "book" / "_static" / "book.css").read_text()
    for variable in used:
        assert css.count(f"{variable}:") == 2, variable  # one value for light, one for dark


def test_the_text_alternative_is_the_title_or_what_the_author_says():
    figure, axes = plt.subplots()
    axes.set_title('Weights & "scores"')
    assert tree(style.to_html(figure))[0].get("aria-label") == 'Weights & "scores"'
    style.alt(figure, "Every query attends to itself.")
    assert tree(style.to_html(figure))[0].get("aria-label") == "Every query attends to itself."


def test_two_figures_share_no_id_and_every_reference_resolves():
    ids = []
    for slope in (1, 2):
        figure, axes = plt.subplots()
        axes.plot([0, 1], [0, slope])
        html = style.to_html(figure)
        own = {element.get("id") for element in tree(html).iter() if element.get("id")}
        referred = set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', html))
        assert {a or b for a, b in referred} <= own
        ids.append(own)
    assert not ids[0] & ids[1]


def test_the_same_figure_gives_the_same_html():
    def draw() -> str:
        figure, axes = plt.subplots()
        style.heatmap(axes, np.eye(2))
        return style.to_html(figure)

    assert draw() == draw()


def test_a_heatmap_shows_its_numbers_and_colours_by_strength():
    _, axes = plt.subplots()
    style.heatmap(axes, [[1.0, -0.5], [0.0, -np.inf]], ["a", "b"], ["c", "d"], decimals=1, row_name="query")
    assert [text.get_text() for text in axes.texts] == ["1.0", "−0.5", "0.0", "−∞"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]
    assert axes.get_ylim() == (2, 0)  # row 0 on top
    fills = axes.collections[0].get_facecolor()
    np.testing.assert_allclose(fills[:, 3], [1.0, 0.5, 0.0, 0.0], atol=1e-12)
    assert mpl.colors.to_hex(fills[0]) == style.BLUE
    assert mpl.colors.to_hex(fills[1]) == style.VERMILION
    assert axes.texts[0].get_color() == style.ON
    assert axes.texts[2].get_color() == style.INK


def test_a_heatmap_of_nothing_but_zeros_and_without_numbers():
    _, axes = plt.subplots()
    style.heatmap(axes, np.zeros((2, 3)), decimals=None)
    assert len(axes.collections[0].get_paths()) == 6
    assert not axes.texts


def test_chinese_labels_raise_no_warning_with_or_without_a_font(monkeypatch):
    monkeypatch.setattr(fonts, "FAMILIES", ())
    style.use()  # as on a machine without any CJK font; pytest turns a warning into an error
    figure, axes = plt.subplots()
    axes.set_title("机器学习")
    assert "<svg" in style.to_html(figure)


def test_the_cover_draws_an_arc_for_every_pair():
    weights = np.full((3, 3), 1 / 3)
    root = tree(cover(["a", "<b>", "c"], weights, query=2, label="three words"))
    assert len(root.findall(".//{*}path")) == 6
    assert [text.text for text in root.findall(".//{*}text")] == ["a", "<b>", "c"]
    with pytest.raises(ValueError, match=r"\(2, 2\) for 3 words"):
        cover(["a", "b", "c"], np.eye(2), query=0, label="")
