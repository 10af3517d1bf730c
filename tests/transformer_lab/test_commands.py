"""`course train`, `evaluate` and `translate` as a person meets them: answers, and one sentence for each mistake."""

import io
import json
import re
from dataclasses import fields
from pathlib import Path

import pytest
import torch

from course.cli import DONE, WRONG_USAGE, main
from transformer_lab.training.architectures import ARCHITECTURES, MODELS, SIZES
from transformer_lab.training.checkpoint import load_checkpoint
from transformer_lab.training.config import TrainingConfig

SETTINGS = ["pairs=300", "steps=12", "validate_every=6", "batch_tokens=400", "d_model=16", "d_ff=16", "max_length=40"]
TRAIN = ["train", "--config", "tiny", "--device", "cpu", *(part for one in SETTINGS for part in ("--set", one))]


@pytest.fixture(scope="module")
def out(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("train") / "run"
    assert main([*TRAIN, "--out", str(folder)]) == DONE
    return folder


@pytest.fixture(scope="module")
def pairs(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("pairs") / "test.tsv"
    path.write_text("a book\t一本书\nI like this book.\t我喜欢这本书。\n", encoding="utf-8")
    return path


def refused(capsys, *arguments) -> str:
    """The sentence of a wrong usage: the last line on stderr, and nothing on stdout."""
    assert main([str(argument) for argument in arguments]) == WRONG_USAGE
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Traceback" not in printed.err
    sentence = printed.err.splitlines()[-1]
    assert sentence.startswith("course: ")
    return sentence


def test_training_leaves_its_files_and_says_where(out, capsys):
    assert {"best.pt", "last.pt", "log.csv", "tensorboard"} == {file.name for file in out.iterdir()}
    assert main([*TRAIN, "--out", str(out)]) == DONE
    printed = capsys.readouterr()
    assert "is trained already" in printed.err
    assert f"best model: {out / 'best.pt'}" in printed.out
    assert main([*TRAIN, "--out", str(out), "--set", "steps=18"]) == DONE
    assert "going on from step 12" in capsys.readouterr().err
    assert load_checkpoint(out / "last.pt").step == 18


def test_a_convolutional_model_says_how_far_it_sees(tmp_path, capsys):
    sizes = ["architecture=convolutional", "num_layers=2", "kernel_size=5", "d_model=16", "max_length=40"]
    settings = [*sizes, "pairs=300", "steps=2", "batch_tokens=400"]
    train = ["train", "--config", "tiny", "--device", "cpu", "--out", str(tmp_path)]
    assert main([*train, *(part for one in settings for part in ("--set", one))]) == DONE
    assert "Its encoder's receptive field is 9 tokens." in capsys.readouterr().err


def test_training_on_files(tmp_path, capsys):
    for split, count in (("train", 60), ("val", 5)):
        (tmp_path / f"{split}.de").write_text("".join(f"eins zwei {i}\n" for i in range(count)))
        (tmp_path / f"{split}.en").write_text("".join(f"one two {i}\n" for i in range(count)))
    assert main([*TRAIN, "--data", str(tmp_path), "--out", str(tmp_path / "run")]) == DONE
    assert "60 pairs, de→en" in capsys.readouterr().err
    assert load_checkpoint(tmp_path / "run" / "best.pt").languages == ("de", "en")


def test_translations_can_be_drawn(out, capsys):
    arguments = ["translate", str(out / "best.pt"), "机器学习", "--device", "cpu"]

    def drawn(*options: str) -> str:
        assert main([*arguments, *options]) == DONE
        return capsys.readouterr().out

    first = drawn("--temperature", "1")
    assert drawn("--temperature", "1") == first
    assert drawn("--temperature", "1", "--seed", "2") != first
    assert drawn("--temperature", "1", "--top-k", "1") == drawn("--temperature", "1e-4") == drawn()
    sentence = refused(capsys, *arguments, "--temperature", "1", "--beam", "3")
    assert sentence.endswith("--beam searches for the likeliest; give one of them.")
    assert "temperature=0.0 must be above 0" in refused(capsys, *arguments, "--temperature", "0")


def test_evaluate_as_text_and_as_json(out, pairs, tmp_path, capsys):
    arguments = ["evaluate", str(out / "best.pt"), "--data", str(pairs), "--device", "cpu"]
    assert main(arguments) == DONE
    text = capsys.readouterr().out
    assert text.startswith("BLEU = ")
    assert "|tok:13a|" in text
    assert main([*arguments, "--json", "--beam", "2", "--translations", str(tmp_path / "out.txt")]) == DONE
    result = json.loads(capsys.readouterr().out)
    assert result["sentences"] == 2
    assert result["beam"] == 2
    assert result["signature"].startswith("nrefs:1|case:mixed|")
    assert len((tmp_path / "out.txt").read_text().splitlines()) == 2


def test_translate_arguments_and_standard_input(out, capsys, monkeypatch):
    assert main(["translate", str(out / "best.pt"), "一本书", "三本书"]) == DONE
    two = capsys.readouterr().out.splitlines()
    assert len(two) == 2
    monkeypatch.setattr("sys.stdin", io.StringIO("一本书\n三本书\n"))
    assert main(["translate", str(out / "best.pt")]) == DONE
    assert capsys.readouterr().out.splitlines() == two


def test_attention_map_as_image(out, tmp_path, capsys):
    assert main(["translate", str(out / "best.pt"), "three books", "--attention", str(tmp_path / "map.png")]) == DONE
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    assert (
        main(["translate", str(out / "best.pt"), "three books", "--attention", str(tmp_path / "map.doc")])
        == WRONG_USAGE
    )
    assert "cannot draw a .doc" in capsys.readouterr().err
    assert not (tmp_path / "map.doc").exists()


def test_wrong_usage_gets_a_sentence_and_writes_nothing(out, pairs, tmp_path, capsys):
    checkpoint, new = out / "best.pt", tmp_path / "new"
    assert "did you mean 'book'" in refused(capsys, "train", "--config", "bok", "--out", new)
    assert "did you mean 'd_model'" in refused(capsys, *TRAIN, "--set", "d_modl=3", "--out", new)
    assert "nowhere does not exist" in refused(capsys, "train", "--data", tmp_path / "nowhere", "--out", new)
    assert "Chinese to English" in refused(capsys, *TRAIN, "--source", "de", "--out", new)
    (tmp_path / "broken.tsv").write_text("no tab here\n")
    assert "broken.tsv, line 1: no tab" in refused(capsys, "train", "--data", tmp_path / "broken.tsv", "--out", new)
    assert "d_model=100 is not divisible by num_heads=8" in refused(
        capsys, *TRAIN, "--set", "num_heads=1", "--set", "d_model=100", "--set", "num_heads=8", "--out", new
    )
    assert not new.exists()
    assert "give another --out" in refused(capsys, *TRAIN, "--set", "seed=2", "--out", out)
    assert "does not exist" in refused(capsys, "evaluate", tmp_path / "none.pt", "--data", pairs)
    assert "nowhere does not exist" in refused(capsys, "evaluate", checkpoint, "--data", tmp_path / "nowhere")
    assert "the sentence is empty" in refused(capsys, "translate", checkpoint, " ")
    assert "takes at most 40" in refused(capsys, "translate", checkpoint, "书" * 60)
    assert "--attention draws one sentence" in refused(
        capsys, "translate", checkpoint, "a", "b", "--attention", "x.png"
    )


def test_the_place_of_translations_is_tried_before_they_are_made(out, pairs, tmp_path, capsys, monkeypatch):
    def evaluated(*_) -> None:
        raise AssertionError("hours of decoding")

    monkeypatch.setattr("transformer_lab.translation.evaluation.evaluate", evaluated)
    (tmp_path / "file").touch()
    arguments = ["evaluate", out / "best.pt", "--data", pairs, "--translations", tmp_path / "file" / "out.txt"]
    assert "out.txt cannot be written" in refused(capsys, *arguments)


def test_what_set_may_change_is_listed(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["train", "--config", "tiny", "--set", "steps=7", "--list-settings"]) == DONE
    printed = capsys.readouterr().out
    assert ARCHITECTURES.keys() < MODELS.keys()
    for name, (sizes, _, task) in MODELS.items():
        (line,) = [line for line in printed.splitlines() if line.startswith(f"  {name} ")]
        chosen = {field.name for field in fields(sizes)} - {
            "pad_id",
            "image_size",
            "channels",
            "classes",
        }  # by the data
        listed, _, other = line.partition(" (")
        assert set(listed.replace(",", "").split()[1:]) == chosen <= SIZES.keys()
        assert other == ("" if name in ARCHITECTURES else f"{task.name})")
    for name in ("d_ff", "max_length", *(field.name for field in fields(TrainingConfig))):
        assert re.search(rf"^  {name}=\S+ +\S+ ", printed, re.MULTILINE)
    assert re.search(r"^  steps=7 ", printed, re.MULTILINE)
    assert re.search(r"^  d_model=32 +width of a token's vector; ", printed, re.MULTILINE)
    assert "no setting 'pad_id'" in refused(capsys, "train", "--config", "tiny", "--set", "pad_id=5")
    assert not any(tmp_path.iterdir())


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_cuda_where_there_is_none(tmp_path, capsys):
    assert "no CUDA device" in refused(capsys, "train", "--config", "tiny", "--device", "cuda", "--out", tmp_path / "x")


def test_argparse_answers_too(out, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["translate", str(out / "best.pt"), "a", "--beam", "0"])
    assert "invalid positive whole number value: '0'" in capsys.readouterr().err
