"""The figure alignment: a decoder in the page against the library's and torch's, what the hand moves, and its goals."""

import itertools
import json

import pytest
import torch
from figure_harness import TOLERANCE, check_figure, opened, table
from playwright.sync_api import Locator, expect
from torch import nn

from book_tools.figures import Alignment, FigureError
from book_tools.figures.steered_gru import LIMIT, SteeredGRU, pack, unpack
from transformer_lab.data.batching import pad
from transformer_lab.data.tokenizer import Tokenizer
from transformer_lab.predecessors.additive_attention import AttentionGRU, AttentionGRUConfig
from transformer_lab.translation.translator import Translator

browser = pytest.mark.browser
WORDS = dict(zip("一二三四五", ["one", "two", "three", "four", "five"], strict=True))
SOURCES = ["".join(each) for n in (2, 3) for each in itertools.product(WORDS, repeat=n)]
TARGETS = [" ".join(WORDS[character] for character in reversed(text)) for text in SOURCES]


@pytest.fixture(scope="module")
def translator() -> Translator:
    """Names Chinese digits from the last to the first: two or three of them, learned in a few seconds."""
    torch.manual_seed(0)
    tokenizer = Tokenizer.train(SOURCES + TARGETS, 330)
    model = AttentionGRU(AttentionGRUConfig(tokenizer.size, d_model=24, dropout=0.0, max_length=40))
    adam = torch.optim.Adam(model.parameters(), lr=0.01)
    read = pad([[*ids, tokenizer.eos_id] for ids in tokenizer.encode_all(SOURCES)], tokenizer.pad_id)
    written = pad(
        [[tokenizer.bos_id, *ids, tokenizer.eos_id] for ids in tokenizer.encode_all(TARGETS)], tokenizer.pad_id
    )
    for _ in range(120):
        logits = model(read, written[:, :-1])
        loss = nn.functional.cross_entropy(
            logits.flatten(0, 1), written[:, 1:].flatten(), ignore_index=tokenizer.pad_id
        )
        adam.zero_grad()
        loss.backward()
        adam.step()
    return Translator(model.eval(), tokenizer)


@pytest.fixture(scope="module")
def figure(translator: Translator) -> Alignment:
    return Alignment(translator, {"一二三": ["two two one"], "四五": []}, TARGETS)


def by_torch(gru: SteeredGRU, memory: dict, moved: dict[int, torch.Tensor]) -> tuple[list[int], torch.Tensor]:
    """The translation and the weights by formula (eq. of Bahdanau et al.) and torch's own GRUCell."""
    p, h = gru.model.state_dict(), unpack(memory)
    d = gru.model.config.d_model
    cell = nn.GRUCell(3 * d, d).double()
    names = {"weight_ih": "from_input.weight", "weight_hh": "from_state.weight", "bias_ih": "from_input.bias"}
    cell.load_state_dict({a: p[f"decoder.{b}"] for a, b in (names | {"bias_hh": "from_state.bias"}).items()})
    s = torch.tanh(p["start.weight"] @ h[0, d:] + p["start.bias"])
    piece, pieces, weights = gru.bos, [], []
    while piece != gru.eos and len(pieces) < LIMIT:
        keys = h @ p["attention.key.weight"].T + p["attention.key.bias"]
        a = (torch.tanh(p["attention.query.weight"] @ s + keys) @ p["attention.score.weight"][0]).softmax(0)
        a = moved.get(len(pieces), a)
        word = p["embedding.weight"][piece]
        s = cell(torch.cat([word, a @ h])[None], s[None])[0].detach()
        hidden = torch.tanh(p["readout.weight"] @ torch.cat([s, a @ h, word]) + p["readout.bias"])
        piece = (p["output.weight"] @ hidden + p["output.bias"]).argmax().item()
        pieces.append(piece)
        weights.append(a)
    return pieces, torch.stack(weights)


def data(figure: Alignment, at: int) -> dict:
    return figure.sentences[at]["memory"]


