"""The map of a translation: whose weights it shows, with untrained models."""

import pytest
import torch

from transformer_lab.data.batching import pad
from transformer_lab.data.phrases import phrase_corpus
from transformer_lab.seq2seq import evaluating
from transformer_lab.training.config import find_recipe
from transformer_lab.training.run import prepare
from transformer_lab.translation import alignment
from transformer_lab.translation.alignment import translation_attention
from transformer_lab.translation.decoding import greedy_decode
from transformer_lab.translation.translator import Translator

TEXT, LONGER = "她在学校学习。", "我们喜欢机器学习,老师喜欢书。"


ARCHITECTURES = {
    "transformer": ["num_layers=2", "num_heads=4"],
    "attention-gru": [],
    "convolutional": ["num_layers=2"],
}


@pytest.fixture(scope="module", params=ARCHITECTURES)
def translator(request) -> Translator:
    """In training mode, with dropout: a map must not show what training drops."""
    settings = ["vocab_size=200", "d_model=16", "max_length=80", "dropout=0.3", *ARCHITECTURES[request.param]]
    recipe = find_recipe("tiny", [f"architecture={request.param}", *settings])
    recipe, tokenizer, _, _ = prepare(phrase_corpus(100), recipe)
    torch.manual_seed(0)
    return Translator(recipe.build(), tokenizer)


@torch.no_grad()
def expected(translator: Translator, target: list[int]) -> torch.Tensor:
    """The last layer's weights, over heads, cut out of a batch in which TEXT is padded to a longer sentence."""
    model, length = translator.model, len(translator.encode(TEXT))
    source = pad([translator.encode(text) for text in (TEXT, LONGER)], translator.tokenizer.pad_id)
    with evaluating(model):
        memory, mask = model.encode(source), model.source_mask(source)
        weights = model.cross_attention(torch.tensor([target] * 2), memory, mask)
    assert length < source.shape[1]
    return weights[0, :, :, :length].mean(dim=0)


@pytest.mark.parametrize("words", ["", "machine learning"])
def test_a_row_for_each_token_written_and_one_for_the_end(translator, words, monkeypatch):
    """An untrained model does not come to an end by itself, so it is told what it writes. Float32, to 1e-6."""
    tokenizer = translator.tokenizer
    written = tokenizer.encode(words)
    monkeypatch.setattr(alignment, "greedy_decode", lambda *_: [written])
    rows, columns, weights = translation_attention(translator, TEXT)
    assert rows == [*tokenizer.tokens(written), "<eos>"]
    assert columns == tokenizer.tokens(translator.encode(TEXT))
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(len(rows)), rtol=0, atol=1e-6)
    # The row of a token is what was looked at to write it: while the token before it was read.
    torch.testing.assert_close(weights, expected(translator, [tokenizer.bos_id, *written]), rtol=0, atol=1e-6)
    assert translator.model.training


@pytest.mark.parametrize("max_length", [24, 80])
def test_a_translation_that_was_cut_off_has_no_row_for_the_end(translator, max_length, monkeypatch):
    """It may have 50 tokens more than the source, and as many as the model takes."""
    tokenizer, model = translator.tokenizer, translator.model
    monkeypatch.setattr(model, "max_length", max_length)
    source = translator.encode(TEXT)
    (written,) = greedy_decode(model, pad([source], tokenizer.pad_id), tokenizer.bos_id, tokenizer.eos_id)
    assert len(written) == min(len(source) + 50, max_length)
    rows, _, weights = translation_attention(translator, TEXT)
    assert rows == tokenizer.tokens(written)
    torch.testing.assert_close(weights, expected(translator, [tokenizer.bos_id, *written[:-1]]), rtol=0, atol=1e-6)


def test_all_maps_of_one_sentence(translator):
    """In evaluation, whatever the mode, and of the last layer the same weights as the map of a translation."""
    model, source = translator.model, translator.encode(TEXT)
    written = [translator.tokenizer.bos_id, 7, 8]
    maps = alignment.attention_maps(model, source, written)
    assert model.training
    assert torch.equal(maps.cross[-1][0], alignment.cross_attention(model, source, written))
    for kind in (maps.encoder, maps.decoder, maps.cross):
        for weights in kind:
            torch.testing.assert_close(weights.sum(-1), torch.ones(weights.shape[:3]), rtol=0, atol=1e-5)
