"""Language models and a vision model through `course`: trained, gone on with, and scored, as loops score them."""

import json
import math

import numpy as np
import pytest
import torch

from course.cli import DONE, WRONG_USAGE, main
from transformer_lab.data.corpus import Corpus, Pair
from transformer_lab.data.images import load_images, shape_images
from transformer_lab.errors import LabError
from transformer_lab.tasks.images import IMAGES, ClassNames
from transformer_lab.tasks.language import CAUSAL_LANGUAGE, MASKED_LANGUAGE, Sentence, one_language
from transformer_lab.training.checkpoint import load_checkpoint
from transformer_lab.training.config import find_recipe
from transformer_lab.training.run import Run

KINDS = {"decoder-only": CAUSAL_LANGUAGE, "masked-lm": MASKED_LANGUAGE, "vision": IMAGES}
SETTINGS = ["pairs=300", "validate_every=8", "batch_tokens=400", "d_model=16", "d_ff=16", "dropout=0.1", "average=2"]


def train(kind: str, out, steps: int = 8, *more: str) -> int:
    settings = [f"architecture={kind}", *SETTINGS, f"steps={steps}", *more]
    arguments = ["train", "--config", "tiny", "--device", "cpu", "--out", str(out)]
    return main([*arguments, *(part for one in settings for part in ("--set", one))])


@pytest.fixture(scope="module", params=KINDS)
def trained(request, tmp_path_factory):
    out = tmp_path_factory.mktemp(request.param)
    assert train(request.param, out) == DONE
    return request.param, out


def test_it_is_scored_as_text_and_as_json(trained, capsys):
    kind, out = trained
    assert main(["evaluate", str(out / "best.pt"), "--device", "cpu"]) == DONE
    text = capsys.readouterr().out
    assert main(["evaluate", str(out / "best.pt"), "--device", "cpu", "--json"]) == DONE
    result = json.loads(capsys.readouterr().out)
    assert result["task"] == KINDS[kind].name
    assert f"accuracy: {result['accuracy']:.4g}" in text
    assert f"{result[KINDS[kind].item + 's']} {KINDS[kind].item}s of the built-in corpus" in text
    assert ("perplexity" in result) == (kind != "vision")


@torch.no_grad()
def test_it_is_scored_as_loops_over_its_answers_score_it(trained):
    """One example at a time, without padding, in the same precision: to 1e-5."""
    kind, out = trained
    checkpoint, task = load_checkpoint(out / "best.pt"), KINDS[kind]
    model, vocabulary = checkpoint.model(), checkpoint.tokenizer
    items = task.built_in("zh", "en", 1, 1).test[:40]
    scores = task.score(model, vocabulary, items)
    examples, _ = task.examples(items, vocabulary, checkpoint.recipe.model)
    loss, right, count = 0.0, 0, 0
    for example in task.ask(examples, vocabulary, "test"):
        batch = task.collate([example], vocabulary)
        p = model(*batch.inputs).softmax(-1).reshape(batch.wanted.numel(), -1)
        for row, wanted in zip(p, batch.wanted.flatten().tolist(), strict=True):
            if wanted != model.pad_id:
                loss, right, count = loss - math.log(row[wanted]), right + (row.argmax() == wanted).item(), count + 1
    assert scores.values["accuracy"] == right / count
    if kind == "vision":
        assert scores.values["cross_entropy"] == pytest.approx(loss / count, rel=1e-5)
    else:
        assert scores.values["perplexity"] == pytest.approx(math.exp(loss / count), rel=1e-5)


def test_it_goes_on_to_the_same_losses(trained, tmp_path):
    """Stopped at step 8 and gone on with, or never stopped: the same weights, bit for bit."""
    kind, out = trained
    for name in ("last.pt", "best.pt", "log.csv"):
        (tmp_path / name).write_bytes((out / name).read_bytes())
    (tmp_path / "snapshots").mkdir()
    for file in (out / "snapshots").glob("*.pt"):
        (tmp_path / "snapshots" / file.name).write_bytes(file.read_bytes())
    assert train(kind, tmp_path, 16) == DONE
    assert train(kind, tmp_path / "whole", 16) == DONE
    one, other = (load_checkpoint(folder / "last.pt").weights for folder in (tmp_path, tmp_path / "whole"))
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("kind", KINDS)
def test_it_learns(kind, tmp_path):
    """On a few generated data the validation loss falls well below that of knowing nothing."""
    settings = [f"architecture={kind}", *SETTINGS, "dropout=0", "steps=80", "validate_every=40", "label_smoothing=0"]
    recipe = find_recipe("tiny", settings)
    run = Run(recipe, recipe.task.built_in("zh", "en", 300, 1), tmp_path)
    before = run._validation_loss()
    run.train(progress=False)
    assert run.best_loss < 0.9 * before


def test_a_language_model_and_images_do_not_translate(trained, capsys):
    kind, out = trained
    assert main(["translate", str(out / "best.pt"), "书"]) == WRONG_USAGE
    assert f"holds a model that {KINDS[kind].verb}, not a translator; score it with" in capsys.readouterr().err
    assert main(["evaluate", str(out / "best.pt"), "--beam", "4"]) == WRONG_USAGE
    assert "--beam is for translators" in capsys.readouterr().err


