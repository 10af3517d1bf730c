"""What the test of an interactive figure needs: a page with it, its numbers, and the checks that hold for every figure.

A figure's own test then says only what its numbers are:

    def test_numbers(page, write_page):
        figure = opened(page, write_page(SqrtDk()))
        torch.testing.assert_close(table(figure, "logits"), expected, rtol=0, atol=TOLERANCE)

    def test_is_a_good_figure(new_page, write_page):
        check_figure(SqrtDk(), new_page, write_page)
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import torch
from accessibility import axe_violations
from contrast import CONTRASTS
from playwright.sync_api import Locator, Page

from book_tools.figures import Figure, bundles

TOLERANCE = 1e-6  # between a page's numbers and the library's, absolute
WIDTHS = (320, 390, 760, 1300)

READ_TABLE = """table => [...table.querySelectorAll('tbody tr')].map(
    row => [...row.querySelectorAll('td')].map(cell => Number(cell.dataset.value)))"""

BEYOND = """figure => {
    const right = figure.getBoundingClientRect().right;
    return [...figure.querySelectorAll('button, input, table, svg, p, summary, li')]
        .filter(each => each.getBoundingClientRect().right > right + 0.5 && !each.closest('.numbers'))
        .map(each => each.outerHTML.slice(0, 80));
}"""

# Text of pictures is scaled with them: what the reader sees is the size on the screen.
SMALL_TEXT = """figure => [...figure.querySelectorAll('svg text')]
    .filter(each => each.textContent.trim() && each.getClientRects().length)
    .map(each => [parseFloat(getComputedStyle(each).fontSize), each.getScreenCTM(), each])
    .map(([size, to, each]) => [size * Math.hypot(to.a, to.b), each.textContent])
    .filter(([size]) => size < 9)"""

ACTIVE = """() => {
    let at = document.activeElement;
    while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
    if (!at || at === document.body) return null;
    const style = getComputedStyle(at), ring = at.querySelector('.ring'), beside = at.nextElementSibling;
    const seen = style.outlineStyle !== 'none' || (ring && getComputedStyle(ring).stroke !== 'rgba(0, 0, 0, 0)')
        || (at.type === 'radio' && getComputedStyle(beside).outlineStyle !== 'none');
    const name = at.getAttribute('aria-label') || at.labels?.[0]?.textContent || at.textContent;
    const index = [...at.getRootNode().querySelectorAll('*')].indexOf(at);
    return {name: name.trim(), seen: Boolean(seen), index, tag: at.tagName, figure: Boolean(at.closest('.figure'))};
}"""


def figure_page(folder: Path, *figures: Figure, root: str = "", text: str = "<p>Text between.</p>") -> Path:
    """Writes a page with figures into `folder`, as the book's cells and its Sphinx extension put them there."""
    body = f"\n{text}\n".join(figure.page_html() for figure in figures)
    names = bundles.scripts_of(body)
    for name in names:
        shutil.copy(bundles.BUILT / f"{name}.js", folder)
    scripts = "".join(f'<script defer src="{name}.js"></script>' for name in names)
    path = folder / "page.html"
    path.write_text(
        f'<!doctype html><html lang="en" {root}><head><meta charset="utf-8"><title>Page</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{scripts}</head>'
        f'<body style="font-family: sans-serif; margin: 16px"><main>{body}</main></body></html>',
        encoding="utf-8",
    )
    return path


def opened(page: Page, path: Path, fragment: str = "") -> Locator:
    """The first figure of a page that is opened as a file."""
    page.goto(path.as_uri() + fragment)
    figure = page.locator(".figure").first
    figure.wait_for()
    return figure


def table(figure: Locator, name: str) -> torch.Tensor:
    """One of the figure's number tables, at full precision."""
    return torch.tensor(figure.locator(f"[data-table={name}]").evaluate(READ_TABLE), dtype=torch.float64)


def unfold(figure: Locator) -> None:
    """Opens everything that is folded."""
    figure.evaluate("figure => figure.querySelectorAll('details').forEach(each => (each.open = true))")


def tab_stops(page: Page, limit: int = 200) -> list[dict]:
    """What Tab reaches inside the figures: the accessible name of each stop, and whether its focus is seen."""
    stops = []
    for _ in range(limit):
        page.keyboard.press("Tab")
        now = page.evaluate(ACTIVE)
        if now is None or (stops and not now["figure"]):
            return stops
        if now["figure"]:
            stops.append(now)
    raise AssertionError(f"Tab does not leave the figure in {limit} presses: {[stop['name'] for stop in stops][-5:]}")


