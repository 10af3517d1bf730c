"""A run that is killed at any moment goes on to the same losses; its curves have every step once."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from runs import SMALL, rows, small
from tensorboard.backend.event_processing.event_accumulator import SCALARS, EventAccumulator

from transformer_lab.data.phrases import phrase_corpus
from transformer_lab.training.checkpoint import load_checkpoint
from transformer_lab.training.run import Run

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("settings", [[], ["accumulate=3", "clip=1", "precision=bf16"]], ids=["plain", "accumulate"])
def test_killed_and_resumed_it_continues_to_the_same_losses(tmp_path, settings):
    """SIGKILL at an arbitrary moment after the first checkpoint; logs and best weights are equal bit for bit."""
    command = [sys.executable, "-m", "course.cli", "train", "--config", "tiny", "--out", str(tmp_path / "killed")]
    for setting in [*SMALL, *settings, "steps=1000000"]:
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
    recipe = small(*settings, f"steps={reached + 12}")
    resumed = Run(recipe, whole, tmp_path / "killed")
    assert resumed.resumed_from == reached
    resumed.train(progress=False)
    undisturbed = Run(recipe, whole, tmp_path / "undisturbed")
    undisturbed.train(progress=False)
    assert len(rows(tmp_path / "killed")) == reached + 12
    assert (tmp_path / "killed" / "log.csv").read_text() == (tmp_path / "undisturbed" / "log.csv").read_text()
    assert curves(tmp_path / "killed") == curves(tmp_path / "undisturbed")
    ours, theirs = (load_checkpoint(run.best).weights for run in (resumed, undisturbed))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    temporary = [file.name for file in (tmp_path / "killed").iterdir() if file.name.startswith(".")]
    assert set(temporary) <= {name for name in temporary if ".pt." in name or ".csv." in name}


def curves(out: Path) -> dict[str, list[tuple[int, float]]]:
    """What TensorBoard shows: (step, value) of each curve but that of the speed."""
    events = EventAccumulator(str(out / "tensorboard"), size_guidance={SCALARS: 0}).Reload()
    names = set(events.Tags()[SCALARS]) - {"tokens per second"}
    return {name: [(event.step, event.value) for event in events.Scalars(name)] for name in names}


def test_tensorboards_curves_are_those_of_the_log(tmp_path):
    """Also after a run that was killed between writing them and writing its state: no step comes twice."""
    corpus = phrase_corpus(300)
    Run(small("steps=16"), corpus, tmp_path).train(progress=False)
    shutil.copy(tmp_path / "last.pt", tmp_path / "of step 16")
    Run(small("steps=32"), corpus, tmp_path).train(progress=False)
    shutil.copy(tmp_path / "of step 16", tmp_path / "last.pt")
    Run(small("steps=24"), corpus, tmp_path).train(progress=False)
    found = curves(tmp_path)
    assert found.keys() == {"loss/training", "loss/validation", "learning rate", "gradient norm"}
    for name, column in (("loss/training", "loss"), ("loss/validation", "validation_loss")):
        logged = [(int(row["step"]), float(row[column])) for row in rows(tmp_path) if row[column]]
        assert [step for step, _ in found[name]] == [step for step, _ in logged]
        assert [value for _, value in found[name]] == pytest.approx([value for _, value in logged], rel=1e-6)
    assert [step for step, _ in found["gradient norm"]] == list(range(1, 25))
