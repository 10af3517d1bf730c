"""The figure receptive field: its numbers against the library's, its fields against paths counted one by one."""

import itertools

import pytest
import torch
from figure_harness import TOLERANCE, check_figure, opened, table
from playwright.sync_api import expect

from book_tools.figures import FigureError, ReceptiveField
from book_tools.figures.receptive_field import MOST, N, dilations

browser = pytest.mark.browser
STATES = [
    {"w": 3, "layers": 8, "gaps": "none"},
    {"w": 3, "layers": 4, "gaps": "doubled"},
    {"w": 3, "layers": 2, "gaps": "powers", "poked": 16},
    {"w": 5, "layers": 2, "gaps": "holes", "both": True, "asked": 8, "poked": 8},
    {"w": 3, "layers": 3, "gaps": "none", "both": True, "asked": 0, "poked": 2},
]


def moved(figure: ReceptiveField) -> torch.Tensor:
    """How far each position of each layer moves, the output first, by the library's layers."""
    stack, before = figure.stack(), figure.inputs()
    after = before.clone()
    after[0, figure.poked] = 1 - after[0, figure.poked]
    rows = [(before - after).norm(dim=-1)[0]]
    with torch.no_grad():
        for layer in stack.layers:
            before, after = before + torch.tanh(layer(before)), after + torch.tanh(layer(after))
            rows.append((before - after).norm(dim=-1)[0])
    return torch.stack(rows[::-1])


def counted(figure: ReceptiveField) -> set[int]:
    """The inputs to which a path leads, each path walked by itself."""
    steps = range(-(figure.w // 2), figure.w // 2 + 1) if figure.both else range(-figure.w + 1, 1)
    gaps = dilations(figure.gaps, figure.w, figure.layers)
    ends = set()
    for walk in itertools.product(steps, repeat=len(gaps)):
        at, inside = figure.asked, True
        for step, gap in zip(walk, reversed(gaps), strict=True):  # from the output down
            at += step * gap
            inside &= 0 <= at < N  # beyond the ends are zeros: no path
        ends |= {at} if inside else set()
    return ends


@browser
@pytest.mark.parametrize("state", STATES)
def test_the_pages_numbers_are_the_librarys(state: dict, page, write_page) -> None:
    figure = ReceptiveField(**state)
    located = opened(page, write_page(figure))
    torch.testing.assert_close(table(located, "moved"), moved(figure), rtol=1e-9, atol=TOLERANCE)
    formula, reached, effect = table(located, "fields")
    expected = figure.fields()
    assert torch.equal(formula, expected[0])
    assert torch.equal(reached, expected[1])
    torch.testing.assert_close(effect, expected[2], rtol=1e-6, atol=1e-8)  # differences against gradients


@pytest.mark.parametrize("state", STATES)
def test_what_moves_an_output_is_what_a_path_leads_to(state: dict) -> None:
    if state["layers"] == 8:
        state = state | {"layers": 6}  # 3⁶ paths are enough
    figure = ReceptiveField(**state)
    assert set(figure.fields()[1].nonzero().flatten().tolist()) == counted(figure)


@browser
def test_goals_and_what_is_said(page, write_page) -> None:
    figure = opened(page, write_page(ReceptiveField()))
    far, hole, faint, leak = (figure.locator(f"[data-goal={name}]") for name in ("far", "hole", "faint", "leak"))
    slider = figure.get_by_role("slider", name="layers")
    slider.fill("8")
    expect(faint).to_have_attribute("data-met", "")
    expect(far).not_to_have_attribute("data-met", "")
    figure.get_by_role("radio", name="1, 2, 4 …").check(force=True)
    slider.fill("4")
    expect(far).to_have_attribute("data-met", "")
    expect(hole).not_to_have_attribute("data-met", "")
    figure.get_by_role("radio", name="2, 4, 8 …").check(force=True)
    expect(hole).to_have_attribute("data-met", "")
    expect(figure.locator(".summary")).to_contain_text("left holes")
    figure.locator(".both").check()
    figure.locator('[data-cell="0,8"]').first.click()
    expect(leak).to_have_attribute("data-met", "")
    expect(figure.locator(".summary")).to_contain_text("of its future")


@browser
def test_poking_by_the_keyboard_and_the_address_keeps_it(page, write_page) -> None:
    figure = opened(page, write_page(ReceptiveField(layers=2)))
    cell = figure.locator('[data-cell="2,4"]').first
    cell.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(figure.locator('[data-cell="2,5"]').first).to_have_class("chosen")
    torch.testing.assert_close(
        table(figure, "moved"), moved(ReceptiveField(layers=2, poked=5)), rtol=1e-9, atol=TOLERANCE
    )


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"w": 4}, "w=4 is no window here; choose one of 3, 5"),
        ({"layers": 0}, f"layers=0 is outside 1 to {MOST}"),
        ({"gaps": "wide"}, "gaps='wide' is unknown; choose one of none, doubled, powers, holes"),
        ({"poked": 17}, "poked=17 is outside 0 to 16"),
        ({"asked": -1}, "asked=-1 is outside 0 to 16"),
    ],
)
def test_what_cannot_be_shown_gets_a_sentence(given: dict, sentence: str) -> None:
    with pytest.raises(FigureError, match=sentence):
        ReceptiveField(**given)


@browser
def test_it_is_a_good_figure(new_page, write_page) -> None:
    check_figure(ReceptiveField(), new_page, write_page)
