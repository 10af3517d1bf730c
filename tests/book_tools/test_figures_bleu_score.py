"""The figure *BLEU*: its counts, shares, penalty and scores against sacreBLEU's."""

import itertools
import random

import pytest
import torch
from figure_harness import TOLERANCE, check_figure, opened, table
from playwright.sync_api import Locator, expect
from sacrebleu.metrics import BLEU

from book_tools.figures import BleuScore, FigureError
from book_tools.figures.bleu_score import CUTS, PRESETS, six_scores

browser = pytest.mark.browser
RESTED = "The animal was tired, so it rested."
SLEPT = "The animal was tired, so it slept."
# What cuts words in odd ways: entities, numbers, signs in a row, dashes, full-width signs, rare characters, an emoji.
ODD = [
    ("R&amp;D costs 3.5, not 3,500-odd &lt;b&gt;!", "R & D costs 3.5, not 3,500 - odd <b>"),
    ("ＡＢＣ：机器学习，2026年…好—吧", "ABC: 机器学习, 2026 年 … 好 — 吧"),
    ("Ünïcode's “naïve” 𠀀龘 e-mail 😀.", "ünïcode's 'naïve' 龘𠀀 e-mail 😀"),
]
TEXTS = [*itertools.chain.from_iterable(ODD), RESTED, SLEPT, "the the the the", "我很喜欢机器学习。", "a"]


def six(figure: Locator) -> list[float]:
    return table(figure, "six").flatten().tolist()


def near(values: list[float]) -> object:
    return pytest.approx(values, abs=TOLERANCE)


@browser
@pytest.mark.parametrize("smooth", [False, True])
def test_six_scores_are_sacrebleus_for_any_text(smooth: bool, page, write_page) -> None:
    draw = random.Random(7)
    figure = opened(page, write_page(BleuScore([RESTED], [SLEPT], smooth=smooth)))
    cases = [*ODD, *((draw.choice(TEXTS), draw.choice(TEXTS)) for _ in range(25))]
    for output, reference in cases:
        figure.locator("[data-field=outputs]").fill(output)
        figure.locator("[data-field=references]").fill(reference)
        expected = six_scores([output], [reference], smooth=smooth)
        assert six(figure) == near(list(expected.values())), (output, reference)


@browser
@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("preset", PRESETS, ids=lambda one: one["name"])
def test_counts_shares_and_penalty_are_sacrebleus(cut: str, preset: dict, page, write_page) -> None:
    figure = opened(page, write_page(BleuScore(preset["outputs"], preset["references"], cut=cut)))
    metric = BLEU(**CUTS[cut], smooth_method="none", force=True)
    score = metric.corpus_score(preset["outputs"], [preset["references"]])
    rows = [[a, b, p / 100] for a, b, p in zip(score.counts, score.totals, score.precisions, strict=True)]
    torch.testing.assert_close(
        table(figure, "precisions"), torch.tensor(rows, dtype=torch.float64), rtol=0, atol=TOLERANCE
    )
    said = f"{score.sys_len} words against {score.ref_len} in the reference"
    expect(figure.locator(".summary")).to_contain_text(said)
    shares = " · ".join(f"{p / 100:.3f}" for p in score.precisions)
    equation = f"BLEU = 100 · {score.bp:.3f} · ({shares})1/4 = {score.score:.1f}"
    expect(figure.locator(".equation")).to_have_text(equation)
    if score.bp < 1:
        expect(figure.locator(".summary")).to_contain_text(f"multiplied by {score.bp:.3f}")
    expect(figure.locator(".summary")).to_contain_text(f"BLEU is {score.score:.1f}.")
    assert six(figure) == near(list(six_scores(preset["outputs"], preset["references"], smooth=False).values()))


