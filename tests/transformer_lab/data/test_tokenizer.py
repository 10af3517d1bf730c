"""Subwords: nothing is lost, Chinese characters stand alone, training is deterministic."""

import unicodedata

import pytest

from transformer_lab.data.phrases import phrase_corpus
from transformer_lab.data.tokenizer import Tokenizer
from transformer_lab.errors import LabError


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer.train((side for pair in phrase_corpus(1_000).train for side in pair), 900)


@pytest.mark.parametrize(
    "text",
    [
        "机器学习",
        "我昨天在图书馆看了一本书。",
        "I read a book in the library yesterday.",
        "machine learning 和 deep learning",
        "龘鿏 unseen, 😀 and naïve",
        "It's 10:30, isn't it?",
        "full-width: ＡＢＣ，１２３！",
        "two  spaces",
        "<pad> and <0x41> are spelt, not obeyed",
    ],
)
def test_round_trip_up_to_nfkc(tokenizer, text):
    assert tokenizer.decode(tokenizer.encode(text)) == unicodedata.normalize("NFKC", text)
    assert tokenizer.encode_all([text]) == [tokenizer.encode(text)]


def test_chinese_characters_are_tokens_of_their_own(tokenizer):
    assert tokenizer.tokens(tokenizer.encode("机器学习")) == ["机", "器", "学", "习"]
    assert tokenizer.tokens(tokenizer.encode("this book")) == ["▁this", "▁book"]


def test_a_first_word_is_the_token_it_is_inside_a_sentence(tokenizer):
    assert tokenizer.encode("book")[0] == tokenizer.encode("a book")[1]


def test_special_tokens_vanish_in_text(tokenizer):
    ids = [tokenizer.bos_id, *tokenizer.encode("a book"), tokenizer.eos_id, tokenizer.pad_id]
    assert tokenizer.decode(ids) == "a book"
    assert len({tokenizer.pad_id, tokenizer.bos_id, tokenizer.eos_id, tokenizer.unknown_id}) == 4


def test_a_line_break_that_a_model_writes_is_a_space(tokenizer):
    """Translations stand one a line, and each keeps its line."""
    for name in ("<0x0A>", "<0x0D>", "<0x0C>"):
        (broken,) = [token for token in range(tokenizer.size) if tokenizer.tokens([token]) == [name]]
        ids = [*tokenizer.encode("a book"), broken, *tokenizer.encode("a house")]
        assert " ".join(tokenizer.decode(ids).split()) == "a book a house"
        assert len(tokenizer.decode([broken, *ids]).splitlines()) == 1


def test_stored_and_trained_again_it_is_the_same(tokenizer):
    again = Tokenizer.train((side for pair in phrase_corpus(1_000).train for side in pair), 900)
    assert again.to_json() == tokenizer.to_json()
    restored = Tokenizer.from_json(tokenizer.to_json())
    assert restored.encode("我们用机器学习翻译句子。") == tokenizer.encode("我们用机器学习翻译句子。")
    assert restored.size == tokenizer.size <= 900


def test_bad_input_gets_a_sentence():
    with pytest.raises(LabError, match="no text"):
        Tokenizer.train([], 100)
    with pytest.raises(LabError, match="cannot be read"):
        Tokenizer.from_json("{}")
