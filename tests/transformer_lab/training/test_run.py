"""A run: when it stops, which model is its best, and what it does not go on from."""

from dataclasses import replace

import pytest
import torch
from runs import rows, small

from transformer_lab.errors import LabError
from transformer_lab.training.checkpoint import load_checkpoint
from transformer_lab.training.run import Run
from transformer_lab.training.trainer import validation_loss

pytestmark = pytest.mark.usefixtures("one_thread")


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


@pytest.mark.parametrize(
    ("settings", "winner"),
    [
        ([], "newest"),  # the loss still falls steeply: half of the average is far behind
        (["rate_factor=8", "warmup=8"], "average"),  # steps far too large: the mean lies between two that overshot
    ],
)
def test_the_best_model_is_the_newest_or_the_average_whichever_has_the_lower_loss(corpus, tmp_path, settings, winner):
    run = Run(small("steps=16", "average=2", *settings), corpus, tmp_path)
    run.train(progress=False)
    early, newest = (torch.load(tmp_path / "snapshots" / f"{step:08}.pt", weights_only=True) for step in (8, 16))
    average = {name: ((early[name].double() + newest[name].double()) / 2).float() for name in newest}

    best, last = load_checkpoint(run.best), load_checkpoint(run.last)
    candidates, losses = {"newest": newest, "average": average}, {}
    for name, weights in candidates.items():
        model = replace(best, weights=weights).model()
        losses[name] = validation_loss(model, run.validation, run.tokenizer)
    assert min(losses, key=losses.get) == winner
    assert max(losses.values()) > 1.02 * losses[winner]  # so neither passes for the other

    assert best.step == 16
    torch.testing.assert_close(best.weights, candidates[winner], rtol=1e-6, atol=1e-9)
    torch.testing.assert_close(last.weights, newest, rtol=0, atol=0)  # training goes on from no average
    # 1e-6: the batches are others, so float32 adds up in another order.
    assert validation_loss(best.model(), run.validation, run.tokenizer) == pytest.approx(run.best_loss, rel=1e-6)
    assert rows(tmp_path)[-1]["validation_loss"] == repr(run.best_loss)
    assert best.data["validation_loss"] == run.best_loss


def test_what_another_run_left_is_not_averaged(corpus, tmp_path):
    """Its checkpoints are gone, its snapshots are still there: they belong to another model."""
    Run(small("steps=16"), corpus, tmp_path).train(progress=False)
    for name in ("last.pt", "best.pt"):
        (tmp_path / name).unlink()
    alone, after = tmp_path / "alone", tmp_path
    for out in (alone, after):
        Run(small("steps=12", "validate_every=6", "average=5", "d_model=32"), corpus, out).train(progress=False)
    assert (after / "log.csv").read_text() == (alone / "log.csv").read_text()
