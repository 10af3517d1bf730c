"""The figure query-key-value on a static page, in headless Chromium: no kernel, no other host."""

import json
import random

import pytest
import torch
from contrast import CONTRASTS
from figure_harness import TOLERANCE, opened, table
from playwright.sync_api import Locator, expect

from book_tools.figures import PRESETS, QueryKeyValue
from transformer_lab.attention import scaled_dot_product_attention

pytestmark = pytest.mark.browser


def assert_numbers(figure: Locator, state: dict) -> None:
    """Every number of the page against the library's own attention, for the state that the test knows of."""
    q, k, v = (torch.tensor(state[name], dtype=torch.float64) for name in "qkv")
    mask = torch.tensor(state["mask"])
    factor = (1 if state["scaled"] else 2**0.5) / state["temperature"]
    everything = torch.eye(len(v), dtype=torch.float64)  # attention over one-hot values gives the weights
    for name, expected in (
        ("scores", q @ k.T / 2**0.5 * factor),
        ("weights", scaled_dot_product_attention(q * factor, k, everything, mask)),
        ("outputs", scaled_dot_product_attention(q * factor, k, v, mask)),
    ):
        torch.testing.assert_close(
            table(figure, name), expected, rtol=0, atol=TOLERANCE, msg=lambda m, n=name: f"{n}: {m}"
        )


def state_of(preset: str) -> dict:
    return json.loads(json.dumps(PRESETS[preset]))


def set_temperature(figure: Locator, state: dict, exponent: float) -> None:
    figure.locator(".temperature").fill(str(exponent))
    state["temperature"] = float(f"{10**exponent:.2g}")


@pytest.mark.parametrize("how", ["served", "file"])
def test_every_preset_has_the_librarys_numbers_and_asks_no_other_host(
    how: str, new_page, write_page, serve, requests_elsewhere
) -> None:
    path = write_page(QueryKeyValue())
    page = new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri() if how == "file" else f"{serve(path.parent)}/page.html")
    figure = page.locator(".figure")
    for name in PRESETS:
        figure.get_by_role("button", name=name, exact=True).click()
        assert_numbers(figure, state_of(name))
        assert figure.get_by_role("button", name=name, exact=True).get_attribute("aria-pressed") == "true"
    assert requests_elsewhere == []
    # The page itself, the kit and the figure's script; a browser may look for the site's icon.
    names = [url.rsplit("/", 1)[1] for url in asked if "favicon" not in url]
    assert names == ["page.html", "kit.js", "QueryKeyValue.js"]


@pytest.mark.parametrize("seed", range(4))
def test_random_edits_by_field_mask_and_slider_keep_the_librarys_numbers(seed: int, page, write_page) -> None:
    rng = random.Random(seed)
    preset = rng.choice(list(PRESETS))
    state, figure = state_of(preset), opened(page, write_page(QueryKeyValue(preset)))
    figure.get_by_text("Edit the numbers").click()
    n = len(state["labels"])
    for _ in range(12):
        match rng.choice(["field", "field", "mask", "temperature", "scaled"]):
            case "field":
                role, i, axis = rng.choice("qkv"), rng.randrange(n), rng.randrange(2)
                state[role][i][axis] = round(rng.uniform(-10, 10), 3)
                figure.locator(f"[data-field={role}{i}{'xy'[axis]}]").fill(str(state[role][i][axis]))
            case "mask":
                i, j = rng.randrange(n), rng.randrange(n)
                state["mask"][i][j] ^= True
                figure.locator(f'[data-cell="{i},{j}"]').click()
            case "temperature":
                set_temperature(figure, state, rng.choice([-1, -0.5, -0.3, 0, 0.4, 1]))
            case "scaled":
                state["scaled"] ^= True
                figure.locator(".scaled").click()
        assert_numbers(figure, state)


def test_a_fully_masked_query_gets_zeros_and_says_so(page, write_page) -> None:
    figure, state = opened(page, write_page(QueryKeyValue("Worked example"))), state_of("Worked example")
    for word in state["labels"]:
        figure.get_by_role("checkbox", name=f"x₃ may attend to {word}").uncheck()
    state["mask"][2] = [False] * 3
    assert_numbers(figure, state)
    assert table(figure, "outputs")[2].tolist() == [0, 0]
    expect(figure.locator(".summary")).to_contain_text("‘x₃’ may attend to no key: its weights are all 0")


