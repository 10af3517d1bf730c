"""The word-for-word baseline: IBM model 1 against a textbook's loops, words, case, and its score."""

import itertools
import math
from collections import defaultdict

import pytest

from transformer_lab.data.corpus import Pair
from transformer_lab.data.phrases import phrase_corpus
from transformer_lab.errors import LabError
from transformer_lab.translation.dictionary import (
    NOTHING,
    DictionaryTranslator,
    fertilities,
    find_words,
    ibm_model_1,
    join_words,
    split_words,
)
from transformer_lab.translation.evaluation import bleu, evaluate

# The example of Koehn's textbook (Statistical Machine Translation, 2010, section 4.2), and a word met twice.
HOUSE = [
    (["das", "haus"], ["the", "house"]),
    (["das", "buch"], ["the", "book"]),
    (["ein", "buch"], ["a", "book"]),
    (["ja", "ja"], ["yes"]),
]


def in_loops(pairs, rounds):
    """EM as it is printed in textbooks: dictionaries and loops."""
    targets = {e for _, target in pairs for e in target}
    t = defaultdict(lambda: 1 / len(targets))
    likelihoods = []
    for _ in range(rounds):
        count, total, log_p = defaultdict(float), defaultdict(float), 0.0
        for source, target in pairs:
            sources = [NOTHING, *source]
            for e in target:
                z = sum(t[f, e] for f in sources)
                log_p += math.log(z / len(sources))
                for f in sources:
                    count[f, e] += t[f, e] / z
                    total[f] += t[f, e] / z
        t = {pair: c / total[pair[0]] for pair, c in count.items()}
        likelihoods.append(log_p)
    return t, likelihoods


@pytest.mark.parametrize("rounds", [1, 2, 7])
def test_equals_the_textbook(rounds):
    """Every probability and likelihood to 1e-12."""
    ours, likelihoods = ibm_model_1(HOUSE, rounds)
    expected, log_p = in_loops(HOUSE, rounds)
    assert ours.keys() == expected.keys()
    assert all(math.isclose(ours[pair], expected[pair], rel_tol=0, abs_tol=1e-12) for pair in ours)
    assert likelihoods == pytest.approx(log_p, rel=0, abs=1e-12)


def test_the_likelihood_never_falls_and_each_word_s_probabilities_sum_to_1():
    pairs = [(split_words(pair.source), split_words(pair.target)) for pair in phrase_corpus(200).train]
    table, likelihoods = ibm_model_1(pairs, 8)
    assert all(later > earlier for earlier, later in itertools.pairwise(likelihoods))
    sums = defaultdict(float)
    for (f, _), probability in table.items():
        sums[f] += probability
    assert all(abs(total - 1) < 1e-9 for total in sums.values())


def test_fertility_counts_what_a_word_is_the_likeliest_origin_of():
    table, _ = ibm_model_1(HOUSE, 20)
    assert fertilities(HOUSE, table) == {"das": 1.0, "haus": 1.0, "buch": 1.0, "ein": 1.0, "ja": 0.5}


def test_words_are_found_where_there_are_no_spaces():
    sentences = [
        split_words(one) for one in ("我学数学。", "数学好。", "他好。", "我好。", "他学。", "神经网络好", "神经网络")
    ]
    words = find_words(sentences)
    assert words == {"神经", "网络", "神经网络", "数学"}
    assert join_words(split_words("数学和神经网络"), words) == ["数学", "和", "神经网络"]
    assert split_words("I don't like 3 books.") == ["I", "don't", "like", "3", "books", "."]
    assert find_words([["a", "b"], ["a", "b"]]) == set()  # letters have spaces


def test_what_it_writes():
    who, does, what = {"我": "I", "你": "You", "她": "She"}, {"喝": "drink", "看": "see"}, {"茶": "tea", "水": "water"}
    corpus = []
    for a, b, c in itertools.product(who, does, what):
        verb = does[b] + "s" * (a == "她")
        corpus.append(Pair(f"{a}{b}{c}。", f"{who[a]} {verb} {what[c]}."))
        corpus.append(Pair(f"{a}{b}{c}！", f"Now {who[a]} {verb} {what[c]}!"))
    dictionary = DictionaryTranslator.learn(corpus)
    assert dictionary.translate("我喝茶。") == "I drink tea."
    assert dictionary.translate("她喝茶。") == "She drink tea."  # words do not agree: each stands alone
    assert dictionary.translate("茶喝我。") == "Tea drink I."  # nor do they find their places
    assert dictionary.translate("我喝X。") == "I drink x."
    assert dictionary.translate_all(["茶", "水"]) == ["Tea", "Water"]


def test_a_sentence_begins_with_a_capital_if_most_that_it_learned_from_do():
    lower = [Pair("ein haus", "a house"), Pair("ein buch", "a book"), Pair("ein X", "X, a letter")]
    assert DictionaryTranslator.learn(lower).translate("haus") == "house"
    upper = [Pair(pair.source, pair.target.capitalize()) for pair in lower]
    assert DictionaryTranslator.learn(upper).translate("haus") == "House"


def test_the_same_evaluation_scores_it():
    """On the generated corpus: far above writing the source, far below a translator."""
    corpus = phrase_corpus(2_000)
    score, translations = evaluate(DictionaryTranslator.learn(corpus.train), corpus.test)
    assert score == bleu(translations, [pair.target for pair in corpus.test])
    assert 5 < score.bleu < 25
    assert DictionaryTranslator.learn(corpus.train).translate_all([p.source for p in corpus.test]) == translations


def test_what_it_cannot_do_is_said():
    dictionary = DictionaryTranslator({"茶": "tea"})
    with pytest.raises(LabError, match=r"there are no sentence pairs to learn a dictionary from\."):
        DictionaryTranslator.learn([])
    with pytest.raises(LabError, match="sentence 2: the sentence is empty"):
        dictionary.translate_all(["茶", " "])
    with pytest.raises(LabError, match="beam=4: a dictionary has one translation of each word"):
        dictionary.translate_all(["茶"], beam=4)
