"""Recording a dictionary: the same sentences and the same measure as a model, and its row among the models."""

import sys
from pathlib import Path

import pytest

from bench import readme, report, translation_notes, word_for_word
from transformer_lab.data.corpus import Pair, load_corpus
from transformer_lab.data.phrases import phrase_corpus
from transformer_lab.translation.dictionary import DictionaryTranslator
from transformer_lab.translation.evaluation import bleu

ODD = Pair("茶或水。", "tea | water")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    corpus, folder = phrase_corpus(300), tmp_path / "data"
    folder.mkdir()
    for split, pairs in (("train", corpus.train), ("test", [*corpus.test[:6], ODD])):
        text = "".join(f"{pair.target}\t{pair.source}\n" for pair in pairs)
        (folder / f"{split}.tsv").write_text(text, encoding="utf-8")
    return folder


def test_it_is_scored_as_a_model_is(data: Path) -> None:
    made = word_for_word.measure(data)
    corpus = load_corpus(data)
    outputs = DictionaryTranslator.learn(corpus.train).translate_all([pair.source for pair in corpus.test])
    assert [one["translation"] for one in made["examples"]] == outputs
    expected = bleu(outputs, [pair.target for pair in corpus.test])
    assert (made["scores_by_beam"]["1"]["bleu"], made["signature"]) == (expected.bleu, expected.signature)
    assert expected.bleu > 1
    assert (made["languages"], made["test_sentences"], made["steps"]) == (["und", "en"], 7, 10)
    assert made["data"]["pairs"] == len(corpus.train)


def test_it_is_recorded_with_its_command_and_stands_among_the_models(data: Path, monkeypatch, tmp_path: Path) -> None:
    out = tmp_path / "results"
    out.mkdir()
    monkeypatch.setattr(report, "RESULTS", out)
    monkeypatch.setattr(readme, "RESULTS", out)
    monkeypatch.setattr(readme, "README", tmp_path / "README.md")
    monkeypatch.setattr(sys, "argv", ["x", "tried", "--data", str(data), "--comparison", "tea"])
    assert word_for_word.main() == 0
    page = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert f"python -m bench.word_for_word tried --data {data} --comparison tea" in page
    assert "| dictionary |" in page
    assert "tea \\| water" in page  # a bar in a sentence is no column


def test_data_that_is_not_there_is_one_sentence(monkeypatch, tmp_path: Path, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["x", "tried", "--data", str(tmp_path / "none")])
    assert word_for_word.main() == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_seconds_and_minutes() -> None:
    assert (translation_notes._time(59.6), translation_notes._time(90)) == ("60 s", "2 min")