def test_packing_keeps_each_number_to_half_a_step_of_its_row() -> None:
    matrix = torch.randn(7, 50, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * torch.tensor(
        [[1e-3], [1.0], [30.0], [0.1], [1.0], [2.0], [0.0]], dtype=torch.float64
    )
    back = unpack(json.loads(json.dumps(pack(matrix))))
    step = matrix.abs().amax(dim=1, keepdim=True) / 31
    assert ((back - matrix).abs() <= 0.501 * step).all()
    torch.testing.assert_close(unpack(pack(matrix[:, :1])), matrix[:, :1], rtol=1e-4, atol=0)  # a bias is kept


def test_the_packed_decoder_translates_as_the_whole_model(figure: Alignment, translator: Translator) -> None:
    gru = figure._gru
    texts = [gru.text(gru.write(gru.read(source), {})[0]) for source in SOURCES]
    whole = translator.translate_all(SOURCES)
    assert sum(a == b for a, b in zip(whole, TARGETS, strict=True)) > 0.9 * len(SOURCES)  # it has learned something
    assert sum(a == b for a, b in zip(texts, whole, strict=True)) > 0.95 * len(SOURCES)


def test_its_weights_are_those_of_the_librarys_cross_attention(figure: Alignment) -> None:
    gru = figure._gru
    written = gru.write(data(figure, 0), {})[0]
    memory = unpack(data(figure, 0))[None]
    given = torch.tensor([[gru.bos, *written.pieces[:-1]]])
    real = torch.ones(1, 1, 1, memory.shape[1], dtype=torch.bool)
    with torch.no_grad():
        expected = gru.model.cross_attention(given, memory, real)[0, 0]
        logits = gru.model.decode(given, memory, real)[0]
    torch.testing.assert_close(written.weights, expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(written.probabilities, logits.softmax(-1), rtol=0, atol=1e-12)
    assert written.pieces == logits.argmax(-1).tolist()
    assert written.pieces[-1] == gru.eos


def test_steered_it_is_the_formula_with_torchs_cell(figure: Alignment) -> None:
    gru, memory = figure._gru, data(figure, 0)
    n = unpack(memory).shape[0]
    shares = torch.rand(n, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    for moved in ({}, {0: shares / shares.sum()}, {1: torch.eye(n, dtype=torch.float64)[0], 2: shares / shares.sum()}):
        pieces, weights = by_torch(gru, memory, moved)
        written = gru.write(memory, {t: row[None] for t, row in moved.items()})[0]
        assert written.pieces == pieces
        torch.testing.assert_close(written.weights, weights, rtol=0, atol=1e-12)


def test_effects_count_the_tokens_that_change_the_translation(figure: Alignment) -> None:
    gru, memory = figure._gru, data(figure, 0)
    plain, weights = by_torch(gru, memory, {})
    n = weights.shape[1]
    alone = torch.eye(n, dtype=torch.float64)
    expected = [
        (gru.pieces[piece], sum(by_torch(gru, memory, {t: alone[j]})[0] != plain for j in range(n)))
        for t, piece in enumerate(plain)
    ]
    assert figure.effects() == expected
    assert any(count for _, count in expected)


def assert_numbers(located: Locator, shown: Alignment) -> None:
    """The page's weights and its five likeliest pieces are the library's."""
    written = shown.written()
    torch.testing.assert_close(table(located, "weights"), written.weights, rtol=0, atol=TOLERANCE)
    best = written.probabilities[min(shown.step, len(written.pieces) - 1)].topk(5).values
    torch.testing.assert_close(table(located, "next")[:, 0], best, rtol=0, atol=TOLERANCE)
    expect(located.locator(".output")).to_have_text(shown.translation())


@browser
def test_the_pages_numbers_are_the_librarys(translator: Translator, page, write_page) -> None:
    shown = Alignment(translator, {"一二三": [], "四五": []}, TARGETS)
    located = opened(page, write_page(shown))
    assert_numbers(located, shown)
    located.locator("[data-cell='1,0']").click()
    shown.step, shown.moved = 1, [[1, [1.0, 0.0, 0.0, 0.0]]]
    assert_numbers(located, shown)
    assert shown.translation() != "three two one"
    located.get_by_role("radio", name="四五").check(force=True)
    shown.sentence, shown.step, shown.moved = 1, 0, []
    assert_numbers(located, shown)


@browser
def test_a_slider_takes_its_share_and_the_others_keep_theirs(translator: Translator, page, write_page) -> None:
    shown = Alignment(translator, {"一二三": []}, TARGETS)
    own = shown.written().weights[0]
    located = opened(page, write_page(shown))
    located.locator("[data-weight='0']").fill("0.5")
    expected = 0.5 * own / own[1:].sum()
    expected[0] = 0.5
    torch.testing.assert_close(table(located, "weights")[0], expected, rtol=0, atol=3e-4)  # kept to four decimals
    located.locator("[data-weight='0']").press("ArrowRight")
    assert table(located, "weights")[0, 0].item() == pytest.approx(0.51, abs=3e-4)
    located.locator("[data-own]").click()
    torch.testing.assert_close(table(located, "weights")[0], own, rtol=0, atol=TOLERANCE)


@browser
def test_goals_are_reached_by_one_step_and_answer(translator: Translator, page, write_page) -> None:
    shown = Alignment(translator, {"一二三": ["no such words"]}, TARGETS)
    gru, goal = shown._gru, shown.sentences[0]["goals"][0]
    assert goal != "no such words"  # what the model does not say is no goal
    plain = gru.text(gru.write(data(shown, 0), {})[0])
    reached = gru.reached(data(shown, 0))
    step, token, _ = next(each for each in reached if each[2] == goal)
    located = opened(page, write_page(shown))
    met = located.locator("[data-goal=say0]")
    expect(met).not_to_have_attribute("data-met", "")
    located.locator(f"[data-cell='{step},{token}']").click()
    expect(located.locator(".output")).to_have_text(goal)
    expect(met).to_have_attribute("data-met", "")

    nothing = located.locator("[data-goal=nothing]")
    own = gru.write(data(shown, 0), {})[0].weights.argmax(dim=-1).tolist()
    idle = [(t, j) for t, j, said in reached if said == plain and j != own[t]]
    located.locator("[data-reset]").click()
    expect(nothing).not_to_have_attribute("data-met", "")
    located.locator("[data-cell='{},{}']".format(*idle[0])).click()
    expect(nothing).to_have_attribute("data-met", "")


@browser
def test_an_address_keeps_the_state_and_one_for_another_sentence_is_left_alone(
    translator: Translator, page, write_page
) -> None:
    shown = Alignment(translator, {"一二三": [], "四五": []}, TARGETS)
    path = write_page(shown)
    located = opened(page, path)
    located.locator("[data-cell='1,0']").click()
    said = located.locator(".output").inner_text()
    located.locator("[data-tool=link]").click()
    fragment = page.evaluate("location.hash")
    page.goto("about:blank")
    located = opened(page, path, fragment)
    expect(located.locator(".output")).to_have_text(said)
    located.locator("[data-tool=undo]").click()
    expect(located.locator(".output")).not_to_have_text(said)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"sentence": 2}, "sentence=2 is none; choose from 0 to 0"),
        ({"step": -1}, "step=-1 is negative"),
        ({"moved": [(0, [1.0, 0.0])]}, "Step 0 has 2 weights, the sentence has 4 tokens; give one for each"),
        ({"moved": [(1, [0.0] * 4)]}, "The weights of step 1 must be 0 or more, and not all 0"),
        ({"moved": [(1, [-1.0, 2.0, 0.0, 0.0])]}, "The weights of step 1 must be 0 or more"),
        ({"moved": [(1, [float("nan"), 2.0, 0.0, 0.0])]}, "The weights of step 1 must be 0 or more"),
    ],
)
def test_what_cannot_be_shown_gets_a_sentence(translator: Translator, given: dict, sentence: str) -> None:
    with pytest.raises(FigureError, match=sentence):
        Alignment(translator, {"一二三": []}, TARGETS, **given)


def test_without_a_sentence_there_is_no_figure(translator: Translator) -> None:
    with pytest.raises(FigureError, match="There is no sentence to translate"):
        Alignment(translator, {}, TARGETS)


@browser
def test_it_is_a_good_figure(figure: Alignment, new_page, write_page) -> None:
    check_figure(figure, new_page, write_page)
