"""The built-in corpus: deterministic, unambiguous, and tested on combinations that training never shows."""

import random
from itertools import islice, pairwise

import pytest

from transformer_lab.data.phrases import RULES, phrase_corpus, phrases, split_of


@pytest.fixture(scope="module")
def corpus():
    return phrase_corpus(4_000)


def english_words(pair):
    return pair.target.strip(".?").lower().split()


def test_sizes_and_seeds(corpus):
    assert [len(split) for split in (corpus.train, corpus.validation, corpus.test)] == [4_000, 300, 300]
    again, other = phrase_corpus(300), phrase_corpus(300, seed=2)
    assert again.train == corpus.train[:300]
    assert other.train != again.train
    assert other.test == again.test == corpus.test


def test_held_out_phrases_hold_combinations_that_training_does_not():
    drawn = list(islice(phrases(random.Random(5)), 3_000))
    trained = {pair for phrase in drawn if split_of(phrase) == "train" for pair in phrase.combinations}
    for split in ("validation", "test"):
        held_out = [phrase for phrase in drawn if split_of(phrase) == split]
        assert len(held_out) > 150
        assert all(set(phrase.combinations) - trained for phrase in held_out)


def test_every_word_and_character_to_be_tested_is_trained_on(corpus):
    words = {word for pair in corpus.train for word in english_words(pair)}
    characters = {character for pair in corpus.train for character in pair.source}
    for pair in corpus.test + corpus.validation:
        assert words.issuperset(english_words(pair)), pair
        assert characters.issuperset(pair.source), pair


def test_no_split_shares_a_sentence_and_no_chinese_has_two_translations(corpus):
    splits = [{pair.source for pair in split} for split in (corpus.train, corpus.validation, corpus.test)]
    assert not splits[0] & splits[1]
    assert not splits[0] & splits[2]
    assert not splits[1] & splits[2]
    pairs = set(corpus.train + corpus.validation + corpus.test)
    assert len(pairs) == len({pair.source for pair in pairs})


def test_machine_learning_is_among_them(corpus):
    assert ("机器学习", "machine learning") in corpus.train


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_each_rule_writes_well_formed_sentences(rule):
    generator = random.Random(0)
    for phrase in (rule(generator) for _ in range(100)):
        assert phrase.zh
        assert "的的" not in phrase.zh
        assert "在在" not in phrase.zh
        assert phrase.zh.endswith("？") == phrase.en.endswith("?")
        assert phrase.zh.endswith("。") == phrase.en.endswith(".")
        assert "  " not in phrase.en
        assert phrase.en == phrase.en.strip()
        words = phrase.en.strip(".?").split()
        for article, following in pairwise(words):
            if article.lower() in ("a", "an"):
                assert (article.lower() == "an") == (following[0] in "aeiou" and following != "useful"), phrase.en
