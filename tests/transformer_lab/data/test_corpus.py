"""Corpora: both layouts, splits, and a sentence with the place for everything that can be wrong."""

import gzip
from pathlib import Path

import pytest

from transformer_lab.data.corpus import Pair, hold_out, load_corpus, load_pairs
from transformer_lab.errors import LabError

SHARED = Path(__file__).parents[4] / "shared" / "data"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def test_tab_separated_directory_translates_into_english_by_default(tmp_path):
    write(tmp_path / "tatoeba-zh-en" / "train.tsv", "Hello.\t你好。\tsome attribution\nBye.\t再见。\r\nYes.\t是。\n")
    write(tmp_path / "tatoeba-zh-en" / "test.tsv", "No.\t不。\n")
    corpus = load_corpus(tmp_path / "tatoeba-zh-en")
    assert (corpus.source_language, corpus.target_language) == ("zh", "en")
    assert sorted(corpus.train + corpus.validation) == [
        Pair("你好。", "Hello."),
        Pair("再见。", "Bye."),
        Pair("是。", "Yes."),
    ]
    assert len(corpus.validation) == 1
    assert corpus.test == [Pair("不。", "No.")]


def test_tab_separated_the_other_way(tmp_path):
    write(tmp_path / "pairs.tsv", "Hello.\t你好。\nBye.\t再见。\n")
    assert load_pairs(tmp_path / "pairs.tsv", "en", "zh") == [Pair("Hello.", "你好。"), Pair("Bye.", "再见。")]


def test_line_aligned_with_gzip_and_a_validation_file(tmp_path):
    write(tmp_path / "train.de.gz", "Hallo.\nTschüss.\n")
    write(tmp_path / "train.en", "Hello.\nBye.\n")
    write(tmp_path / "val.de", "Ja.\n")
    write(tmp_path / "val.en.gz", "Yes.\n")
    corpus = load_corpus(tmp_path)
    assert (corpus.source_language, corpus.target_language) == ("de", "en")
    assert corpus.train == [Pair("Hallo.", "Hello."), Pair("Tschüss.", "Bye.")]
    assert corpus.validation == [Pair("Ja.", "Yes.")]
    assert corpus.test == []
    assert load_corpus(tmp_path, "en", "de").train[0] == Pair("Hello.", "Hallo.")
    assert load_pairs(tmp_path / "val", "de", "en") == [Pair("Ja.", "Yes.")]


def test_a_line_separator_inside_a_sentence_does_not_split_it(tmp_path):
    write(tmp_path / "pairs.tsv", "One\u2028two.\t一\u2028二。\n")
    assert load_pairs(tmp_path / "pairs.tsv") == [Pair("一\u2028二。", "One\u2028two.")]


def test_hold_out_is_deterministic_and_keeps_translations_of_a_source_together():
    pairs = [Pair(f"source {i // 3}", f"target {i}") for i in range(900)]
    train, validation = hold_out(pairs)
    assert (train, validation) == hold_out(pairs)
    assert sorted(train + validation) == sorted(pairs)
    assert len({pair.source for pair in validation}) == 300 // 40
    assert not {pair.source for pair in train} & {pair.source for pair in validation}


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({}, "no train file"),
        ({"train.tsv": ""}, "train.tsv is empty"),
        ({"train.tsv": "Hello.\t你好。\nBye. 再见。\n"}, "train.tsv, line 2: no tab"),
        ({"train.tsv": "Hello.\t你好。\n\nBye.\t再见。\n"}, "train.tsv, line 2: no tab"),
        ({"train.tsv": "Hello.\t你好。\nBye.\t \n"}, "train.tsv, line 2: the second column is empty"),
        ({"train.tsv": "\t你好。\n"}, "train.tsv, line 1: the first column is empty"),
        ({"train.tsv": "Hello.\t你好。\n"}, "too little to train on"),
        ({"train.de": "a\nb\nc\n", "train.en": "a\nb\n"}, "train.de has 3 lines but .*train.en has 2"),
        ({"train.de": "a\n\n", "train.en": "a\nb\n"}, "train.de, line 2: the line is empty"),
        ({"train.de": "", "train.en": ""}, "are empty"),
        ({"train.de": "a\n"}, "no train file in 'en'; found de"),
        ({"train.de": "a\n", "train.fr": "a\n", "train.en": "a\n"}, "which language to translate from.*de, fr"),
        ({"train.de": "a\n", "train2.de": "a\n", "train.en": "a\n"}, "both train.de and train2.de"),
    ],
)
def test_bad_directories_get_a_sentence(tmp_path, files, sentence):
    for name, text in files.items():
        write(tmp_path / name, text)
    with pytest.raises(LabError, match=sentence):
        load_corpus(tmp_path)


