"""Checkpoints are whole or refused, with a sentence that names what is wrong with them."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from runs import small

from transformer_lab.errors import LabError
from transformer_lab.training.checkpoint import FORMAT, VERSION, load_checkpoint
from transformer_lab.training.config import Recipe
from transformer_lab.training.run import Run
from transformer_lab.translation.translator import Translator

pytestmark = pytest.mark.usefixtures("one_thread")


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


def test_sentences_that_a_loaded_model_cannot_translate_are_named(checkpoint):
    translator = Translator.load(checkpoint)
    with pytest.raises(LabError, match="the sentence is empty"):
        translator.translate("  ")
    with pytest.raises(LabError, match="sentence 2: the sentence is empty"):
        translator.translate_all(["你好", ""])
    with pytest.raises(LabError, match="has 51 tokens with its <eos>, this model takes at most 40; split it"):
        translator.translate("书" * 50)


def test_translations_of_a_loaded_model_do_not_depend_on_company(checkpoint, corpus):
    translator = Translator.load(checkpoint)
    sources = [pair.source for pair in corpus.test if len(pair.source) < 12][:5]
    for beam in (1, 2):
        together = translator.translate_all(sources, beam)
        assert together == [translator.translate(source, beam) for source in sources]


def test_a_checkpoint_of_an_earlier_version_of_the_course_still_loads(corpus, tmp_path):
    """Its mark and number as they are in files that people keep: names in the library may change, these may not."""
    Run(small("steps=8"), corpus, tmp_path).train(progress=False)
    content = torch.load(tmp_path / "best.pt", weights_only=True)
    kept = content | {"format": "transformer_lab.checkpoint", "version": 1}
    torch.save(kept, tmp_path / "kept.pt")
    assert load_checkpoint(tmp_path / "kept.pt").step == 8


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
    elif kind == "log":
        path.write_text("step,loss,learning_rate,validation_loss\n1,5.5,0.01,\n")
    elif kind == "picture":
        path.write_bytes(b"GIF89a")
    elif kind == "flipped bit":
        path.write_bytes(b"Q" + whole.read_bytes()[1:])
    elif kind in ("languages", "data", "weights", "step"):
        torch.save(content | {kind: None}, path)
    elif kind == "architecture":
        torch.save(content | {"recipe": content["recipe"] | {"architecture": "oracle"}}, path)
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
        ("log", "truncated or not a checkpoint"),
        ("picture", "truncated or not a checkpoint"),
        ("flipped bit", "truncated or not a checkpoint"),
        ("languages", r"damaged.pt is damaged \(its 'languages' is no list\); copy it again"),
        ("data", r"damaged.pt is damaged \(its 'data' is no dict\); copy it again"),
        ("weights", r"damaged.pt is damaged \(its 'weights' is no dict\); copy it again"),
        ("step", r"damaged.pt is damaged \(its 'step' is no int\); copy it again"),
        ("architecture", "damaged.pt: there is no architecture 'oracle'"),
        ("other", "not a checkpoint of this course"),
        ("code", "truncated or not a checkpoint"),
        ("version", rf"version {VERSION + 1}, this program reads version {VERSION}"),
        ("incomplete", "lacks its 'tokenizer'"),
    ],
)
def test_files_that_are_not_checkpoints_get_a_sentence(checkpoint, tmp_path, kind, sentence):
    with pytest.raises(LabError, match=sentence):
        load_checkpoint(damaged(kind, checkpoint, tmp_path))


FIELDS = {
    "three languages": (("languages",), ["zh", "en", "de"], "its 'languages' are not two names"),
    "languages in one text": (("languages",), "zh", "its 'languages' is no list"),
    "a step before the first": (("step",), -5, "its 'step' is -5"),
    "a state that is a list": (("trainer",), [1], "its 'trainer' is no dict"),
    "a weight that is a list": (
        ("weights", "embedding.weight"),
        [1.0],
        "its weight 'embedding.weight' is no tensor of real numbers",
    ),
    "a weight without a name": (("weights", 3), torch.ones(2), "its weight 3 is no tensor of real"),
    "a sparse weight": (("weights", "embedding.weight"), torch.eye(2).to_sparse(), "weight' is no tensor"),
    "whole numbers": (("weights", "embedding.weight"), torch.ones(2, 2).int(), "is no tensor of real numbers"),
    "no number": (("weights", "embedding.weight"), torch.full((2, 2), torch.nan), "is not finite"),
    "half a layer": (("recipe", "model", "num_layers"), 1.0, r"num_layers=1\.0 is not of type int"),
    "a width in words": (("recipe", "model", "d_model"), "wide", "d_model='wide' is not of type int"),
    "pairs with a point": (("recipe", "training", "pairs"), 20.0, r"pairs=20\.0 is not of type int"),
}


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_that_training_does_not_write_is_named(checkpoint, tmp_path, field):
    (*outer, name), value, sentence = FIELDS[field]
    content = torch.load(checkpoint, weights_only=True)
    inner = content
    for key in outer:
        inner = inner[key]
    inner[name] = value
    torch.save(content, tmp_path / "damaged.pt")
    with pytest.raises(LabError, match=rf"damaged\.pt.*{sentence}"):
        load_checkpoint(tmp_path / "damaged.pt")


def test_a_model_that_pads_with_another_token_than_its_vocabulary(checkpoint):
    stored = load_checkpoint(checkpoint)
    wrong = replace(stored, recipe=replace(stored.recipe, model=replace(stored.recipe.model, pad_id=1)))
    with pytest.raises(LabError, match="vocabulary pads with token 0, its model with 1"):
        wrong.model()


def test_memory_that_runs_out_while_reading_is_no_damage(checkpoint, monkeypatch):
    def exhausted(*_, **__) -> None:
        raise MemoryError

    monkeypatch.setattr(torch, "load", exhausted)
    with pytest.raises(LabError, match="cannot be read: out of memory; close other programs"):
        load_checkpoint(checkpoint)


def test_a_path_that_no_file_can_have(checkpoint):
    """As where the checkpoint is forgotten and a long sentence stands in its place."""
    with pytest.raises(LabError, match=r"书 cannot be read: File name too long\."):
        load_checkpoint("书" * 200)


def test_weights_that_do_not_fit_get_a_sentence(checkpoint):
    stored = load_checkpoint(checkpoint)
    wrong = replace(stored, recipe=replace(stored.recipe, model=replace(stored.recipe.model, d_ff=999)))
    with pytest.raises(LabError, match="weights do not fit"):
        wrong.model()
