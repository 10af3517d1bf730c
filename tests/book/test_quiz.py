"""The quiz in a browser: from the keyboard, said to a screen reader, remembered, forgotten, and without scripts."""

from pathlib import Path

import pytest

STATIC = Path(__file__).parents[2] / "book" / "_static"
CONF = (
    "extensions = ['myst_parser', 'book_tools.page']\nmyst_enable_extensions = ['colon_fence', 'dollarmath']\n"
    f"html_static_path = [{str(STATIC)!r}]\nhtml_js_files = ['quiz.js']\nhtml_css_files = ['parts.css']\n"
)
PAGE = """# Quiz

::::{quiz}
:::{question} Which key wins?
- [ ] The short one

  Length counts.
- [x] The long one

  Its product is larger.
:::
:::{question} Which are parameters?
- [x] $W^Q$

  Learned.
- [x] $W^K$

  Learned too.
- [ ] $Q$

  Computed.
:::
:::{question} How much is a quarter?
:answer: 0.25
:tolerance: 0.001

- 4: you turned it over.

One of four parts.
:::
:::{question} Is this the last?
- [x] Yes

  It is.
- [ ] No

  It is.
:::
::::
"""


@pytest.fixture
def address(build_sphinx, tmp_path, serve) -> str:
    """The built page, served: storage belongs to an origin, and a file has none of its own."""
    result = build_sphinx({"index.md": PAGE}, CONF)
    assert result.returncode == 0, result.stderr
    return f"{serve(tmp_path / 'site')}/index.html"


def verdict(page, number: int) -> str:
    return page.locator(f"#question-{number} .quiz-verdict").inner_text()


def explained(page, number: int) -> list[str]:
    return [why.inner_text().strip() for why in page.locator(f"#question-{number} .quiz-why:visible").all()]


@pytest.mark.browser
def test_a_reader_with_a_keyboard_and_a_screen_reader(address, page):
    page.goto(address)
    # Names and states as assistive technology gets them.
    group = page.get_by_role("group", name="Which key wins?")
    assert group.get_by_role("radio", name="The short one").count() == 1
    assert page.get_by_role("checkbox").count() == 3
    assert page.get_by_role("textbox", name="Your answer").count() == 1
    assert page.locator(".quiz [role=status]").count() == 4
    # Choosing says nothing yet: with arrow keys one passes over every choice.
    group.get_by_role("radio", name="The short one").focus()
    page.keyboard.press("Space")
    assert verdict(page, 1) == ""
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert verdict(page, 1) == "Not right yet."
    assert explained(page, 1) == ["Not right. Length counts."]
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("ArrowDown")
    assert verdict(page, 1) == ""
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert verdict(page, 1) == "Right."
    assert explained(page, 1) == ["Not right. Length counts.", "Right. Its product is larger."]
    assert page.locator(".quiz-foot span").inner_text() == "1 of 4 right"


@pytest.mark.browser
def test_several_answers_and_a_number(address, page):
    page.goto(address)
    second = page.locator("#question-2")
    second.get_by_role("button").click()
    assert verdict(page, 2) == "Choose an answer first."
    boxes = second.get_by_role("checkbox")
    boxes.nth(0).check()
    second.get_by_role("button").click()
    assert "one is missing" in verdict(page, 2)
    assert explained(page, 2) == ["Right. Learned."]
    boxes.nth(1).check()
    boxes.nth(2).check()
    second.get_by_role("button").click()
    assert verdict(page, 2) == "Not right yet."
    boxes.nth(2).uncheck()
    second.get_by_role("button").click()
    assert verdict(page, 2) == "Right."
    field = page.get_by_role("textbox", name="Your answer")
    for typed, says in {"a lot": "Type a number", "4": "Not right yet.", "0.26": "Not right yet."}.items():
        field.fill(typed)
        field.press("Enter")
        assert says in verdict(page, 3)
        assert explained(page, 3) == (["Not right. you turned it over."] if typed == "4" else [])
    for typed in ("0.25", "1/4", "25 %", "0.2509", " .25"):
        field.fill(typed)
        field.press("Enter")
        assert verdict(page, 3) == "Right.", typed
    assert any("One of four parts." in text for text in explained(page, 3))


@pytest.mark.browser
def test_answers_stay_until_they_are_forgotten(address, page):
    page.goto(address)
    page.get_by_role("radio", name="The long one").check()
    page.locator("#question-1").get_by_role("button").click()
    page.get_by_role("textbox", name="Your answer").fill("0.25")
    page.get_by_role("textbox", name="Your answer").press("Enter")
    page.reload()
    assert verdict(page, 1) == verdict(page, 3) == "Right."
    assert page.get_by_role("radio", name="The long one").is_checked()
    page.get_by_role("button", name="Forget my answers").click()
    assert page.get_by_role("radio", checked=True).count() == 0
    page.reload()
    assert verdict(page, 1) == verdict(page, 3) == ""
    assert page.locator(".quiz-foot span").inner_text() == "0 of 4 right"


@pytest.mark.browser
def test_blocked_storage_does_no_harm(address, page):
    # Blocked for the quiz alone: Sphinx's own script for search terms does not bear it.
    page.add_init_script(
        """
        const own = window.localStorage;
        Object.defineProperty(window, 'localStorage', {get() {
            if (new Error().stack.includes('quiz.js')) throw new DOMException('blocked');
            return own;
        }})"""
    )
    page.goto(address)
    page.get_by_role("radio", name="The long one").check()
    page.locator("#question-1").get_by_role("button").click()
    assert verdict(page, 1) == "Right."
    page.get_by_role("button", name="Forget my answers").click()
    assert verdict(page, 1) == ""


@pytest.mark.browser
def test_without_scripts_the_explanations_are_folded(address, new_page):
    page = new_page(java_script_enabled=False)
    page.goto(address)
    assert page.locator(".quiz input").count() == 0
    fold = page.locator("#question-1 details").first
    assert not fold.get_by_text("Length counts.").is_visible()
    fold.locator("summary").click()
    assert fold.get_by_text("Length counts.").is_visible()
