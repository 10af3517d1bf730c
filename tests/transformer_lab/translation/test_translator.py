"""Sentences in, sentences out, with an untrained model: what it writes means nothing, where it comes from does."""

import pytest
import torch

from transformer_lab.data.phrases import phrase_corpus
from transformer_lab.errors import LabError
from transformer_lab.training.config import find_recipe
from transformer_lab.training.run import prepare
from transformer_lab.translation.translator import Translator


@pytest.fixture(scope="module")
def translator() -> Translator:
    corpus = phrase_corpus(100)
    recipe, tokenizer, _, _ = prepare(corpus, find_recipe("tiny", ["vocab_size=200", "d_model=16"]))
    torch.manual_seed(0)
    return Translator(recipe.build(), tokenizer)


TEXTS = ["我们喜欢机器学习。", "好", "她在学校学习。", "老师喜欢书。", "书"]


def test_batches_change_neither_the_order_nor_the_translations(translator):
    together = translator.translate_all(TEXTS)
    assert together == [translator.translate(text) for text in TEXTS]
    assert together == translator.translate_all(TEXTS, batch_tokens=12)
    assert translator.translate_all(TEXTS, beam=3) == [translator.translate(text, beam=3) for text in TEXTS]


def test_samples_depend_on_the_seed_alone(translator):
    first, again, other = (translator.sample_all(TEXTS, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert translator.sample_all(TEXTS, top_k=1) == translator.translate_all(TEXTS)


def test_translating_leaves_the_model_in_the_mode_it_was_in(translator):
    for mode in (True, False):
        translator.model.train(mode)
        translator.translate_all(TEXTS)
        translator.sample_all(TEXTS)
        assert translator.model.training is mode


def test_a_sentence_that_cannot_be_translated_is_named_by_its_place(translator):
    with pytest.raises(LabError, match=r"^the sentence is empty; there is nothing to translate"):
        translator.translate("  ")
    with pytest.raises(LabError, match="sentence 2: the sentence is empty; there is nothing to translate"):
        translator.translate_all(["好", " "])
    with pytest.raises(LabError, match=r"sentence 1: the sentence has \d+ tokens with its <eos>, this model takes"):
        translator.sample_all(["书" * 500, "好"])


def test_numbers_that_nothing_can_be_computed_with_are_refused(translator):
    for seed in (2**70, -(2**70)):
        with pytest.raises(LabError, match=f"seed={seed} does not fit in 64 bits"):
            translator.sample_all(["好"], seed=seed)
    with pytest.raises(LabError, match="length_penalty=inf must be from 0"):  # greedy, so that it makes no difference
        translator.translate_all(["好"], length_penalty=float("inf"))
