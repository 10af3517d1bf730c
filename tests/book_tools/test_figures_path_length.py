"""The figure path length: its counts against the library's layers, gradients and a search in a graph made here."""

import base64
import itertools
import math

import pytest
import torch
from figure_harness import check_figure, opened, table
from playwright.sync_api import expect

from book_tools.figures import FigureError, PathLength
from book_tools.figures.path_length import NETWORKS, path_length, steps_that_wait
from transformer_lab.predecessors.dilated import DilatedStack, field_by_gradient, field_size, layers_to_see
from transformer_lab.predecessors.recurrent_cells import VanillaCell, run

browser = pytest.mark.browser
CONVOLUTIONS = [{"w": 2}, {"w": 3}, {"w": 4, "gaps": True}, {"w": 3, "gaps": True}, {"w": 5, "both": True}]
# What is shown: (the figure's state, how its convolution looks around).
SHOWN = [
    {"n": 9, "first": 2, "second": 8},
    {"n": 16, "first": 12, "second": 3, "both": True},
    {"n": 16, "first": 1, "second": 16, "network": "convolution", "gaps": True},
    {"n": 13, "first": 13, "second": 1, "network": "convolution", "w": 5, "both": True},
    {"n": 11, "first": 9, "second": 4, "network": "attention", "w": 2},
]