def test_scores_too_large_for_exp_stay_finite(page, write_page) -> None:
    state = state_of("Worked example") | {"q": [[10, 10]] * 3, "k": [[10, 10], [-10, -10], [10, 9]], "temperature": 0.1}
    assert_numbers(opened(page, write_page(QueryKeyValue(**state))), state)


def test_the_causal_mask_is_the_librarys(page, write_page) -> None:
    figure, state = opened(page, write_page(QueryKeyValue())), state_of("A sentence")
    figure.get_by_role("button", name="the future").click()
    state["mask"] = torch.ones(5, 5, dtype=torch.bool).tril().tolist()
    assert_numbers(figure, state)
    # It stays causal when tokens come and go, and what went comes back as it was.
    figure.get_by_role("button", name="One token fewer").click()
    figure.get_by_role("button", name="One token more").click()
    assert_numbers(figure, state)


def test_the_number_of_tokens_runs_from_two_to_five(page, write_page) -> None:
    figure = opened(page, write_page(QueryKeyValue("Orthogonal")))
    fewer, more = (figure.get_by_role("button", name=f"One token {way}") for way in ("fewer", "more"))
    sizes = [len(table(figure, "weights"))]
    while more.is_enabled():
        more.click()
        sizes.append(len(table(figure, "weights")))
    while fewer.is_enabled():
        fewer.click()
        sizes.append(len(table(figure, "weights")))
    assert sizes == [3, 4, 5, 4, 3, 2]
    assert table(figure, "weights").sum(dim=1).tolist() == pytest.approx([1, 1], abs=1e-12)
    figure.get_by_role("button", name="Reset").click()
    assert_numbers(figure, state_of("Orthogonal"))


@pytest.mark.parametrize(("role", "index"), [("q", 2), ("k", 0), ("v", 1)])
def test_dragging_moves_a_vector_to_where_the_pointer_is(role: str, index: int, page, write_page) -> None:
    figure, state = opened(page, write_page(QueryKeyValue("Worked example"))), state_of("Worked example")
    handle = figure.locator(f"[data-handle={role}{index}]")
    plane = figure.locator(".plane").nth(int(role == "v")).bounding_box()
    pixel = plane["width"] / 320  # the view box is 320 wide, with 22 beyond the largest coordinate
    unit = pixel * (160 - 22) / 1.5  # this preset's planes reach 1.5
    x, y = state[role][index]
    middle = (plane["x"] + plane["width"] / 2, plane["y"] + plane["height"] / 2)
    # The query lies under a key here, and is larger: it is taken by its rim.
    grip = (middle[0] + x * unit - (17 * pixel if role == "q" else 0), middle[1] - y * unit)
    page.mouse.move(*grip)
    page.mouse.down()
    page.mouse.move(grip[0] - unit, grip[1] + unit / 2, steps=5)
    page.mouse.up()
    state[role][index] = [x - 1, y - 0.5]
    assert handle.get_attribute("aria-valuenow") == f"{x - 1:g}"
    assert_numbers(figure, state)


def test_a_finger_drags_a_vector_and_not_the_page(new_page, write_page) -> None:
    page = new_page(width=390, height=500, has_touch=True)
    figure, state = opened(page, write_page(QueryKeyValue("Orthogonal"))), state_of("Orthogonal")
    plane = figure.locator(".plane").first
    plane.scroll_into_view_if_needed()
    scrolled, box = page.evaluate("scrollY"), plane.bounding_box()
    unit = box["width"] / 320 * (160 - 22) / 2  # this preset's plane reaches 2
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2 - 1.6 * unit  # the end of key 0
    touch = page.context.new_cdp_session(page)
    for step in range(6):
        point = {"x": x - step / 5 * unit, "y": y + step / 5 * unit}
        kind = "touchMove" if step else "touchStart"
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    state["k"][0] = [-1.0, 0.6]
    assert_numbers(figure, state)
    assert page.evaluate("scrollY") == scrolled


