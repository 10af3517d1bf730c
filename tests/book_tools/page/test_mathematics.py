"""Formulas drawn by KaTeX inside this process: as HTML, as MathML, and with KaTeX's own words for a mistake."""

import re
from xml.etree import ElementTree

import pytest

from book_tools.page.mathematics import HERE, FormulaError, draw

MATHML = "{http://www.w3.org/1998/Math/MathML}"


def mathml(html: str) -> ElementTree.Element:
    return ElementTree.fromstring(re.search("<math.*</math>", html)[0])


def test_a_formula_is_html_for_the_eye_and_mathml_for_a_screen_reader():
    html = draw(r"\frac{QK^\top}{\sqrt{d_k}}", display=True)
    formula = mathml(html)
    assert formula.get("display") == "block"
    fraction = formula.find(f".//{MATHML}mfrac")
    assert [part.tag.removeprefix(MATHML) for part in fraction] == ["mrow", "msqrt"]
    assert "".join(fraction.itertext()) == "QK⊤dk"
    assert re.search(r'class="katex-html" aria-hidden="true"', html)


def test_the_source_of_a_formula_is_not_in_the_page():
    assert "frac" not in re.sub('class="[^"]*"', "", draw(r"\frac12")).replace("mfrac", "")
    assert "annotation" not in draw("x")


@pytest.mark.parametrize(
    ("formula", "says"),
    [
        (r"\nothing", r"Undefined control sequence: \\nothing"),
        (r"\frac{1", "end of input"),
        (r"\begin{aligned} a", "end of input|Expected"),
        ("a_b_c", "Double subscript"),
    ],
)
def test_a_mistake_in_a_formula_is_an_error_with_the_reason(formula, says):
    with pytest.raises(FormulaError, match=says):
        draw(formula)


def test_every_font_of_the_style_lies_beside_it():
    style = (HERE / "katex.min.css").read_text(encoding="utf-8")
    fonts = set(re.findall(r"url\(([^)]+)\)", style))
    assert fonts == {f"fonts/{path.name}" for path in (HERE / "fonts").iterdir()}
    assert len(fonts) == 20
    assert "MIT License" in (HERE / "LICENSE").read_text(encoding="utf-8")