def arrivals(network: str, n: int, first: int, *, w: int = 3, gaps: bool = False, both: bool = False) -> list[float]:
    """By powers of "who hears whom in a step": the step after which each place has heard of the first."""
    if network == "recurrent":  # a chain computes its state at a place when it has read up to it
        right = [p if p >= first else math.inf for p in range(1, n + 1)]
        left = [n + 1 - p if both and p <= first else math.inf for p in range(1, n + 1)]
        found = [min(pair) for pair in zip(right, left, strict=True)]
        found[first - 1] = 0
        return found
    places = torch.arange(n)
    distance = places[:, None] - places
    heard, found = places == first - 1, [0.0 if p == first else math.inf for p in range(1, n + 1)]
    for step in range(n):
        gap = w**step if gaps else 1
        if network == "attention":
            may = torch.ones(n, n, dtype=torch.bool)
        else:
            may = (distance.abs() % gap == 0) & (distance.abs() <= (w // 2 if both else w - 1) * gap)
        may &= distance >= 0 if not both else True
        heard = (may & heard).any(dim=1)
        found = [min(old, step + 1 if now else math.inf) for old, now in zip(found, heard.tolist(), strict=True)]
    return found


@pytest.mark.parametrize("how", CONVOLUTIONS)
def test_the_path_of_a_convolution_is_where_its_gradient_arrives(how: dict) -> None:
    both, w = how.get("both", False), how["w"]
    for n in (4, 9, 16):
        for layers in range(1, 9):
            torch.manual_seed(layers)
            dilations = [w**i if how.get("gaps") else 1 for i in range(layers)]
            stack = DilatedStack(3, w, dilations, causal=not both).double()
            seen = field_by_gradient(stack, torch.randn(1, n, 3, dtype=torch.float64), n - 1) > 0
            reached = [path_length("convolution", n - p, **how) <= layers for p in range(1, n + 1)]
            assert seen.tolist() == reached
            if not both:
                assert field_size(w, dilations) >= n or not reached[0]
        if not both:
            assert path_length("convolution", n - 1, **how) == layers_to_see(n, w, how.get("gaps", False))


def test_the_path_of_a_recurrent_network_is_the_number_of_its_state_matrices_in_the_gradient() -> None:
    """The state's matrix scaled by c scales a gradient that has passed it k times by cᵏ where tanh does not bend."""
    cell = VanillaCell(3, 3).double()
    x = torch.zeros(1, 7, 3, dtype=torch.float64, requires_grad=True)  # tanh at 0 has slope 1
    for name, parameter in cell.named_parameters():
        if "bias" in name:
            torch.nn.init.zeros_(parameter)
    sizes = []
    for scale in (1, 2):
        cell.from_state.weight.data *= scale
        (gradient,) = torch.autograd.grad(run(cell, x)[0][0, -1].sum(), x)
        sizes.append(gradient[0].norm(dim=-1))
    passed = (sizes[1] / sizes[0]).log2()
    expected = [path_length("recurrent", 7 - p) for p in range(1, 8)]
    torch.testing.assert_close(passed, torch.tensor(expected, dtype=torch.float64), rtol=0, atol=1e-9)


@browser
@pytest.mark.parametrize("state", SHOWN)
def test_the_pages_numbers_are_the_librarys_and_those_of_a_search(state: dict, page, write_page) -> None:
    figure = PathLength(**state)
    located = opened(page, write_page(figure))
    how = {"w": figure.w, "gaps": figure.gaps, "both": figure.both}
    distance = figure.second - figure.first
    searched = torch.tensor([arrivals(name, figure.n, figure.first, **how) for name in NETWORKS], dtype=torch.float64)
    assert torch.equal(table(located, "arrivals"), searched)
    counted = table(located, "counts")
    for row, name in zip(counted.tolist(), NETWORKS, strict=True):
        waits, path = steps_that_wait(name, figure.n, **how), path_length(name, distance, **how)
        path = math.inf if path is None else path
        assert row == [waits, waits, path, path], name
        if name != "recurrent":  # what a convolution or attention needs to arrive is its path
            assert searched[NETWORKS.index(name), figure.second - 1] == path


@browser
def test_it_counts_as_its_formulas_for_every_choice(page, write_page) -> None:
    """Through the page's own controls: every n, window and direction, and all pairs of a few lengths."""
    located = opened(page, write_page(PathLength("convolution", n=4, first=1, second=4)))
    slide = {name: located.locator(f"[data-trait={name}]") for name in ("n", "first", "second")}
    for n, (w, kind) in itertools.product((5, 8, 16), itertools.product(("3", "5"), ("", "gaps", "both"))):
        slide["n"].fill(str(n))
        for name in ("gaps", "both"):
            located.locator(f".{name}").set_checked(kind == name)
        located.get_by_role("radio", name=w, exact=True).check(force=True)
        how = {"w": int(w), "gaps": kind == "gaps", "both": kind == "both"}
        for first, second in {(1, n), (n, 1), (2, n - 1), (n - 1, 2)}:
            slide["first"].fill(str(first))
            slide["second"].fill(str(second))
            expected = []
            for name in NETWORKS:
                waits, path = steps_that_wait(name, n, **how), path_length(name, second - first, **how)
                expected.append([waits, waits, *[math.inf if path is None else path] * 2])
            assert table(located, "counts").tolist() == expected, (n, first, second, how)


@browser
def test_steps_tell_who_has_heard(page, write_page) -> None:
    figure = opened(page, write_page(PathLength()))
    said, forward = figure.locator(".summary"), figure.get_by_role("button", name="Step forward")
    expect(said).to_have_text("Step 1 of 9: “The” is read; words that wait: 8. “slept” has not heard of “animal” yet.")
    assert figure.locator(".lattice .link.way").count() == 0
    for _ in range(7):
        forward.press("Enter")
    expect(said).to_have_text(
        "Step 8 of 9: “slept” is read; words that wait: 1. “slept” has heard of “animal”; the path has length 6."
    )
    assert figure.locator(".lattice .link.way").count() == 7  # six between states, one from the word into its own
    figure.get_by_role("button", name="Step back").press("Enter")
    expect(said).to_contain_text("has not heard")


@browser
def test_words_are_chosen_in_the_drawing_and_two_never_fall_together(page, write_page) -> None:
    figure = opened(page, write_page(PathLength()))
    figure.locator(".lattice .hit").nth(8).click()  # above and below alternate: 8 is above the fifth word
    expect(figure.locator("[data-trait=first]")).to_have_value("5")
    figure.locator("[data-trait=second]").fill("5")
    expect(figure.locator("[data-trait=first]")).to_have_value("8")
    figure.get_by_role("button", name="Undo").click()
    expect(figure.locator("[data-trait=second]")).to_have_value("8")


@browser
def test_the_slider_of_the_words_keeps_the_hand_while_it_moves(page, write_page) -> None:
    figure = opened(page, write_page(PathLength()))
    words = figure.locator("[data-trait=n]")
    words.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "ArrowRight"):
        page.keyboard.press(key)
    expect(words).to_have_value("11")
    expect(words).to_be_focused()
    expect(figure.locator("[data-trait=second]")).to_have_attribute("max", "11")
    figure.locator("[data-trait=second]").fill("11")
    words.fill("6")  # a chosen word that is gone gives way to the last one
    expect(figure.locator("[data-trait=second]")).to_have_value("6")
    expect(figure.locator(".lattice .word")).to_have_count(12)


@browser
def test_the_goals_are_met_by_what_they_ask(page, write_page) -> None:
    figure = opened(page, write_page(PathLength()))

    def met(goal: str) -> None:
        expect(figure.locator(f"[data-goal={goal}]")).to_have_attribute("data-met", "")

    def slide(**values: int) -> None:
        for name, value in values.items():
            figure.locator(f"[data-trait={name}]").fill(str(value))

    for goal in ("far", "arrive", "back"):
        expect(figure.locator(f"[data-goal={goal}]")).not_to_have_attribute("data-met", "")
    slide(n=14, first=2, second=14)
    met("far")
    slide(first=1)
    figure.locator(".step-slider").fill("12")
    expect(figure.locator("[data-goal=arrive]")).not_to_have_attribute("data-met", "")
    figure.locator(".step-slider").fill("13")
    met("arrive")
    slide(first=9, second=4)
    expect(figure.locator("[data-goal=back]")).not_to_have_attribute("data-met", "")
    figure.locator(".both").check()
    met("back")
    figure.get_by_role("radio", name="convolution").check(force=True)
    figure.locator(".gaps").check()
    slide(n=16)
    met("three")
    figure.get_by_role("radio", name="5", exact=True).check(force=True)
    slide(first=3, second=7)
    met("one")
    figure.get_by_role("radio", name="attention").check(force=True)
    slide(first=9, second=4)
    met("two")
    figure.locator(".both").check()
    figure.locator(".step-slider").fill("0")
    met("once")


@browser
def test_an_address_keeps_a_state_and_a_wrong_one_is_refused(page, write_page) -> None:
    path = write_page(PathLength())
    figure = opened(page, path)
    figure.get_by_role("radio", name="convolution").check(force=True)
    figure.locator("[data-trait=n]").fill("12")
    figure.get_by_role("button", name="Link to this state").click()
    kept = page.evaluate("location.hash")
    page.goto("about:blank")
    again = opened(page, path, kept)
    expect(again.locator("[data-trait=n]")).to_have_value("12")
    page.goto("about:blank")
    too_many = base64.urlsafe_b64encode(b'{"network":"convolution","n":99}').decode().rstrip("=")
    refused = opened(page, path, f"#figure=PathLength.1.{too_many}")
    expect(refused.locator("[data-trait=n]")).to_have_value("9")
    expect(refused.get_by_role("radio", name="recurrent")).to_be_checked()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"network": "rnn"}, "network='rnn' is unknown; choose one of 'recurrent', 'convolution', 'attention'."),
        ({"n": 17}, "n=17 is outside 4 to 16"),
        ({"second": 10}, "second=10 is outside 1 to n=9"),
        ({"step": 0}, "step=0 is outside 1 to n=9"),
        ({"first": 8}, "first and second are both 8"),
        ({"w": 7}, "w=7 is not one of the windows 2, 3, 4, 5"),
        ({"w": 4, "both": True}, "w=4 has no middle"),
        ({"gaps": True, "both": True}, "gaps and both exclude each other"),
    ],
)
def test_what_cannot_be_shown_gets_a_sentence(given: dict, sentence: str) -> None:
    with pytest.raises(FigureError, match=sentence):
        PathLength(**given)


def test_without_scripts_the_counts_are_a_table() -> None:
    shown = PathLength(first=8, second=2).fallback_html()
    assert '<th scope="row">recurrent</th><td>9</td><td>never</td>' in shown
    assert '<th scope="row">convolution</th><td>4</td><td>never</td>' in shown
    assert repr(PathLength()).endswith("recurrent 9 steps that wait, path 6, "
        "convolution 4 steps that wait, path 3, attention 1 steps that wait, path 1")  # fmt: skip


@browser
@pytest.mark.parametrize("network", ["recurrent", "convolution"])
def test_it_is_a_good_figure(network: str, new_page, write_page) -> None:
    check_figure(PathLength(network), new_page, write_page)
