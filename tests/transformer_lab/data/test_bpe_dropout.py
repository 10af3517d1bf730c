"""BPE-dropout: the same text, each spelling as often as the paper's algorithm makes it; seed and epoch decide."""

import json
import random
from collections import Counter
from itertools import pairwise

import pytest

from transformer_lab.data.batching import Example, encode_pairs
from transformer_lab.data.bpe_dropout import BPEDropout
from transformer_lab.data.phrases import phrase_corpus
from transformer_lab.data.tokenizer import Tokenizer

RARE = "龘鿏 unseen, 😀 naïve don't 10:30  <0x41> machine learning 和 机器学习"  # bytes, signs, both scripts


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer.train((side for pair in phrase_corpus(1_000).train for side in pair), 900)


@pytest.fixture(scope="module")
def examples(tokenizer):
    return encode_pairs(phrase_corpus(1_000).train, tokenizer, 1_000)[0]


def test_without_dropout_the_cut_is_the_usual_one(tokenizer, examples):
    """The tokenizers library, which encoded them, is the oracle of the merges and of their order."""
    cut = BPEDropout(tokenizer, 0.0).cut
    sentences = [side for example in examples for side in example] + [tokenizer.encode(RARE), []]
    assert all(cut(sentence, random.Random(0)) == sentence for sentence in sentences)


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_the_text_stays_and_the_tokens_are_those_of_the_vocabulary(tokenizer, probability):
    cut, generator = BPEDropout(tokenizer, probability).cut, random.Random(0)
    spellings = {tuple(cut(tokenizer.encode(RARE), generator)) for _ in range(50)}
    assert len(spellings) > 10
    assert {tokenizer.decode(spelling) for spelling in spellings} == {RARE}


@pytest.mark.parametrize("probability", [0.1, 0.4])
def test_each_spelling_is_as_frequent_as_algorithm_1_makes_it(tokenizer, probability):
    """Against the exact chances: of 20,000 draws, a spelling's share is within 4 standard errors."""
    merges = [tuple(pair) for pair in json.loads(tokenizer.to_json())["model"]["merges"]]
    exact = chances(tuple("▁translation"), merges, probability)
    assert sum(exact.values()) == pytest.approx(1, abs=1e-12)
    cut, generator, draws = BPEDropout(tokenizer, probability).cut, random.Random(0), 20_000
    word = tokenizer.encode("translation")
    drawn = Counter(tuple(tokenizer.tokens(cut(word, generator))) for _ in range(draws))
    assert drawn.keys() <= exact.keys()
    assert len(drawn) > 5
    for spelling, chance in exact.items():
        error = (chance * (1 - chance) / draws) ** 0.5
        assert drawn[spelling] / draws == pytest.approx(chance, abs=4 * error + 1 / draws), spelling


def chances(word, merges, probability):
    """How likely each end of algorithm 1 is, from the merges that are possible at each of its steps."""
    ends, reached = Counter(), Counter({word: 1.0})
    while reached:
        word, chance = max(reached.items(), key=lambda state: len(state[0]))  # merging makes words shorter
        del reached[word]
        possible = [i for _, i in sorted((merges.index(p), i) for i, p in enumerate(pairwise(word)) if p in merges)]
        for i in possible:
            reached[*word[:i], word[i] + word[i + 1], *word[i + 2 :]] += chance * (1 - probability)
            chance *= probability
        ends[word] += chance
    return ends


def test_an_epochs_spelling_is_that_of_seed_and_epoch(tokenizer, examples):
    dropout = BPEDropout(tokenizer, 0.2)
    assert dropout.epoch(examples, 1, 3) == BPEDropout(tokenizer, 0.2).epoch(examples, 1, 3)
    spelt = [dropout.epoch(examples, seed, epoch) for seed in (1, 2) for epoch in (0, 1)]
    assert all(a != b for i, a in enumerate(spelt) for b in spelt[:i])
    assert BPEDropout(tokenizer, 0.0).epoch(examples, 1, 3) == examples


def test_no_example_outgrows_the_longest(tokenizer):
    """A length that fits in the model and in a batch still does; what would not is left as it was."""
    examples = [Example(tokenizer.encode(text), tokenizer.encode(text)) for text in ("translation", "machine")]
    longest = max(example.length for example in examples)
    spelt = [BPEDropout(tokenizer, 0.5).epoch(examples, 1, epoch) for epoch in range(200)]
    assert max(example.length for epoch in spelt for example in epoch) == longest
    assert any(epoch[i] != examples[i] for epoch in spelt for i in range(2))