def check_figure(figure: Figure, new_page: Callable[..., Page], write_page: Callable[..., Path]) -> None:
    """What holds for every figure: widths, themes, contrast, axe, keyboard, motion, print, no script, no error."""
    path = write_page(figure)
    _check_widths(new_page(), path)
    for dark in (False, True):
        _check_theme(new_page(dark=dark, reduced_motion=True), path, "dark" if dark else "light")
        for width in (390, 1300):
            _check_axe(new_page(dark=dark, reduced_motion=True, width=width), path)
    _check_keyboard(new_page(), path)
    _check_forced_colours(new_page(), path)
    without = new_page(java_script_enabled=False)
    without.goto(path.as_uri())
    assert without.locator(".interactive-figure-fallback").first.inner_text().strip(), (
        "nothing stands there without scripts"
    )


def _check_widths(page: Page, path: Path) -> None:
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type in ("error", "warning") else None)
    located = opened(page, path)
    unfold(located)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"the page is wider than {width} px"
        assert (width, located.evaluate(BEYOND)) == (width, [])
    page.set_viewport_size({"width": 390, "height": 844})
    assert located.evaluate(SMALL_TEXT) == []
    page.emulate_media(media="print")
    assert located.get_attribute("data-theme") == "light"
    assert errors == []


def _check_theme(page: Page, path: Path, theme: str) -> None:
    located = opened(page, path)
    assert located.get_attribute("data-theme") == theme
    unfold(located)
    page.mouse.move(0, 0)
    contrasts = page.locator(".interactive-figure > div:last-child").first.evaluate(CONTRASTS)
    assert contrasts
    assert [(ratio, text) for ratio, text in contrasts if ratio < 4.5] == []
    durations = located.evaluate(
        "figure => [...figure.querySelectorAll('*')].map(each => getComputedStyle(each).transitionDuration)"
    )
    assert set(durations) == {"0s"}, "something moves although the reader asked for no motion"


def _check_axe(page: Page, path: Path) -> None:
    unfold(opened(page, path))
    violations, passed = axe_violations(page, ".interactive-figure")
    # Rules that need what stands in the shadow root: axe has looked inside.
    assert {"button-name", "color-contrast", "aria-allowed-attr"} <= set(passed)
    assert violations == [], "\n".join(violations)


def _check_keyboard(page: Page, path: Path) -> None:
    located = opened(page, path)
    unfold(located)
    stops = tab_stops(page)
    assert [stop for stop in stops if not stop["name"]] == [], "a stop without a name"
    assert [stop["name"] for stop in stops if not stop["seen"]] == [], "stops whose focus is not seen"
    reached = {stop["index"] for stop in stops}
    # One of a group of radio buttons, and one cell of a heat map, stand for all of theirs.
    wanted = located.evaluate("""figure => {
        const all = [...figure.getRootNode().querySelectorAll('*')];
        return all.filter(each => each.matches('button, input, summary, [tabindex]') && each.tabIndex >= 0
            && !each.disabled && each.getClientRects().length && !(each.type === 'radio' && !each.checked))
            .map(each => [all.indexOf(each), each.outerHTML.slice(0, 90)]);
    }""")
    assert [what for index, what in wanted if index not in reached] == []


def _check_forced_colours(page: Page, path: Path) -> None:
    page.emulate_media(forced_colors="active")
    located = opened(page, path)
    same = located.evaluate("""figure => [...figure.querySelectorAll(
            '.fill, [aria-pressed=true], .choice input:checked + span')]
        .filter(each => each.getClientRects().length && each.getBoundingClientRect().width > 1
            && !each.matches('.off'))
        .filter(each => getComputedStyle(each).backgroundColor === getComputedStyle(figure).backgroundColor)
        .map(each => each.outerHTML.slice(0, 90))""")
    assert same == [], "in forced colours these do not stand out"
    heats = located.evaluate("""figure => [...figure.querySelectorAll('.heatmap td button:not(.off)')]
        .map(each => getComputedStyle(each).backgroundColor)""")
    shown = located.evaluate(
        "figure => [...figure.querySelectorAll('.heatmap td button:not(.off)')].map(each => each.style.backgroundColor)"
    )
    assert heats == shown, "in forced colours the heat vanishes"
