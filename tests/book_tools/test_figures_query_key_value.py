"""What the figure query-key-value shows beyond its numbers: x and the matrices, goals, light, addresses."""

import pytest
import torch
from figure_harness import check_figure, opened, table, unfold
from playwright.sync_api import expect
from test_figures_page import assert_numbers, state_of

from book_tools.figures import FigureError, QueryKeyValue

pytestmark = pytest.mark.browser


def test_it_is_a_good_figure(new_page, write_page) -> None:
    check_figure(QueryKeyValue("From x"), new_page, write_page)


def test_the_temperature_moves_by_the_arrow_keys_from_its_default(page, write_page) -> None:
    figure, state = opened(page, write_page(QueryKeyValue("Worked example"))), state_of("Worked example")
    slider = figure.locator(".temperature")
    slider.focus()
    reached = []
    for _ in range(60):
        page.keyboard.press("ArrowRight")
        reached.append(slider.get_attribute("aria-valuetext"))
    assert reached[:4] == ["1.1", "1.3", "1.4", "1.6"]  # 10 to the power of 0.05, 0.1, …, to two digits
    state["temperature"] = 10.0
    assert_numbers(figure, state)
    for _ in range(60):
        page.keyboard.press("ArrowLeft")
    state["temperature"] = 0.1
    assert_numbers(figure, state)


def test_a_slash_is_typed_and_the_page_hears_no_key(page, write_page) -> None:
    figure = opened(page, write_page(QueryKeyValue("Worked example")))
    page.evaluate("window.heard = []; document.addEventListener('keydown', event => heard.push(event.key))")
    figure.get_by_text("Edit the numbers").click()
    field = figure.get_by_label("token 1", exact=True)
    field.fill("")
    for key in "a/b":
        field.press(key)
    expect(figure.locator(".queries label").first).to_have_text("a/b")
    figure.locator("[data-handle=k0]").press("ArrowRight")
    assert page.evaluate("heard") == []  # by a page whose "/" searches and whose arrow keys turn pages


def test_queries_keys_and_values_come_from_x_and_three_matrices(page, write_page) -> None:
    figure, state = opened(page, write_page(QueryKeyValue("From x"))), state_of("From x")
    unfold(figure)

    def project() -> None:
        x = torch.tensor(state["x"], dtype=torch.float64)
        for role in "qkv":
            state[role] = (x @ torch.tensor(state[f"w_{role}"], dtype=torch.float64)).tolist()

    project()
    assert_numbers(figure, state)
    figure.locator("[data-handle=w_q1]").press("Shift+ArrowUp")
    state["w_q"][1] = [-1.5, 0.5]
    project()
    assert_numbers(figure, state)
    figure.locator("[data-handle=x2]").press("ArrowLeft")
    state["x"][2] = [-1.3, -0.4]
    project()
    assert_numbers(figure, state)
    # A key moved by hand is x times a matrix no more, until it is made from x again.
    figure.locator("[data-handle=k0]").press("ArrowUp")
    state["k"][0][1] += 0.1
    assert_numbers(figure, state)
    expect(figure.locator(".source")).to_contain_text("Some were moved by hand")
    figure.get_by_role("button", name="Make them from x").click()
    project()
    assert_numbers(figure, state)


def test_without_an_x_one_can_be_made(page, write_page) -> None:
    figure, state = opened(page, write_page(QueryKeyValue("Worked example"))), state_of("Worked example")
    unfold(figure)
    expect(figure.locator(".source")).to_contain_text("set by hand")
    figure.get_by_role("button", name="Make them from x").click()
    assert_numbers(figure, state)  # x = k and three identities: q, k and v are equal in this preset
    figure.locator("[data-handle=w_v0]").press("ArrowRight")
    state["v"] = [[1.1, 0], [0, 1], [1.1, 1]]
    assert_numbers(figure, state)


def test_in_python_x_and_the_matrices_make_what_is_not_given() -> None:
    figure = QueryKeyValue(x=[[1, 2], [0, 1]], w_q=[[0, 1], [1, 0]], w_v=[[2, 0], [0, 2]], k=[[1, 0], [0, 1]])
    assert (figure.q, figure.k, figure.v) == ([[2, 1], [1, 0]], [[1, 0], [0, 1]], [[2, 4], [0, 2]])
    with pytest.raises(FigureError, match="w_q must be a 2 × 2 matrix"):
        QueryKeyValue(x=[[1, 2], [0, 1]], w_q=[[1, 2, 3]])
    with pytest.raises(FigureError, match="x has 3 rows where labels has 2"):
        QueryKeyValue(x=[[1, 2]] * 3, q=[[1, 0]] * 2, k=[[1, 0]] * 2, v=[[1, 0]] * 2, labels=["a", "b"])


