"""The trainer learns; a run is resumed to the same losses after SIGKILL; checkpoints are whole or refused."""

import csv
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from transformer_lab.checkpoint import FORMAT, VERSION, atomic_write, load_checkpoint, save_checkpoint
from transformer_lab.config import RECIPES, Recipe, find_recipe
from transformer_lab.corpus import Corpus
from transformer_lab.device import choose_device
from transformer_lab.errors import LabError
from transformer_lab.evaluation import bleu, evaluate
from transformer_lab.phrases import phrase_corpus
from transformer_lab.run import Run, average_weights, prepare
from transformer_lab.toy import TASKS, toy_corpus
from transformer_lab.trainer import Trainer, validation_loss
from transformer_lab.translator import Translator

SMALL = ["pairs=300", "validate_every=8", "average=2", "batch_tokens=400", "dropout=0.1", "d_model=16", "d_ff=16"]


@pytest.fixture(autouse=True)
def one_thread():
    """Sums in the same order in this process and in others."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    whole = phrase_corpus(300)
    return replace(whole, validation=whole.validation[:20], test=whole.test[:20])


def small(*overrides: str) -> Recipe:
    return find_recipe("tiny", [*SMALL, *overrides])


def rows(out: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((out / "log.csv").read_text().splitlines()))


def test_copying_is_learned():
    """The loss on unseen sequences comes near 0, and the copies are right."""
    toy = toy_corpus("copy", train=450, held_out=40, longest=3, letters=8)
    settings = ["d_model=64", "steps=240", "warmup=40", "rate_factor=0.5", "label_smoothing=0", "batch_tokens=300"]
    recipe, tokenizer, train, validation = prepare(toy, find_recipe("tiny", settings))
    torch.manual_seed(1)
    model = recipe.build()
    losses = [step.loss for step in Trainer(model, train, tokenizer, recipe.training, recipe.model.d_model)]
    assert losses[0] > 2
    assert validation_loss(model, validation, tokenizer) < 0.1
    _, translations = evaluate(Translator(model, tokenizer), toy.test)
    right = sum(text == pair.target for text, pair in zip(translations, toy.test, strict=True))
    assert right >= 0.9 * len(toy.test), translations


@pytest.mark.parametrize("architecture", ["prenorm", "gru"])
def test_the_same_trainer_serves_other_architectures(architecture):
    toy = toy_corpus("reverse", train=450, held_out=40, longest=3, letters=8)
    settings = [f"architecture={architecture}", "d_model=32", "steps=50", "warmup=20", "batch_tokens=300"]
    recipe, tokenizer, train, validation = prepare(toy, find_recipe("tiny", settings))
    torch.manual_seed(1)
    model = recipe.build()
    before = validation_loss(model, validation, tokenizer)
    assert len(list(Trainer(model, train, tokenizer, recipe.training, recipe.model.d_model))) == 50
    assert validation_loss(model, validation, tokenizer) < 0.5 * before


def test_toy_tasks():
    for task, expected in {"copy": "b c a", "reverse": "a c b", "sort": "a b c"}.items():
        assert " ".join(TASKS[task](["b", "c", "a"])) == expected
        pairs = toy_corpus(task, train=200, held_out=20)
        assert len({p.source for p in pairs.train + pairs.validation + pairs.test}) == 240
    with pytest.raises(LabError, match="no toy task 'swap'"):
        toy_corpus("swap")
    with pytest.raises(LabError, match="60 sequences are wanted but there are only 6"):
        toy_corpus("copy", train=40, held_out=10, longest=2, letters=2)


def test_killed_and_resumed_it_continues_to_the_same_losses(corpus, tmp_path):
    """SIGKILL at an arbitrary moment after the first checkpoint; log and best weights are equal bit for bit."""
    command = [sys.executable, "-m", "course.cli", "train", "--config", "tiny", "--out", str(tmp_path / "killed")]
    for setting in [*SMALL, "steps=1000000"]:
        command += ["--set", setting]
    child = subprocess.Popen(
        command, env=os.environ | {"OMP_NUM_THREADS": "1"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 120
        while not (tmp_path / "killed" / "last.pt").exists():
            assert child.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(0.05)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    whole = phrase_corpus(300)
    reached = load_checkpoint(tmp_path / "killed" / "last.pt").step
    assert reached >= 8
    recipe = small(f"steps={reached + 12}")
    resumed = Run(recipe, whole, tmp_path / "killed")
    assert resumed.resumed_from == reached
    resumed.train(progress=False)
    undisturbed = Run(recipe, whole, tmp_path / "undisturbed")
    undisturbed.train(progress=False)
    assert len(rows(tmp_path / "killed")) == reached + 12
    assert (tmp_path / "killed" / "log.csv").read_text() == (tmp_path / "undisturbed" / "log.csv").read_text()
    ours, theirs = (load_checkpoint(run.best).weights for run in (resumed, undisturbed))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    temporary = [file.name for file in (tmp_path / "killed").iterdir() if file.name.startswith(".")]
    assert set(temporary) <= {name for name in temporary if ".pt." in name or ".csv." in name}


def test_another_recipe_or_other_data_is_not_resumed(corpus, tmp_path):
    Run(small("steps=8"), corpus, tmp_path).train(progress=False)
    with pytest.raises(LabError, match=r"was trained with d_ff=16, not 32; give another --out"):
        Run(small("steps=16", "d_ff=32"), corpus, tmp_path)
    with pytest.raises(LabError, match=r"was trained on other data \(phrases\)"):
        Run(small("steps=16"), replace(corpus, train=corpus.train[::-1]), tmp_path)
    finished = Run(small("steps=8"), corpus, tmp_path)
    assert finished.finished
    assert finished.resumed_from == 8


def test_early_stopping_and_the_best_model(corpus, tmp_path):
    """With a learning rate of 0 no validation is better than the first."""
    run = Run(small("steps=1000", "rate_factor=0", "patience=2", "average=1"), corpus, tmp_path)
    run.train(progress=False)
    assert run.trainer.step == 24
    assert load_checkpoint(run.best).step == 8
    assert {row["validation_loss"] for row in rows(tmp_path)} - {""} == {repr(run.best_loss)}


def test_a_loss_that_is_not_finite_stops_with_a_sentence(corpus, tmp_path):
    run = Run(small("steps=30"), corpus, tmp_path)
    run.train(progress=False)
    run = Run(small("steps=40"), corpus, tmp_path)
    run.model.embedding.weight.data[5:] = float("nan")
    with pytest.raises(LabError, match=r"step 31: the loss is nan.*the last good state is .*last\.pt"):
        run.train(progress=False)
    assert load_checkpoint(run.last).step == 30


def test_average_of_weights(tmp_path):
    for number, value in enumerate((1.0, 2.0, 6.0)):
        torch.save({"w": torch.full((3,), value)}, tmp_path / f"{number}.pt")
    assert average_weights(sorted(tmp_path.iterdir()))["w"].tolist() == [3.0, 3.0, 3.0]


@pytest.fixture(scope="module")
def checkpoint(corpus, tmp_path_factory) -> Path:
    run = Run(small("steps=8", "max_length=40"), corpus, tmp_path_factory.mktemp("run"))
    run.train(progress=False)
    return run.best


def test_a_checkpoint_holds_all_that_translating_needs(checkpoint, corpus):
    stored = load_checkpoint(checkpoint)
    state = torch.get_rng_state()
    model = stored.model()
    assert torch.equal(torch.get_rng_state(), state)
    assert not model.training
    assert stored.languages == ("zh", "en")
    assert Recipe.from_dict(stored.recipe.to_dict()) == stored.recipe
    direct = Translator(model, stored.tokenizer).translate_all([pair.source for pair in corpus.test])
    assert Translator.load(checkpoint).translate_all([pair.source for pair in corpus.test]) == direct


def damaged(kind: str, whole: Path, folder: Path) -> Path:
    path = folder / "damaged.pt"
    content = torch.load(whole, weights_only=True)
    if kind == "missing":
        return path
    if kind == "directory":
        return folder
    if kind == "truncated":
        path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    elif kind == "empty":
        path.touch()
    elif kind == "text":
        path.write_text("Attention is all you need.\n" * 50)
    elif kind == "other":
        torch.save({"weights": torch.ones(2)}, path)
    elif kind == "code":
        torch.save({"format": FORMAT, "run": Path.home}, path)
    elif kind == "version":
        torch.save(content | {"version": VERSION + 1}, path)
    elif kind == "incomplete":
        torch.save({key: value for key, value in content.items() if key != "tokenizer"}, path)
    return path


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("missing", "does not exist; train one"),
        ("directory", "is a directory; name a checkpoint inside it"),
        ("truncated", "truncated or not a checkpoint"),
        ("empty", "truncated or not a checkpoint"),
        ("text", "truncated or not a checkpoint"),
        ("other", "not a checkpoint of this course"),
        ("code", "truncated or not a checkpoint"),
        ("version", rf"version {VERSION + 1}, this program reads version {VERSION}"),
        ("incomplete", "lacks its 'tokenizer'"),
    ],
)
def test_files_that_are_not_checkpoints_get_a_sentence(checkpoint, tmp_path, kind, sentence):
    with pytest.raises(LabError, match=sentence):
        load_checkpoint(damaged(kind, checkpoint, tmp_path))


def test_weights_that_do_not_fit_get_a_sentence(checkpoint):
    stored = load_checkpoint(checkpoint)
    wrong = replace(stored, recipe=replace(stored.recipe, model=replace(stored.recipe.model, d_ff=999)))
    with pytest.raises(LabError, match="weights do not fit"):
        wrong.model()


def test_no_half_written_file(checkpoint, tmp_path):
    path = tmp_path / "checkpoint.pt"
    path.write_text("old")
    with pytest.raises(TypeError), atomic_write(path) as file:
        file.writelines([b"half", "text, which this file does not take"])
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.pt"]
    assert path.read_text() == "old"
    (tmp_path / "file").touch()
    with pytest.raises(LabError, match="cannot be written"):
        save_checkpoint(tmp_path / "file" / "x.pt", load_checkpoint(checkpoint))


def test_sentences_that_cannot_be_translated_are_named(checkpoint):
    translator = Translator.load(checkpoint)
    with pytest.raises(LabError, match="the sentence is empty"):
        translator.translate("  ")
    with pytest.raises(LabError, match="sentence 2: the sentence is empty"):
        translator.translate_all(["你好", ""])
    with pytest.raises(LabError, match="has 51 tokens with its <eos>, this model takes at most 40; split it"):
        translator.translate("书" * 50)


def test_translations_do_not_depend_on_company(checkpoint, corpus):
    translator = Translator.load(checkpoint)
    sources = [pair.source for pair in corpus.test if len(pair.source) < 12][:5]
    for beam in (1, 2):
        together = translator.translate_all(sources, beam)
        assert together == [translator.translate(source, beam) for source in sources]


def test_bleu_is_sacrebleus_with_its_signature():
    references = ["The cat is on the mat.", "There is a dog in the park."]
    perfect = bleu(references, references)
    assert perfect.bleu == pytest.approx(100)
    assert "case:mixed|eff:no|tok:13a|smooth:exp|version:" in perfect.signature
    # By hand: of 7, 6, 5 and 4 n-grams of "the cat is on a mat ." 6, 4, 2 and 1 are right; the lengths are equal.
    score = bleu(["the cat is on a mat."], ["the cat is on the mat."])
    expected = 100 * (6 / 7 * 4 / 6 * 2 / 5 * 1 / 4) ** 0.25
    assert score.bleu == pytest.approx(expected, rel=1e-9)
    assert bleu(["THE CAT"] * 2, references, lowercase=True).signature.startswith("nrefs:1|case:lc")
    with pytest.raises(LabError, match="0 translations"):
        bleu([], [])


def test_recipes_and_their_errors():
    base, big = RECIPES["base"], RECIPES["big"]
    assert (base.model.d_model, base.model.num_heads, base.model.d_ff, base.model.num_layers) == (512, 8, 2048, 6)
    assert (base.model.dropout, base.training.label_smoothing, base.training.warmup) == (0.1, 0.1, 4_000)
    assert (big.model.d_model, big.model.num_heads, big.model.d_ff, big.model.dropout) == (1024, 16, 4096, 0.3)
    changed = find_recipe("tiny", ["d_model=64", "steps=7"])
    assert (changed.model.d_model, changed.training.steps) == (64, 7)
    for overrides, sentence in [
        (["d_modle=64"], "no setting 'd_modle'; did you mean 'd_model'"),
        (["steps"], "not of the form key=value"),
        (["steps=many"], "steps='many' is not a whole number"),
        (["steps=0"], "steps=0 must be at least 1"),
        (["d_model=100", "num_heads=8"], "d_model=100 is not divisible by num_heads=8"),
        (["label_smoothing=1"], "must be at least 0 and below 1"),
        (["clip=-1"], "must not be negative"),
        (["architecture=lstn"], "no architecture 'lstn'"),
    ]:
        with pytest.raises(LabError, match=sentence):
            find_recipe("tiny", overrides)
    with pytest.raises(LabError, match="no configuration 'bok'; did you mean 'book'"):
        find_recipe("bok")
    with pytest.raises(LabError, match="no setting 'width'"):
        Recipe.from_dict(RECIPES["tiny"].to_dict() | {"model": {"vocab_size": 9, "width": 3}})


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_cuda_where_there_is_none():
    assert choose_device("auto") == torch.device("cpu")
    with pytest.raises(LabError, match="no CUDA device"):
        choose_device("cuda")
