"""The record of claims, and what a measurement may say about it."""

import re
from html import unescape

import numpy as np
import pytest
import torch

from book_tools import ledger
from book_tools.errors import BookError
from book_tools.ledger import Verdict

# Written out again from the table of claims, so that the record is compared with something that is not itself.
FAIL = "C03 C06 C12 C17 C20 C27 C29 C56"
CONDITION = "C02 C04 C08 C11 C14 C22 C23 C24 C26 C28 C30 C32 C36 C38 C42 C43 C44 C45 C47 C49 C55 C57 C58"
DOCUMENTS = {
    "000": [*range(1, 16), 58],
    "001": range(16, 26),
    "002": range(26, 31),
    "003": [*range(31, 42), 56],
    "004": [*range(42, 56), 57],
}
CHAPTERS = {
    "recurrence": "C32",
    "convolution": "C33",
    "attention-as-repair": "C38 C56",
    "self-attention": "C10 C11 C16 C17 C18 C19 C30 C34 C35 C44 C58",
    "many-heads": "C12 C13 C14 C15 C26 C27 C28 C29 C36 C43 C46 C55",
    "position": "C02 C21 C37 C51 C52 C53",
    "masks": "C06 C08 C41 C54",
    "the-block": "C07 C40 C48 C49 C50",
    "encoder-decoder": "C01 C03 C05 C09 C47",
    "training-a-translator": "C04 C39",
    "generating": "C20",
    "looking-inside": "C23 C57",
    "beyond": "C22 C24 C25 C31 C42 C45",
}


@pytest.fixture(scope="module")
def record() -> ledger.Ledger:
    return ledger.load()


def test_every_claim_has_its_document_and_verdict(record):
    assert sorted(record.claims) == [f"C{number:02d}" for number in range(1, 59)]
    for document, numbers in DOCUMENTS.items():
        assert {record.claims[f"C{number:02d}"].document for number in numbers} == {document}
    for claim in record.claims.values():
        expected = Verdict.FAILS if claim.id in FAIL else Verdict.CONDITION if claim.id in CONDITION else Verdict.HOLDS
        assert claim.verdict is expected, claim.id


def test_every_claim_is_told_in_english_and_chinese(record):
    for claim in record.claims.values():
        assert re.search("[a-z]{3}", claim.en), claim.id
        assert re.search("[\u4e00-\u9fff]", claim.zh), claim.id


def test_every_chapter_owes_its_claims(record):
    for chapter, ids in CHAPTERS.items():
        assert {claim.id for claim in record.claims.values() if claim.chapter == chapter} == set(ids.split())
    written = [name for name, chapter in record.chapters.items() if chapter.written]
    assert {"self-attention", "encoder-decoder", "training-a-translator"} <= set(written)
    assert set(record.due()) == {claim for name in written for claim in CHAPTERS.get(name, "").split()}


def test_the_fourteen_chapters_have_their_numbers(record):
    """Their order is the order for a reader; chapter 1 decides no claim."""
    names = ["sequences-to-sequences", *CHAPTERS]
    assert {name: chapter.number for name, chapter in record.chapters.items()} == {
        name: number for number, name in enumerate(names, start=1)
    }


@pytest.mark.parametrize(
    ("claim", "measured"),
    [
        ("C16", {"holds": True}),
        ("C16", {"holds": np.bool_(True)}),
        ("C16", {"holds": torch.tensor(True)}),
        ("C17", {"holds": False}),
        ("C30", {"holds": True, "always": False}),
    ],
)
def test_a_measurement_that_agrees_is_a_decision(record, claim, measured):
    decision = ledger.judge(record, claim, evidence="measured 0.25", **measured)
    assert decision.verdict is record.claims[claim].verdict
    html = decision._repr_html_()
    assert f'data-claim="{claim}"' in html
    assert "measured 0.25" in html
    shown = re.sub("<.*?>", "", unescape(html))
    assert record.claims[claim].zh.replace("_", "").replace("^", "") in shown.replace("_", "")
    assert decision.verdict.value in str(decision)


@pytest.mark.parametrize(
    ("claim", "measured"),
    [
        ("C16", {"holds": False}),
        ("C16", {"holds": True, "always": False}),
        ("C17", {"holds": True}),
        ("C30", {"holds": True}),
        ("C30", {"holds": False, "always": False}),
    ],
)
def test_a_measurement_that_contradicts_the_record_raises(record, claim, measured):
    with pytest.raises(BookError, match=rf"{claim} is recorded as .* but was measured as"):
        ledger.judge(record, claim, evidence="measured 0.25", **measured)


def test_evidence_needs_a_number_and_the_claim_must_exist(record):
    with pytest.raises(BookError, match="has no number"):
        ledger.judge(record, "C16", holds=True, evidence="it works")
    with pytest.raises(BookError, match="no claim 'C99'"):
        ledger.judge(record, "C99", holds=True, evidence="1")


def test_indices_of_single_letters_are_set_as_such():
    assert ledger.typeset("√d_k, W^Q, XW^K, K_iᵀ") == ("√d<sub>k</sub>, W<sup>Q</sup>, XW<sup>K</sup>, K<sub>i</sub>ᵀ")
    assert ledger.typeset("d_model, d_ff, seq_len, 2^n < x_1") == "d_model, d_ff, seq_len, 2^n &lt; x_1"


def test_what_a_card_shows_is_escaped(record):
    html = ledger.judge(record, "C16", holds=True, evidence='1 < 2 & "3"')._repr_html_()
    assert "1 &lt; 2 &amp; &quot;3&quot;" in html
    assert "1 < 2" not in html


ROW = "{{id: C01, document: d, en: e, zh: z, verdict: {verdict}, chapter: {chapter}{more}}}"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([ROW.format(verdict="maybe", chapter="c", more="")], "C01.*maybe"),
        ([ROW.format(verdict="does not hold", chapter="c", more="")], "`correct` belongs"),
        ([ROW.format(verdict="holds", chapter="c", more=", correct: x")], "`correct` belongs"),
        ([ROW.format(verdict="holds", chapter="elsewhere", more="")], "not among those listed"),
        ([ROW.format(verdict="holds", chapter="c", more="")] * 2, "C01 twice"),
        ([ROW.format(verdict="holds", chapter="c", more=", colour: red")], "C01.*colour"),
        (["{"], "not valid YAML"),
    ],
)
def test_a_mistake_in_the_record_is_a_sentence(tmp_path, rows, message):
    path = tmp_path / "claims.yml"
    listed = "".join(f"  - {row}\n" for row in rows)
    path.write_text(
        f"documents: {{d: {{title: t}}}}\nchapters: {{c: {{title: t, status: written}}}}\nclaims:\n{listed}"
    )
    with pytest.raises(BookError, match=message):
        ledger.load(path)


def test_a_missing_record_is_a_sentence(tmp_path):
    with pytest.raises(BookError, match="record of claims is missing"):
        ledger.load(tmp_path / "claims.yml")
