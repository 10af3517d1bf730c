"""A run: when it stops, which model is its best, and what it does not go on from."""

from dataclasses import replace

import pytest
from runs import rows, small

from transformer_lab.errors import LabError
from transformer_lab.training.checkpoint import load_checkpoint
from transformer_lab.training.run import Run

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


def test_what_another_run_left_is_not_averaged(corpus, tmp_path):
    """Its checkpoints are gone, its snapshots are still there: they belong to another model."""
    Run(small("steps=16"), corpus, tmp_path).train(progress=False)
    for name in ("last.pt", "best.pt"):
        (tmp_path / name).unlink()
    alone, after = tmp_path / "alone", tmp_path
    for out in (alone, after):
        Run(small("steps=12", "validate_every=6", "average=5", "d_model=32"), corpus, out).train(progress=False)
    assert (after / "log.csv").read_text() == (alone / "log.csv").read_text()
