"""Byte-pair encoding in its plainest form, against the `tokenizers` library and against counting by hand."""

import random

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from transformer_lab.data.byte_pairs import join, learn_merges, neighbours, spell

WORDS = {"low": 5, "lower": 2, "newest": 6, "widest": 3}  # the example of Sennrich et al. (2016)


def library_merges(words: dict[str, int], steps: int) -> tuple[list[str], Tokenizer]:
    """The pieces that the first merges of `tokenizers` make, and the tokenizer with just these."""
    alphabet = len(set("".join(words)))
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.BpeTrainer(vocab_size=alphabet + steps, show_progress=False)
    backend.train_from_iterator([f"{word} " * count for word, count in words.items()], trainer)
    vocabulary = backend.get_vocab()
    made = sorted((token for token in vocabulary if len(token) > 1), key=vocabulary.get)
    return made, backend


def test_by_hand() -> None:
    counts = neighbours(WORDS, {word: list(word) for word in WORDS})
    assert counts["e", "s"] == counts["s", "t"] == 9
    assert [counts[pair] for pair in (("l", "o"), ("w", "e"), ("e", "r"))] == [7, 8, 2]
    assert learn_merges(WORDS, 3) == [(("e", "s"), 9), (("es", "t"), 9), (("l", "o"), 7)]
    assert spell("lowest", learn_merges(WORDS, 4)) == ["low", "est"]  # a word that was never counted


def test_a_run_is_joined_from_the_left() -> None:
    assert join(list("aaaaa"), ("a", "a")) == ["aa", "aa", "a"]
    assert join(list("abab"), ("a", "b")) == ["ab", "ab"]
    assert join([], ("a", "b")) == []


@pytest.mark.parametrize("seed", range(20))
def test_merges_are_the_librarys_until_a_tie(seed: int) -> None:
    draw = random.Random(seed)
    words = {"".join(draw.choices("abcde", k=draw.randint(2, 6))): draw.randint(1, 999) for _ in range(12)}
    merges, until = [], 0
    for steps in range(1, 30):
        merges = learn_merges(words, steps)
        if len(merges) < steps:
            break
        before = {word: spell(word, merges[:-1]) for word in words}
        counts = sorted(neighbours(words, before).values(), reverse=True)
        if counts[:2].count(counts[0]) > 1:
            break
        until = steps
    assert until > 0, "the words are such that nothing is compared"
    made, backend = library_merges(words, until)
    assert ["".join(pair) for pair, _ in merges[:until]] == made
    for word in [*words, "edcba", "abcabc"]:
        assert spell(word, merges[:until]) == backend.encode(word).tokens


def test_it_ends_where_every_word_is_one_piece() -> None:
    merges = learn_merges(WORDS, 1_000)
    assert len(merges) < 1_000
    assert all(spell(word, merges) == [word] for word in WORDS)
    assert learn_merges({}, 3) == []
