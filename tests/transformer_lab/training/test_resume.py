"""A run that is killed at any moment goes on to the same losses; its curves have every step once."""

import errno
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
from transformer_lab.errors import LabError
from transformer_lab.training.checkpoint import load_checkpoint
from transformer_lab.training.run import Run
from transformer_lab.training.training_log import CsvLog, Row, TensorBoardLog

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize(
    "settings",
    [[], ["accumulate=3", "clip=1", "precision=bf16"], ["bpe_dropout=0.1", "vocab_size=900"]],
    ids=["plain", "accumulate", "bpe"],
)
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
    for name in (".last.pt.a1b2c3d_", "snapshots/.00000008.pt.abcdefgh"):  # as if it was killed while it saved
        (tmp_path / "killed" / name).touch()
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
    assert not list((tmp_path / "killed").rglob(".*"))


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


def test_curves_that_cannot_be_written_get_a_sentence(tmp_path):
    (tmp_path / "tensorboard").touch()
    log = TensorBoardLog(tmp_path / "tensorboard")
    log.add(Row(1, 5.5, 0.1, 1.0, 1000.0))
    with pytest.raises(LabError, match="tensorboard cannot be written: File exists; see to its permissions"):
        log.save()
    log.close()


def test_a_writer_of_curves_that_failed_closes_in_silence(tmp_path, monkeypatch):
    """Its own complaint would hide what ended the run."""

    def full(*_) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    log = TensorBoardLog(tmp_path)
    log.add(Row(1, 5.5, 0.1, 1.0, 1000.0))
    log.save()
    log.add(Row(2, 5.5, 0.1, 1.0, 1000.0))
    for operation in ("flush", "close"):
        monkeypatch.setattr(f"torch.utils.tensorboard.SummaryWriter.{operation}", full)
    with pytest.raises(LabError, match="cannot be written: No space left on device"):
        log.save()
    log.close()


def stopped(folder: Path) -> Path:
    """A run of 8 steps."""
    Run(small("steps=8"), phrase_corpus(300), folder).train(progress=False)
    return folder


def test_a_model_to_translate_with_is_not_resumed_from(tmp_path):
    shutil.copy(stopped(tmp_path) / "best.pt", tmp_path / "last.pt")
    with pytest.raises(LabError, match=r"last\.pt is a model to translate with, as best\.pt is, .*; give another"):
        Run(small("steps=16"), phrase_corpus(300), tmp_path)


@pytest.mark.parametrize(
    ("log", "line"),
    [
        (b"", 1),
        (b"number,loss\n1,2\n", 1),
        (b"step,loss,learning_rate,validation_loss\n1,5.5,0.1,\n2,5.5\n", 3),
        (b"step,loss,learning_rate,validation_loss\n1,5.5,0.1,\n,5.5,0.1,\n", 3),
        (b"step,loss,learning_rate,validation_loss\n1,5.5,\xff,\n", 2),
    ],
    ids=["empty", "header", "short", "number", "bytes"],
)
def test_a_damaged_log_is_named_with_its_line(tmp_path, log, line):
    path = tmp_path / "log.csv"
    path.write_bytes(log)
    with pytest.raises(LabError, match=rf"log\.csv, line {line}: not "):
        CsvLog(path).restore(8)
    assert path.read_bytes() == log


def test_a_log_that_was_removed_begins_anew(tmp_path):
    (stopped(tmp_path) / "log.csv").unlink()
    Run(small("steps=12"), phrase_corpus(300), tmp_path).train(progress=False)
    assert [row["step"] for row in rows(tmp_path)] == ["9", "10", "11", "12"]