def test_everything_works_from_the_keyboard_alone(page, write_page) -> None:
    figure, state = opened(page, write_page(QueryKeyValue("Worked example"))), state_of("Worked example")
    keyboard = page.keyboard
    reached = []
    active = """() => {
        let at = document.activeElement;
        while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
        const {handle, cell, field, preset, mask} = at.dataset;
        return handle ?? cell ?? field ?? preset ?? mask ?? (at.ariaLabel || at.className || at.tagName);
    }"""

    def tab_to(name: str) -> None:
        for _ in range(80):
            keyboard.press("Tab")
            reached.append(page.evaluate(active))
            if reached[-1] == name:
                return
        raise AssertionError(f"Tab does not reach {name}; it reaches {reached}")

    tab_to("Worked example")
    tab_to("q2")
    keyboard.press("ArrowLeft")
    keyboard.press("Shift+ArrowDown")
    state["q"][2] = [0.9, 0.5]
    tab_to("k0")
    keyboard.press("ArrowUp")
    state["k"][0] = [1.0, 0.1]
    tab_to("x₃ may attend to x₂")
    keyboard.press("Space")
    state["mask"][2][1] = False
    tab_to("scaled")
    keyboard.press("Space")
    state["scaled"] = False
    tab_to("temperature")
    keyboard.press("End")
    state["temperature"] = 10.0
    tab_to("v1")
    keyboard.press("Shift+ArrowRight")
    state["v"][1] = [0.5, 1.0]
    tab_to("0,0")
    keyboard.press("ArrowRight")
    keyboard.press("ArrowDown")
    keyboard.press("Enter")
    state["mask"][1][1] = False
    assert_numbers(figure, state)
    tab_to("SUMMARY")  # where q, k and v come from
    tab_to("SUMMARY")  # the numbers, to be edited
    keyboard.press("Enter")
    tab_to("q0y")
    keyboard.press("Control+A")
    keyboard.type("-1.25")
    state["q"][0] = [1.0, -1.25]
    assert_numbers(figure, state)
    # Back among the queries, the arrow keys choose.
    figure.get_by_role("radio", name="x₃").focus()
    keyboard.press("ArrowLeft")
    assert figure.get_by_role("radio", name="x₂").is_checked()
    expect(figure.locator(".summary")).to_contain_text("‘x₂’ attends")


def test_a_focused_vector_shows_a_ring(page, write_page) -> None:
    figure = opened(page, write_page(QueryKeyValue()))
    ring = figure.locator("[data-handle=k1] .ring")
    colour = "ring => getComputedStyle(ring).stroke"
    assert ring.evaluate(colour) == "rgba(0, 0, 0, 0)"
    figure.locator("[data-handle=k0]").focus()
    page.keyboard.press("Tab")
    assert ring.evaluate(colour) == "rgb(10, 94, 168)"


def test_the_change_is_said_in_a_sentence(page, write_page) -> None:
    figure = opened(page, write_page(QueryKeyValue("Worked example")))
    said = figure.get_by_role("status")
    sentence = "‘x₃’ attends 50% to ‘x₃’, 25% to ‘x₁’ and 25% to ‘x₂’. Its output is [0.75, 0.75]."
    expect(figure.locator(".summary")).to_have_text(sentence)
    figure.get_by_role("checkbox", name="x₃ may attend to x₁").uncheck()
    expect(said).to_have_text(  # softmax of √2 and 1/√2 is 0.67 and 0.33
        "‘x₃’ attends 67% to ‘x₃’, 33% to ‘x₂’ and 0% to ‘x₁’ (masked). Its output is [0.67, 1.00]."
    )


def test_what_is_no_number_is_marked_and_changes_nothing(page, write_page) -> None:
    figure, state = opened(page, write_page(QueryKeyValue("Worked example"))), state_of("Worked example")
    figure.get_by_text("Edit the numbers").click()
    field = figure.locator("[data-field=k1x]")
    for wrong in ("", "11", "-1e9"):
        field.fill(wrong)
        assert field.get_attribute("aria-invalid") == "true"
        assert_numbers(figure, state)
    field.blur()
    assert (field.input_value(), field.get_attribute("aria-invalid")) == ("0", None)


def test_labels_can_be_changed_and_hold_no_markup(page, write_page) -> None:
    figure = opened(page, write_page(QueryKeyValue("Worked example", labels=["<b>x", "</script>", "机器"])))
    expect(figure.locator(".queries label")).to_have_text(["<b>x", "</script>", "机器"])
    figure.get_by_text("Edit the numbers").click()
    figure.get_by_label("token 1", exact=True).fill("<i>")
    expect(figure.locator(".queries label")).to_have_text(["<i>", "</script>", "机器"])
    assert page.locator("i, b:not(.share b)").count() == 0


