"""What the figures' kit does in every figure, on one made up here: steps, keys of undo, words, tables, goals."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from book_tools.figures import bundles

pytestmark = pytest.mark.browser

PACE = 900  # milliseconds a step of playing takes, by default
STEPS = 4
WORDS = {
    "en": {
        "figure": "Counting",
        "name": "name",
        "size": "size",
        "table": "Numbers",
        "step": "at {step}",
        "goal": "Go.",
    },
    "xx": {
        "figure": "Xou",
        "undo": "Xun",
        "size": "xi",
        "step": "xa {step}",
        "play": "Xpla",
        "stepOf": "{steps}x{step}",
    },
}
FIGURE = """
const { defineFigure, fold, goals, numberTable, numberTables, sentence, slider, steps, textField } = bookFigureKit;
bookFigureKit.register("Counting", defineFigure({
  words: WORDS,
  traits: ["step", "size", "label"],
  build(f) {
    const [said, aims, table] = [sentence(), goals(f), numberTable("wide", f.t("table"))];
    const walk = steps(f, { name: (step) => f.t("step", { step }) }, (step) => f.change({ step }));
    const size = slider(f.t("size"), { min: 0, max: 9, step: 1 }, (size) => f.change({ size }));
    const label = textField(f.t("name"), (label) => f.change({ label }));
    const numbers = fold(f.t("table"), numberTables(f.t("table"), table));
    return {
      elements: [walk.element, size.element, label.element, said, aims.element, numbers],
      update(state) {
        walk.update(state.step, 4);
        size.update(state.size);
        label.update(state.label);
        const all = Array.from({ length: 30 }, (_, i) => i);
        table.update({ rows: ["row"], columns: all.map(String), values: [all] });
        aims.update([{ id: "go", text: f.t("goal"), met: state.step === 3, now: `step ${state.step}` }]);
      },
    };
  },
}));
"""


@pytest.fixture
def counting(tmp_path: Path) -> Callable[..., Locator]:
    """A function that opens the made-up figure on a page in some language, and inside a part in another."""

    def show(page: Page, *, lang: str = "en", part: str = "") -> Locator:
        shutil.copy(bundles.BUILT / "kit.js", tmp_path)
        (tmp_path / "own.js").write_text(FIGURE.replace("WORDS", json.dumps(WORDS)), encoding="utf-8")
        state = json.dumps({"step": 0, "size": 0, "label": "the"})
        path = tmp_path / "page.html"
        path.write_text(
            f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>Page</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1"><script defer src="kit.js"></script>'
            f'<script defer src="own.js"></script></head><body><main {part}><div class="interactive-figure"'
            ' data-figure="Counting"><div class="interactive-figure-fallback"></div><script type="application/json"'
            f' class="interactive-figure-data">{state}</script></div></main></body></html>',
            encoding="utf-8",
        )
        page.goto(path.as_uri())
        figure = page.locator(".figure")
        figure.wait_for()
        return figure

    return show


def at(figure: Locator) -> int:
    """The step that the figure shows, where its slider and its name agree."""
    step = int(figure.locator(".step-slider").input_value())
    expect(figure.locator(".step-name")).to_have_text(f"at {step}")
    expect(figure.locator(".steps .shown")).to_have_text(f"Step {step + 1} of {STEPS}")
    return step


def test_steps_go_forward_and_back_and_end_at_both_ends(page, counting) -> None:
    figure = counting(page)
    back, forward = (figure.get_by_role("button", name=name) for name in ("Step back", "Step forward"))
    expect(back).to_be_disabled()
    seen = [at(figure)]
    for _ in range(STEPS - 1):
        forward.click()
        seen.append(at(figure))
    assert seen == [0, 1, 2, 3]
    expect(forward).to_be_disabled()
    back.click()
    assert at(figure) == 2
    expect(forward).to_be_enabled()


def test_playing_takes_a_step_each_pace_and_stops_at_the_last(page, counting) -> None:
    page.clock.install()
    figure = counting(page)
    page.clock.pause_at(page.evaluate("Date.now()") + 1000)
    figure.get_by_role("button", name="Play").click()
    for step in range(STEPS - 1):
        assert at(figure) == step
        expect(figure.get_by_role("button", name="Pause")).to_be_visible()
        page.clock.run_for(PACE)
    assert at(figure) == STEPS - 1
    expect(figure.get_by_role("button", name="Play")).to_be_visible()
    page.clock.run_for(3 * PACE)
    assert at(figure) == STEPS - 1
    figure.get_by_role("button", name="Play").click()  # again, from the first step
    assert at(figure) == 0


@pytest.mark.parametrize("stop", ["Pause", "Step forward", "Step back"])
def test_any_button_stops_playing(stop: str, page, counting) -> None:
    page.clock.install()
    figure = counting(page)
    page.clock.pause_at(page.evaluate("Date.now()") + 1000)
    figure.get_by_role("button", name="Play").click()
    page.clock.run_for(PACE)
    figure.get_by_role("button", name=stop).click()
    stopped = at(figure)
    assert stopped == {"Pause": 1, "Step forward": 2, "Step back": 0}[stop]
    page.clock.run_for(3 * PACE)
    assert at(figure) == stopped
    expect(figure.get_by_role("button", name="Play")).to_be_visible()


def test_who_asked_for_less_motion_steps_by_hand(new_page, counting) -> None:
    figure = counting(new_page(reduced_motion=True))
    expect(figure.get_by_role("button", name="Play")).to_have_count(0)
    figure.get_by_role("button", name="Step forward").click()
    assert at(figure) == 1


def test_keys_undo_and_redo_wherever_no_text_is_typed(page, counting) -> None:
    figure = counting(page)
    size, label = figure.get_by_role("slider", name="size"), figure.get_by_role("textbox", name="name")
    figure.get_by_role("button", name="Step forward").click()
    size.focus()
    page.keyboard.press("ArrowRight")
    assert (at(figure), size.input_value()) == (1, "1")
    for keys, wanted in (
        ("Control+z", (1, "0")),
        ("Control+z", (0, "0")),
        ("Control+z", (0, "0")),  # nothing is left to undo
        ("Control+Shift+z", (1, "0")),
        ("Control+y", (1, "1")),
        ("Control+y", (1, "1")),
    ):
        page.keyboard.press(keys)
        assert (keys, at(figure), size.input_value()) == (keys, *wanted)

    # In a field the keys belong to the typing.
    label.focus()
    page.keyboard.press("End")
    page.keyboard.type("n")
    page.keyboard.press("Control+z")
    assert (label.input_value(), at(figure), size.input_value()) == ("the", 1, "1")


@pytest.mark.parametrize(
    ("lang", "part", "expected"),
    [
        ("xx", "", ("Xou", "Xun", "xi", "xa 0", "4x1")),
        ("xx-YY", "", ("Xou", "Xun", "xi", "xa 0", "4x1")),
        ("en", 'lang="xx"', ("Xou", "Xun", "xi", "xa 0", "4x1")),
        ("xx", 'lang="en"', ("Counting", "Undo", "size", "at 0", "Step 1 of 4")),
        ("yy", "", ("Counting", "Undo", "size", "at 0", "Step 1 of 4")),
    ],
)
def test_words_are_those_of_the_language_around_the_figure(lang, part, expected, page, counting) -> None:
    figure = counting(page, lang=lang, part=part)
    shown = (
        figure.get_attribute("aria-label"),
        figure.locator("[data-tool=undo]").inner_text(),
        figure.locator(".slider:not(:has(.step-slider)) .name").inner_text(),
        figure.locator(".step-name").inner_text(),
        figure.locator(".steps .shown").inner_text(),
    )
    assert shown == expected
    # What a table lacks is English, the figure's words and the kit's.
    assert figure.locator("[data-tool=redo]").inner_text() == "Redo"
    assert figure.locator("summary").inner_text() == "Numbers"


def test_a_wide_table_is_scrolled_by_the_keyboard(new_page, counting) -> None:
    page = new_page(width=390)
    figure = counting(page)
    figure.locator("summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    region = figure.get_by_role("region", name="Numbers")
    expect(region).to_be_focused()
    assert region.evaluate("each => getComputedStyle(each).outlineStyle") != "none"
    assert region.evaluate("each => each.scrollLeft") == 0
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "() => document.querySelector('.interactive-figure > div:last-of-type').shadowRoot"
        ".querySelector('.numbers').scrollLeft > 40"
    )


@pytest.mark.parametrize(("width", "below"), [(390, True), (1300, False)])
def test_how_far_a_goal_is_stands_below_it_on_a_phone(width: int, below: bool, new_page, counting) -> None:
    goal = counting(new_page(width=width)).locator("[data-goal=go]")
    text, now = (goal.locator(f"span:nth-child({i})").bounding_box() for i in (2, 3))
    assert (now["y"] >= text["y"] + text["height"] - 1) == below
    assert (now["x"] >= text["x"] + text["width"]) == (not below)