def test_what_is_hidden(trained):
    """15 % of the tokens, at least one; of these 80 % masked, 10 % others, 10 % as they are: 4 standard deviations."""
    kind, out = trained
    vocabulary = load_checkpoint(out / "best.pt").tokenizer
    if kind != "masked-lm":
        return
    sentences = [Sentence(list(range(270, 290)))] * 4000 + [Sentence([280])]
    cloze = MASKED_LANGUAGE.ask(sentences, vocabulary, "1 0")
    assert (
        cloze == MASKED_LANGUAGE.ask(sentences, vocabulary, "1 0") != MASKED_LANGUAGE.ask(sentences, vocabulary, "1 1")
    )
    assert cloze[-1].asked == 1
    places = [(s.tokens[i], c.given[i], c.wanted[i]) for s, c in zip(sentences, cloze, strict=True)
              for i in range(len(s.tokens))]  # fmt: skip
    asked = [(was, given) for was, given, wanted in places if wanted != vocabulary.pad_id]
    assert len(asked) == 4000 * 3 + 1 == sum(map(MASKED_LANGUAGE.count, cloze))
    assert all(given == was for was, given, wanted in places if wanted == vocabulary.pad_id)
    assert all(wanted in (was, vocabulary.pad_id) for was, _, wanted in places)
    for share, found in (
        (0.8, sum(g == vocabulary.unknown_id for _, g in asked)),
        (0.1, sum(g == w for w, g in asked)),
    ):
        assert abs(found / len(asked) - share) < 4 * (share * (1 - share) / len(asked)) ** 0.5 + 0.1 / vocabulary.size


def test_one_language_has_no_sentence_twice():
    corpus = Corpus("c", "zh", "en", [Pair("1", "a"), Pair("2", "a"), Pair("3", "b")], [Pair("4", "b"), Pair("5", "c")],
                    [Pair("6", "c"), Pair("7", "a"), Pair("8", "d")])  # fmt: skip
    one = one_language(corpus)
    assert [[pair.target for pair in split] for split in (one.train, one.validation, one.test)] == [
        ["a", "b"],
        ["c"],
        ["d"],
    ]
    with pytest.raises(LabError, match="every validation sentence is one to train on as well"):
        one_language(Corpus("c", "zh", "en", corpus.train, corpus.train, []))


def test_images_from_a_file(tmp_path, capsys):
    generator = np.random.default_rng(0)
    images, labels = generator.integers(0, 256, (60, 8, 8), dtype=np.uint8), np.arange(60) % 3
    np.savez(tmp_path / "three.npz", images=images, labels=labels, names=np.array(["one", "two", "three"]))
    data = load_images(tmp_path / "three.npz")
    assert (len(data.train), len(data.validation), len(data.test), data.classes) == (48, 6, 6, ("one", "two", "three"))
    found = {picture.pixels.numpy().tobytes(): picture.label for picture in data.train + data.validation + data.test}
    low, high = images.min(), images.max()
    for image, label in zip(images, labels, strict=True):
        scaled = (2 * (image.astype(np.float64) - low) / (high - low) - 1).astype(np.float32)
        assert found[scaled[None].tobytes()] == label
    assert data.fingerprint() == load_images(tmp_path / "three.npz").fingerprint() != data.fingerprint("test")
    out = tmp_path / "run"
    arguments = ["--data", str(tmp_path / "three.npz"), "--device", "cpu"]
    settings = [
        "--config",
        "patches",
        "--set",
        "steps=4",
        "--set",
        "patch_size=4",
        "--set",
        "d_model=16",
        "--out",
        str(out),
    ]
    assert main(["train", *settings, *arguments]) == DONE
    assert "three: 48 images, images→classes" in capsys.readouterr().err
    assert main(["evaluate", str(out / "best.pt"), *arguments]) == DONE
    assert "6 images of" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"images": np.zeros((5, 8, 8))}, "has no array 'labels'; it needs both"),
        ({"images": np.zeros((5, 8, 9)), "labels": np.arange(5)}, "its images are 5 × 1 × 8 × 9 of float64"),
        ({"images": np.zeros((5, 8, 8)), "labels": np.arange(4)}, "not one whole number from 0 for each of 5 images"),
        ({"images": np.zeros((5, 8, 8)), "labels": np.arange(5) - 1}, "not one whole number from 0"),
        ({"images": np.full((5, 8, 8), np.nan), "labels": np.arange(5)}, "some of its pixels are not finite"),
        ({"images": np.zeros((5, 8, 8)), "labels": np.arange(5) * 9}, "its largest label is 36, for 5 images"),
        ({"images": np.zeros((5, 8, 8)), "labels": np.arange(5), "names": np.array(["a"])}, "1 names for 5 classes"),
        ({"images": np.zeros((2, 8, 8)), "labels": np.arange(2)}, "2 images are too few"),
        ({"images": np.array([{}]), "labels": np.arange(1)}, "is damaged or no .npz file of plain arrays"),
    ],
)
def test_images_that_are_none_get_a_sentence(tmp_path, arrays, sentence):
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(LabError, match=sentence):
        load_images(tmp_path / "bad.npz")


def test_generated_images_and_class_names():
    one, again, other = shape_images(20, 1), shape_images(20, 1), shape_images(20, 2)
    assert one.fingerprint() == again.fingerprint() != other.fingerprint()
    assert one.fingerprint("validation") == other.fingerprint("validation") != one.fingerprint("test")
    names = ClassNames(("disc", "十"))
    assert ClassNames.from_json(names.to_json()) == names
    for text in ("", "[]", '{"classes": [1]}', '{"classes": []}'):
        with pytest.raises(LabError, match="names of classes"):
            ClassNames.from_json(text)
    with pytest.raises(LabError, match="images have none"):
        find_recipe("patches", ["bpe_dropout=0.1"])
