"""The mean of several checkpoints: a model of its own, and `course average` as a person meets it."""

import re

import pytest
import torch
from runs import small

from course.cli import DONE, main
from transformer_lab.data.batching import encode_pairs
from transformer_lab.data.phrases import phrase_corpus
from transformer_lab.errors import LabError
from transformer_lab.training.averaging import average_checkpoints, average_weights
from transformer_lab.training.checkpoint import load_checkpoint
from transformer_lab.training.run import Run
from transformer_lab.training.trainer import validation_loss


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Two states of one training, 8 and 16 steps old."""
    folder = tmp_path_factory.mktemp("run")
    copies = []
    for steps in (8, 16):
        Run(small(f"steps={steps}", "average=1"), phrase_corpus(300), folder).train(progress=False)
        copies.append(folder / f"{steps}.pt")
        copies[-1].write_bytes((folder / "last.pt").read_bytes())
    return copies


def unmeasured(checkpoint) -> float:
    """In place of a validation loss, something that tells which model was given."""
    return sum(weight.double().sum().item() for weight in checkpoint.weights.values())


def test_every_weight_is_the_mean(files):
    averaged = average_checkpoints(files, unmeasured)
    states = [load_checkpoint(file).weights for file in files]
    assert averaged.weights.keys() == states[0].keys()
    moved = 0
    for name, weight in averaged.weights.items():
        early, late = (state[name].double() for state in states)
        assert weight.dtype == states[0][name].dtype
        torch.testing.assert_close(weight.double(), (early + late) / 2, rtol=1e-6, atol=1e-9)
        moved += not torch.equal(early, late)
    assert moved == len(states[0])


def test_it_is_a_model_to_translate_with(files):
    averaged, last = average_checkpoints(files, unmeasured), load_checkpoint(files[-1])
    assert (averaged.step, averaged.recipe, averaged.languages) == (last.step, last.recipe, last.languages)
    assert averaged.trainer is None
    sums = [unmeasured(load_checkpoint(file)) for file in files]
    assert averaged.data["averaged"] == [
        {"steps": steps, "validation_loss": one} for steps, one in zip((8, 16), sums, strict=True)
    ]
    assert averaged.data["validation_loss"] == unmeasured(averaged)
    assert averaged.data["fingerprint"] == last.data["fingerprint"]
    assert not averaged.model().training


def test_the_rate_of_dropout_may_have_changed(files, tmp_path):
    content = torch.load(files[0], weights_only=True)
    content["recipe"]["model"]["dropout"] = 0.3
    torch.save(content, tmp_path / "early.pt")
    averaged = average_checkpoints([tmp_path / "early.pt", files[1]], unmeasured)
    assert averaged.recipe.model.dropout == load_checkpoint(files[1]).recipe.model.dropout == 0.1


def test_weights_of_half_precision_are_summed_in_full():
    states = ({"w": torch.tensor([value], dtype=torch.bfloat16)} for value in [256.0, 1.0, 1.0, 1.0])
    mean = average_weights(states)["w"]
    assert mean.dtype == torch.bfloat16
    assert mean.item() == 65  # 259 / 4 = 64.75 rounds to it; sums in bfloat16 would stay at 256


def test_one_model_is_its_own_mean_and_none_have_no_mean():
    state = {"w": torch.tensor([0.1, -3.0]), "half": torch.tensor([0.1], dtype=torch.bfloat16)}
    torch.testing.assert_close(average_weights([state]), state, rtol=0, atol=0)
    for none in ([], iter([])):
        with pytest.raises(LabError, match=r"^there are no weights to average; give those of at least one model\.$"):
            average_weights(none)


def test_the_command_measures_each_and_writes_the_average(files, tmp_path, capsys):
    out = tmp_path / "average.pt"
    assert main(["average", *map(str, files), "--out", str(out), "--device", "cpu"]) == DONE
    lines = capsys.readouterr().out.splitlines()
    shape = r"(.*): validation loss (\d+\.\d{4}), (?:after (\d+) steps|in (.*))"
    said = [re.fullmatch(shape, line).groups() for line in lines]
    assert [(name, steps, place) for name, _, steps, place in said] == [
        (str(files[0]), "8", None),
        (str(files[1]), "16", None),
        ("their average", None, str(out)),
    ]
    written = load_checkpoint(out)
    assert f"{written.data['validation_loss']:.4f}" == said[-1][1]
    examples, _ = encode_pairs(phrase_corpus(300).validation, written.tokenizer, written.recipe.model.max_length)
    for checkpoint, (_, loss, *_) in zip([*map(load_checkpoint, files), written], said, strict=True):
        expected = validation_loss(checkpoint.model(), examples, checkpoint.tokenizer)
        assert float(loss) == pytest.approx(expected, abs=5e-5 + 1e-5)