def test_the_exponentials_their_sum_and_the_weights_agree(page, write_page) -> None:
    figure = opened(page, write_page(QueryKeyValue("A sentence")))
    powers = figure.evaluate("figure => [...figure.querySelectorAll('[data-exp]')].map(each => +each.dataset.exp)")
    total = float(figure.locator("[data-sum]").get_attribute("data-sum"))
    scores, weights = table(figure, "scores")[4], table(figure, "weights")[4]
    torch.testing.assert_close(torch.tensor(powers, dtype=torch.float64), scores.exp(), rtol=1e-12, atol=0)
    assert total == pytest.approx(sum(powers), rel=1e-12)
    torch.testing.assert_close(torch.tensor(powers, dtype=torch.float64) / total, weights, rtol=0, atol=1e-12)


def test_row_column_and_cell_light_up_together(page, write_page) -> None:
    figure = opened(page, write_page(QueryKeyValue("Worked example")))
    figure.locator('[data-cell="1,2"]').hover()
    lit = "figure => [...figure.querySelectorAll('.heatmap .lit[data-cell]')].map(each => each.dataset.cell)"
    assert figure.evaluate(lit) == ["0,2", "1,0", "1,1", "1,2", "2,2"]
    assert figure.locator(".lit-cell").get_attribute("data-cell") == "1,2"
    assert "lit" in figure.locator("[data-handle=k2]").get_attribute("class").split()
    assert figure.locator(".heatmap .axes").inner_text().split("\n") == ["key →", "query ↓"]
    page.mouse.move(0, 0)
    assert figure.evaluate(lit) == []


def test_a_goal_says_how_far_it_is_and_when_it_is_done(page, write_page) -> None:
    figure = opened(page, write_page(QueryKeyValue("A sentence")))
    goal = figure.locator("[data-goal=give]")
    expect(goal).to_contain_text("Let ‘it’ give ‘tired’ 90%.")
    expect(goal).to_contain_text(f"now {table(figure, 'weights')[4, 3].item():.0%}")
    assert goal.get_attribute("data-met") is None
    figure.get_by_text("Edit the numbers").click()
    for name in ("k3x", "k3y"):
        figure.locator(f"[data-field={name}]").fill("9")
    assert table(figure, "weights")[4, 3].item() > 0.9
    assert goal.get_attribute("data-met") == ""
    expect(goal).to_contain_text("done")


def test_undo_redo_and_an_address_keep_a_state(new_page, write_page) -> None:
    page, path = new_page(), write_page(QueryKeyValue("Worked example"), QueryKeyValue("Worked example"))
    figure, state = opened(page, path), state_of("Worked example")
    figure.locator(".scaled").uncheck()
    figure.locator("[data-handle=k0]").press("ArrowUp")
    figure.get_by_role("button", name="Undo").click()
    state["scaled"] = False
    assert_numbers(figure, state)
    figure.get_by_role("button", name="Redo").click()
    state["k"][0] = [1.0, 0.1]
    assert_numbers(figure, state)
    figure.get_by_role("button", name="Link to this state").click()
    fragment = page.evaluate("location.hash")
    assert fragment.startswith("#figure=QueryKeyValue.1.")
    again = new_page()
    assert_numbers(opened(again, path, fragment), state)
    assert_numbers(again.locator(".figure").nth(1), state_of("Worked example"))
    figure.get_by_role("button", name="Reset").click()
    assert_numbers(figure, state_of("Worked example"))


# No base64; q=3; query=99; null; labels=null.
@pytest.mark.parametrize("said", ["%%%", "eyJxIjozfQ", "eyJxdWVyeSI6OTl9", "bnVsbA", "eyJsYWJlbHMiOm51bGx9"])
def test_an_address_that_holds_no_state_leaves_the_figure_as_it_is(said: str, page, write_page) -> None:
    figure = opened(page, write_page(QueryKeyValue("Worked example")), f"#figure=QueryKeyValue.1.{said}")
    assert_numbers(figure, state_of("Worked example"))


def test_on_a_phone_the_dragged_arrow_and_the_output_are_on_one_screen(new_page, write_page) -> None:
    page = new_page(width=390, height=844, has_touch=True)
    figure = opened(page, write_page(QueryKeyValue("A sentence")))
    figure.locator(".plane").first.scroll_into_view_if_needed()
    for seen in (figure.locator("[data-handle=q4]"), figure.locator(".summary")):
        box = seen.bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 844
    expect(figure.locator(".summary")).to_contain_text("Its output is")
