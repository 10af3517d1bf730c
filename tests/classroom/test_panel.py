"""The panel: complete, escaped, self-contained, readable in both themes and on a phone."""

from html.parser import HTMLParser

import pytest
from contrast import CONTRASTS

from classroom.panel import panel, points_text, summary
from classroom.questions.results import CriterionResult, QuestionResult

HOSTILE = "<script>alert(1)</script> & \"quotes\" 'single' `code<b>` *soft* <img src=x onerror=alert(2)>"
RESULT = QuestionResult(
    "row-sums",
    "Rows that sum to one",
    (
        CriterionResult("values", False, "With a square matrix: Your output is 0.43 instead of 0.33 at [1, 2].", 0, 2),
        CriterionResult("gradients", False, "No gradient reaches argument 0.", 0, 1),
        CriterionResult("shape and dtype", True, "", 0.5, 0.5),
        CriterionResult("no Python loop", True, "", 0.5, 0.5),
    ),
    "Your weights sum to 1 over the *query* axis; softmax belongs on the key axis: `dim=-1`.",
)


class Outline(HTMLParser):
    """Collects tags, attributes and text, and checks that tags are closed in order."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.words, self._open = set(), set(), [], []
        self.feed(html)
        assert not self._open

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return "".join(self.words)


@pytest.mark.parametrize(("points", "text"), [(2.5, "2.5"), (3.0, "3"), (0.0, "0"), (2 / 3, "0.67"), (12.0, "12")])
def test_points_read_as_people_write_them(points, text):
    assert points_text(points) == text


def test_the_panel_says_everything_in_words():
    text = Outline(panel(RESULT)).text
    for words in (
        "Rows that sum to one",
        "1 of 4 points",
        "softmax belongs on the key axis: dim=-1.",
        "✗values: failed0 / 2",
        "With a square matrix: Your output is 0.43 instead of 0.33 at [1, 2].",
        "✓shape and dtype: passed0.5 / 0.5",
    ):
        assert words in text, words
    assert text.index("softmax belongs") < text.index("values: failed")


def test_everything_is_escaped_and_nothing_is_loaded():
    hostile = QuestionResult(HOSTILE, HOSTILE, (CriterionResult(HOSTILE, False, HOSTILE + "!", 0, 1),), HOSTILE)
    for html in (panel(hostile), summary([hostile])):
        outline = Outline(html)
        allowed = {"section", "div", "span", "strong", "p", "ul", "li", "code", "em", "table", "tbody", "tr", "td"}
        assert outline.tags <= allowed
        assert outline.attributes <= {"style", "aria-label", "aria-hidden"}
        assert "url(" not in html
        assert "<script>alert(1)</script>" in outline.text


def test_a_message_that_repeats_the_diagnosis_is_said_once():
    same = QuestionResult("q", "Q", (CriterionResult("values", False, "It broke.", 0, 1),), "It broke.")
    assert Outline(panel(same)).text.count("It broke.") == 1


@pytest.mark.parametrize(
    ("sentence", "html"),
    [
        ("softmax over *keys* now", "<em>keys</em>"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("a lone ` stays", "a lone ` stays"),
        ("use `x * y * z`", "x * y * z</code>"),
    ],
)
def test_marks_in_sentences(sentence, html):
    result = QuestionResult("q", "Q", (CriterionResult("values", False, "", 0, 1),), sentence)
    assert html in panel(result)


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize(
    ("background", "text"), [("#ffffff", "#202020"), ("#111111", "#e0e0e0")], ids=["light", "dark"]
)
def test_in_a_browser_it_fits_and_every_mark_has_contrast(new_page, width, background, text):
    page = new_page(width=width, height=700)
    page.set_content(
        f'<body style="background:{background};color:{text};margin:8px">{panel(RESULT)}{summary([RESULT])}'
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    contrasts = page.locator("body").evaluate(CONTRASTS)
    assert len(contrasts) > 20
    assert [(ratio, words) for ratio, words in contrasts if ratio < 4.5] == []
