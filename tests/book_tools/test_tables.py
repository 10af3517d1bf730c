"""The chapters' tables: markup that a parser reads back, and text that lines up."""

from html.parser import HTMLParser

import pytest

from book_tools.tables import Table, tiny


class Cells(HTMLParser):
    """Every cell's text and its scope."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        if tag in ("th", "td"):
            self.found.append([dict(attrs).get("scope"), ""])

    def handle_data(self, data):
        if self.found:
            self.found[-1][1] += data


def test_html_gives_every_cell_back():
    parser = Cells()
    parser.feed(Table(["layer", "d < k"], [["a & b", "1"], ["<i>", "2"]])._repr_html_())
    assert parser.found == [
        ["col", "layer"],
        ["col", "d < k"],
        ["row", "a & b"],
        [None, "1"],
        ["row", "<i>"],
        [None, "2"],
    ]


def test_text_lines_up():
    text = str(Table(["n", "steps"], [["9", "8"], ["129", "128"]], caption="Steps"))
    assert text == "Steps\nn    steps\n9    8\n129  128"


def test_a_short_row_is_an_error():
    with pytest.raises(ValueError, match="1 cells under 2 headings"):
        Table(["a", "b"], [["1"]])


@pytest.mark.parametrize(
    ("number", "text"),
    [(2.6e-7, "3 × 10⁻⁷"), (9.6e-8, "1 × 10⁻⁷"), (1e-12, "1 × 10⁻¹²"), (4e5, "4 × 10⁵"), (-2e-3, "-2 × 10⁻³")],
)
def test_a_tiny_number_is_a_power_of_ten(number, text):
    assert tiny(number).replace("\u00a0", " ") == text


def test_zero_has_no_power():
    assert tiny(0.0) == "0"