def test_invalid_utf8_names_the_line(tmp_path):
    (tmp_path / "train.tsv").write_bytes("Hello.\t你好。\n".encode() + b"Bye.\t\xff\xfe\n")
    with pytest.raises(LabError, match=r"train\.tsv, line 2: not valid UTF-8 \(byte 6"):
        load_corpus(tmp_path)


def test_missing_and_truncated_files_get_a_sentence(tmp_path):
    with pytest.raises(LabError, match="nowhere does not exist"):
        load_corpus(tmp_path / "nowhere")
    whole = gzip.compress(("Hello.\t你好。\n" * 500).encode())
    (tmp_path / "train.tsv.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(LabError, match="not a complete gzip file"):
        load_corpus(tmp_path)


def test_tab_separated_needs_english_on_one_side(tmp_path):
    with pytest.raises(LabError, match="zh→de"):
        load_pairs(write(tmp_path / "pairs.tsv", "Hello.\t你好。\n"), "zh", "de")


@pytest.mark.parametrize(
    ("source", "target", "sentence"),
    [
        ("en", "en", "source and target are both 'en'; choose another --source or --target"),
        ("fr", "en", "has no sentences in 'fr': its directory tatoeba-zh-en is named after en and zh; choose these"),
        (None, "fr", "has no sentences in 'fr'"),
        ("en", "fr", "has no sentences in 'fr'"),
    ],
)
def test_languages_that_tab_separated_pairs_do_not_have(tmp_path, monkeypatch, source, target, sentence):
    file = write(tmp_path / "tatoeba-zh-en" / "train.tsv", "Hello.\t你好。\nBye.\t再见。\n")
    monkeypatch.chdir(file.parent)
    for path in (file.parent, file, "."):
        with pytest.raises(LabError, match=sentence):
            load_corpus(path, source, target)


def test_line_aligned_files_of_one_language_are_no_corpus(tmp_path):
    for language in ("de", "en"):
        write(tmp_path / f"train.{language}", "a\nb\n")
    with pytest.raises(LabError, match="source and target are both 'en'"):
        load_corpus(tmp_path, "en")


@pytest.mark.parametrize(
    ("directory", "asked", "found"),
    [
        ("tatoeba-zh-en", (None, "en"), ("zh", "en")),
        ("tatoeba-zh-en", ("en", "zh"), ("en", "zh")),
        ("tatoeba-zh-en", (None, "zh"), ("en", "zh")),
        ("wmt-en-de", (None, "en"), ("de", "en")),
        ("cmn-en", (None, "en"), ("cmn", "en")),
        ("pairs", (None, "en"), ("und", "en")),
        ("pairs", ("fr", "en"), ("fr", "en")),
        ("tatoeba-zh-en", ("und", "en"), ("und", "en")),  # of a model that was trained on unnamed pairs
    ],
)
def test_a_directory_may_name_the_languages_of_tab_separated_pairs(tmp_path, directory, asked, found):
    write(tmp_path / directory / "train.tsv", "Hello.\t你好。\nBye.\t再见。\n")
    corpus = load_corpus(tmp_path / directory, *asked)
    assert (corpus.source_language, corpus.target_language) == found
    assert {pair.source[0] for pair in corpus.train} <= set("HB" if found[0] == "en" else "你再")


@pytest.mark.data
def test_the_real_corpora_are_read():
    if not SHARED.is_dir():
        pytest.skip(f"no shared data beside the repository ({SHARED.name} is missing)")
    tatoeba = load_corpus(SHARED / "tatoeba-zh-en")
    assert (tatoeba.source_language, tatoeba.target_language) == ("zh", "en")
    assert len(tatoeba.train) + len(tatoeba.validation) == 20_204
    assert len(tatoeba.test) == 1_036
    multi30k = load_corpus(SHARED / "multi30k-en-de", "de", "en")
    assert [len(split) for split in (multi30k.train, multi30k.validation, multi30k.test)] == [29_000, 1_014, 1_000]