@browser
def test_the_reader_sees_which_runs_count(page, write_page) -> None:
    figure = opened(page, write_page(BleuScore(["the the the cat"], ["the cat is on the mat"], cut="none")))
    runs = figure.locator(".runs li")
    assert [run.get_attribute("class") for run in runs.all()] == ["counts", "counts", "clipped", "counts"]
    figure.get_by_role("radiogroup", name="runs of").get_by_role("radio", name="1").press("ArrowRight")
    assert [run.get_attribute("class") for run in runs.all()] == ["absent", "absent", "counts"]
    lit = figure.locator("[data-tokens=outputs] .on").all_text_contents()
    assert lit == ["the", "cat"]
    assert figure.locator("[data-tokens=references] .on").all_text_contents() == ["the", "cat"]


@browser
def test_seven_times_the(page, write_page) -> None:
    """The example of Papineni et al. (2002), section 2.1."""
    figure = opened(page, write_page(BleuScore(["the the the the the the the"], ["the cat is on the mat"])))
    first = table(figure, "precisions")[0].tolist()
    assert first == near([2, 7, 2 / 7])


@browser
def test_several_sentences_are_pooled_and_edited_one_by_one(page, write_page) -> None:
    path = write_page(BleuScore())
    figure = opened(page, path)
    figure.locator("[data-preset=three]").click()
    figure.get_by_role("radiogroup", name="sentence").get_by_role("radio", name="3").check(force=True)
    figure.locator("[data-field=outputs]").fill("machine learning")
    outputs = [*PRESETS[1]["outputs"][:2], "machine learning"]
    assert six(figure) == near(list(six_scores(outputs, PRESETS[1]["references"], smooth=False).values()))
    expect(figure.locator(".summary")).to_contain_text("Counts are sums over 3 sentences.")
    figure.locator(".smooth").check()
    expected = near(list(six_scores(outputs, PRESETS[1]["references"], smooth=True).values()))
    assert six(figure) == expected
    figure.locator("[data-tool=link]").click()
    address = page.evaluate("location.hash")
    page.goto("about:blank")
    assert six(opened(page, path, address)) == expected


@browser
def test_the_goals_are_met_by_what_they_ask_for(page, write_page) -> None:
    figure = opened(page, write_page(BleuScore()))
    for text, goal in [
        ("The animal.", "short"),
        ("slept so it, tired was animal The.", "order"),
        ("The Animal Was Tired, So It Slept.", "apart"),
    ]:
        located = figure.locator(f"[data-goal={goal}]")
        expect(located).not_to_have_attribute("data-met", "")
        figure.locator("[data-field=outputs]").fill(text)
        expect(located).to_have_attribute("data-met", "")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (([], []), "0 outputs and 0 references are given; choose 1 to 3"),
        ((["a", "b"], ["a"]), "2 outputs and 1 references"),
        ((["a"], [" "]), "' ' has 1 signs"),
        ((["a"], ["b" * 201]), "has 201 signs; a sentence has 1 to 200"),
    ],
)
def test_what_cannot_be_shown_gets_a_sentence(given: tuple, sentence: str) -> None:
    with pytest.raises(FigureError, match=sentence):
        BleuScore(*given)


@pytest.mark.parametrize(
    ("given", "sentence"), [({"k": 5}, "k=5 is unknown"), ({"cut": "15b"}, "cut='15b' is unknown")]
)
def test_settings_that_do_not_exist_get_a_sentence(given: dict, sentence: str) -> None:
    with pytest.raises(FigureError, match=sentence):
        BleuScore(**given)


def test_without_scripts_the_six_scores_stand_there() -> None:
    fallback = BleuScore().fallback_html()
    for preset in PRESETS:
        for value in six_scores(preset["outputs"], preset["references"], smooth=False).values():
            assert f"<td>{value:.1f}</td>" in fallback
    assert "tok:zh" in BleuScore().signatures["zh"]


@browser
def test_it_is_a_good_figure(new_page, write_page) -> None:
    check_figure(BleuScore(PRESETS[1]["outputs"], PRESETS[1]["references"], k=2), new_page, write_page)
