"""The figure √d_k: its numbers against the library's and torch's, and that it is a good figure."""

import pytest
import torch
from figure_harness import TOLERANCE, check_figure, opened, table
from playwright.sync_api import expect

from book_tools.figures import FigureError, SqrtDk
from book_tools.figures.sqrt_dk import SIZES, TRAINED_SIZES, measure

browser = pytest.mark.browser


def jacobian_norm(logits: torch.Tensor) -> float:
    """By automatic differentiation, not by the formula."""
    norms = [torch.autograd.functional.jacobian(lambda row: row.softmax(0), row).norm() for row in logits]
    return torch.stack(norms).mean().item()


@browser
@pytest.mark.parametrize(
    ("kind", "d", "scaled"), [("random", 48, False), ("random", 256, True), ("trained", 64, False)]
)
def test_the_pages_numbers_are_the_librarys(kind: str, d: int, scaled: bool, page, write_page) -> None:
    figure = SqrtDk(64, kind)
    located = opened(page, write_page(figure))
    if kind == "random":
        located.locator("[data-field=d]").fill(str(d))
    if scaled:
        located.locator(".scaled").check()
    now = measure(*figure.vectors(d, kind), scaled=scaled)
    torch.testing.assert_close(table(located, "logits"), now.logits, rtol=0, atol=TOLERANCE)
    torch.testing.assert_close(table(located, "weights"), now.weights, rtol=0, atol=TOLERANCE)
    expected = [
        [
            getattr(measure(*figure.vectors(size, kind), scaled=on), name)
            for name in ("variance", "jacobian")
            for on in (False, True)
        ]
        for size in (SIZES if kind == "random" else TRAINED_SIZES)
    ]
    expected = torch.tensor(expected, dtype=torch.float64)
    torch.testing.assert_close(table(located, "curves"), expected, rtol=1e-9, atol=TOLERANCE)
    expect(located.locator(".summary")).to_contain_text(f"d = {d}: ")


@pytest.mark.parametrize("d", SIZES)
@pytest.mark.parametrize("scaled", [False, True])
def test_variance_and_jacobian_are_torchs(d: int, scaled: bool) -> None:
    q, k = SqrtDk().vectors(d, "random")
    now = measure(q, k, scaled=scaled)
    logits = q @ k.T / (d**0.5 if scaled else 1)
    assert now.variance == pytest.approx(logits.var(correction=0).item(), rel=1e-12)
    assert now.jacobian == pytest.approx(jacobian_norm(logits), rel=1e-9)


def test_random_logits_vary_as_d_and_as_1_when_divided() -> None:
    figure = SqrtDk()
    # 64 products that share 8 queries and 8 keys: their variance is known to about a quarter.
    assert measure(*figure.vectors(256, "random"), scaled=False).variance == pytest.approx(256, rel=0.3)
    assert measure(*figure.vectors(256, "random"), scaled=True).variance == pytest.approx(1, rel=0.3)


def test_the_trained_heads_have_learned_to_find_their_own_kind() -> None:
    figure = SqrtDk()
    for d in TRAINED_SIZES:
        weights = measure(*figure.vectors(d, "trained"), scaled=True).weights
        assert weights.diagonal().mean() > 0.5, d  # by chance it is 1/8


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"d": 0}, "d=0 is outside 1 to 256"),
        ({"d": 257}, "d=257 is outside 1 to 256"),
        ({"d": 48, "kind": "trained"}, "No trained q and k have d=48; choose one of 4, 16, 64, 256"),
        ({"kind": "Nope"}, "kind='Nope' is unknown; choose 'random' or 'trained'."),
    ],
)
def test_what_cannot_be_shown_gets_a_sentence(given: dict, sentence: str) -> None:
    with pytest.raises(FigureError, match=sentence):
        SqrtDk(**given)


@browser
def test_the_goals_are_met_by_a_large_d_and_by_the_division(page, write_page) -> None:
    figure = opened(page, write_page(SqrtDk(4)))
    figure.get_by_role("radio", name="256").check(force=True)
    expect(figure.locator("[data-goal=dead]")).to_have_attribute("data-met", "")
    expect(figure.locator("[data-goal=rescue]")).not_to_have_attribute("data-met", "")
    figure.locator(".scaled").check()
    expect(figure.locator("[data-goal=rescue]")).to_have_attribute("data-met", "")


@browser
def test_it_is_a_good_figure(new_page, write_page) -> None:
    check_figure(SqrtDk(), new_page, write_page)