def test_two_figures_on_one_page_share_the_module_and_nothing_else(page, write_page) -> None:
    first = opened(page, write_page(QueryKeyValue("Worked example"), QueryKeyValue("Peaked")))
    second = page.locator(".figure").nth(1)
    second.wait_for()
    first.get_by_role("radio", name="x₁").check(force=True)
    first.get_by_role("checkbox", name="x₁ may attend to x₁").uncheck()
    changed = state_of("Worked example")
    changed["mask"][0][0] = False
    assert_numbers(first, changed)
    assert_numbers(second, state_of("Peaked"))
    assert second.get_by_role("radio", name="a", exact=True).is_checked()
    assert page.locator("script[src]").count() == 2  # the kit and the figure, once a page


def test_nothing_overflows_at_any_width(page, write_page) -> None:
    labels = ["WWWWWWWWWWWW", "animal", "机器学习机器学习机器学习", "d", "e"]
    figure = opened(page, write_page(QueryKeyValue(labels=labels)))
    for title in ("Edit the numbers", "All the numbers"):
        figure.get_by_text(title).click()
    for width in (360, 390, 640, 760, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        beyond = figure.evaluate("""figure => {
            const right = figure.getBoundingClientRect().right;
            return [...figure.querySelectorAll('button, input, table, svg, p, summary')]
                .filter(each => each.getBoundingClientRect().right > right + 0.5 && !each.closest('.numbers'))
                .map(each => each.outerHTML.slice(0, 80));
        }""")
        assert (width, beyond) == (width, [])


@pytest.mark.parametrize(
    ("said", "system_dark", "theme"),
    [("dark", False, "dark"), ("light", True, "light"), (None, True, "dark"), (None, False, "light")],
)
def test_text_stands_out_in_light_and_dark(said, system_dark, theme, new_page, write_page) -> None:
    page = new_page(dark=system_dark, reduced_motion=True)  # no colour is read half-way
    figure = opened(page, write_page(QueryKeyValue(), root=f"data-theme='{said}'" if said else ""))
    assert figure.get_attribute("data-theme") == theme
    for title in ("Edit the numbers", "All the numbers"):
        figure.get_by_text(title).click()
    for preset in ("Peaked", "A sentence"):
        figure.get_by_role("button", name=preset).click()
        figure.locator('[data-cell="1,0"]').click()
        page.mouse.move(0, 0)
        contrasts = page.locator(".interactive-figure > div:last-child").evaluate(CONTRASTS)
        assert len(contrasts) > 60
        assert [(ratio, text) for ratio, text in contrasts if ratio < 4.5] == []


def test_the_theme_follows_the_page_without_a_reload(page, write_page) -> None:
    figure = opened(page, write_page(QueryKeyValue(), root="data-theme='light'"))
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    expect(figure).to_have_attribute("data-theme", "dark")
    page.evaluate("delete document.documentElement.dataset.theme; document.body.dataset.jpThemeLight = 'false'")
    expect(figure).to_have_attribute("data-theme", "dark")
    page.evaluate("document.body.dataset.jpThemeLight = 'true'")
    expect(figure).to_have_attribute("data-theme", "light")


@pytest.mark.parametrize("reduced", [True, False])
def test_nothing_moves_by_itself_where_the_reader_asked_for_that(reduced: bool, new_page, write_page) -> None:
    figure = opened(new_page(reduced_motion=reduced), write_page(QueryKeyValue()))
    durations = figure.evaluate(
        "figure => [...figure.querySelectorAll('*')].map(each => getComputedStyle(each).transitionDuration)"
    )
    assert (set(durations) == {"0s"}) is reduced


def test_without_scripts_the_table_of_the_library_stands_there(new_page, write_page) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(write_page(QueryKeyValue("Worked example")).as_uri())
    expect(page.get_by_role("row").nth(3)).to_have_text("x₃0.24830.24830.5035[0.7517, 0.7517]")


def test_with_scripts_the_table_is_hidden_and_paper_is_light(new_page, write_page) -> None:
    page = new_page(dark=True)
    figure = opened(page, write_page(QueryKeyValue("Worked example")))
    expect(page.locator(".interactive-figure-fallback")).to_be_hidden()
    page.emulate_media(media="print")
    expect(figure).to_have_attribute("data-theme", "light")
    expect(figure.locator(".controls")).to_be_hidden()
    expect(figure.locator(".plane").first).to_be_visible()
