"""The figure *byte pairs*: its merges against the chapter's and the `tokenizers` library's."""

import pytest
import torch
from figure_harness import check_figure, opened, table
from playwright.sync_api import Locator, expect
from tokenizers import Tokenizer, models, pre_tokenizers

from book_tools.figures import BytePairs, FigureError
from book_tools.figures.byte_pairs import WORDS
from transformer_lab.data.byte_pairs import learn_merges, neighbours, spell

browser = pytest.mark.browser
OTHERS = {"banana": 3, "bandana": 2, "aaaa": 7, "naïve": 1, "don't": 4}


def pairs(figure: Locator, name: str) -> list[tuple[str, str]]:
    """The row names of a table of pairs."""
    names = figure.locator(f"[data-table={name}] tbody th").all_text_contents()
    return [tuple(each.split(" + ")) for each in names]


def spelt(figure: Locator) -> dict[str, list[str]]:
    rows = figure.locator("[data-word]").all()
    return {row.get_attribute("data-word"): row.get_attribute("data-pieces").split(" ") for row in rows}


def by_library(merges: list[tuple[str, str]], word: str) -> list[str]:
    """A word, as `tokenizers` spells it with these merges."""
    vocabulary = dict.fromkeys([*"".join([*WORDS, *OTHERS, word]), *("".join(pair) for pair in merges)])
    backend = Tokenizer(models.BPE(vocab={piece: i for i, piece in enumerate(vocabulary)}, merges=merges))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return backend.encode(word).tokens


@browser
@pytest.mark.parametrize(
    ("words", "step"), [(WORDS, 0), (WORDS, 7), (WORDS, 12), (WORDS, 20), (OTHERS, 3), (OTHERS, 9)]
)
def test_merges_counts_and_pieces_are_the_librarys(words: dict, step: int, page, write_page) -> None:
    figure = opened(page, write_page(BytePairs(words, step, fresh="banteaching")))
    expected = learn_merges(words, step)
    assert len(expected) == step
    assert pairs(figure, "merges") == [pair for pair, _ in expected]
    assert [row[0] for row in table(figure, "merges").tolist()] == [count for _, count in expected]
    pieces = spelt(figure)
    assert pieces == {word: spell(word, expected) for word in words}
    counts = neighbours(words, pieces)
    shown = dict(zip(pairs(figure, "neighbours"), table(figure, "neighbours").flatten().tolist(), strict=True))
    assert shown == dict(counts)
    for word in [*words, "banteaching"]:
        located = figure.locator(f'[data-word="{word}"]' if word in words else ".fresh")
        assert located.get_attribute("data-pieces").split(" ") == by_library(pairs(figure, "merges"), word)


@browser
def test_the_reader_edits_words_and_steps_by_keys(page, write_page) -> None:
    figure = opened(page, write_page(BytePairs()))
    figure.locator("[data-field=text]").fill("low 5, lower 2; newest 6, 12, widest 3, a-b 2,")
    words = {"low": 5, "lower": 2, "newest": 6, "widest": 3}  # what is no word is left out
    forward = figure.get_by_role("button", name="Step forward")
    for _ in range(3):
        forward.press("Enter")
    expected = learn_merges(words, 3)
    assert pairs(figure, "merges") == [pair for pair, _ in expected]
    assert spelt(figure) == {word: spell(word, expected) for word in words}
    expect(figure.locator(".step-name")).to_have_text("Merge 3: l + o becomes lo.")
    figure.get_by_role("button", name="Step back").press("Enter")
    torch.testing.assert_close(table(figure, "merges"), torch.tensor([[9.0], [9.0]], dtype=torch.float64))
    expect(figure.locator(".summary")).to_contain_text("Merges done: 2. Next comes l + o, 7 times. As often: o + w.")


@browser
def test_playing_ends_when_every_word_is_one_piece(page, write_page) -> None:
    page.clock.install()
    figure = opened(page, write_page(BytePairs({"tea": 1, "eat": 3})))
    figure.get_by_role("button", name="Play").click()
    page.clock.run_for(10_000)
    assert spelt(figure) == {"tea": ["tea"], "eat": ["eat"]}
    expect(figure.locator(".summary")).to_contain_text("every word is one piece")
    expect(figure.get_by_role("button", name="Step forward")).to_be_disabled()


@browser
def test_an_address_keeps_words_and_step(page, write_page) -> None:
    path = write_page(BytePairs())
    figure = opened(page, path)
    figure.locator("[data-field=text]").fill("tea 2, teach 3")
    figure.get_by_role("button", name="Step forward").click()
    figure.locator("[data-tool=link]").click()
    address = page.evaluate("location.hash")
    page.goto("about:blank")
    again = opened(page, path, address)
    assert spelt(again) == {"tea": ["te", "a"], "teach": ["te", "a", "c", "h"]}


@browser
def test_the_goals_are_met_by_what_they_ask_for(page, write_page) -> None:
    figure = opened(page, write_page(BytePairs(step=11)))
    for goal in ("whole", "before", "unseen"):
        expect(figure.locator(f"[data-goal={goal}]")).not_to_have_attribute("data-met", "")
    figure.get_by_role("button", name="Step forward").click()
    expect(figure.locator("[data-goal=whole]")).to_have_attribute("data-met", "")
    figure.locator("[data-field=fresh]").fill("machining")
    expect(figure.locator("[data-goal=unseen]")).to_have_attribute("data-met", "")
    expect(figure.locator("[data-goal=before]")).not_to_have_attribute("data-met", "")
    figure.locator("[data-field=text]").fill("learn 2, learning 2, teach 9, teaching 5")
    expect(figure.locator("[data-goal=before]")).to_have_attribute("data-met", "")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"words": {}}, "0 words are given; choose 1 to 12."),
        ({"words": {"two words": 1}}, "'two words' is not one word"),
        ({"words": {"low": 0}}, "'low' is counted 0 times"),
        ({"fresh": "x1"}, "'x1' is not one word"),
        ({"step": -1}, "step=-1 is below 0"),
    ],
)
def test_what_cannot_be_shown_gets_a_sentence(given: dict, sentence: str) -> None:
    with pytest.raises(FigureError, match=sentence):
        BytePairs(**given)


def test_without_scripts_the_first_merges_stand_there() -> None:
    fallback = BytePairs().fallback_html()
    assert fallback.count("<tr>") == 13
    assert "<td>e + a</td><td>ea</td><td>20</td>" in fallback


@browser
def test_it_is_a_good_figure(new_page, write_page) -> None:
    check_figure(BytePairs(step=5), new_page, write_page)
