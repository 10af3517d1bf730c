"""A run that is killed at any moment goes on to the same losses; its curves have every step once."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from runs import SMALL, rows, small
from tensorboard.backend.event_processing.event_accumulator import SCALARS, EventAccumulator

from transformer_lab.data.phrases import phrase_corpus
from transformer_lab.errors import LabError
from transformer_lab.training.checkpoint import load_checkpoint
from transformer_lab.training.config import ARCHITECTURES, find_recipe
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


@pytest.fixture(scope="module")
def state_of_8(tmp_path_factory) -> Path:
    """A run of 8 steps, to be looked at."""
    folder = tmp_path_factory.mktemp("stopped")
    Run(small("steps=8"), phrase_corpus(300), folder).train(progress=False)
    return folder


@pytest.fixture
def stopped(state_of_8, tmp_path) -> Path:
    """The same run, to be changed."""
    return Path(shutil.copytree(state_of_8, tmp_path / "run"))


def test_a_model_to_translate_with_is_not_resumed_from(stopped):
    shutil.copy(stopped / "best.pt", stopped / "last.pt")
    with pytest.raises(LabError, match=r"last\.pt is a model to translate with, as best\.pt is, .*; give another"):
        Run(small("steps=16"), phrase_corpus(300), stopped)


@pytest.mark.parametrize(
    ("log", "line"),
    [
        (b"", 1),
        (b"number,loss\n1,2\n", 1),
        (b"step,loss,learning_rate,validation_loss\n1,5.5,0.1,\n2,5.5\n", 3),
        (b"step,loss,learning_rate,validation_loss\n1,5.5,0.1,\n,5.5,0.1,\n", 3),
        (b"step,loss,learning_rate,validation_loss\n1,5.5,\xff,\n", 2),
        (b"step,loss,learning_rate,validation_loss\n1,5.5,0.1,\n2,5.5,0.1,\n4,5.5,0.1,\n", 4),
    ],
    ids=["empty", "header", "short", "number", "bytes", "hole"],
)
def test_a_damaged_log_is_named_with_its_line(tmp_path, log, line):
    path = tmp_path / "log.csv"
    path.write_bytes(log)
    with pytest.raises(LabError, match=rf"log\.csv, line {line}: not "):
        CsvLog(path).restore(8)
    assert path.read_bytes() == log


def test_a_log_that_was_removed_begins_anew(stopped):
    (stopped / "log.csv").unlink()
    Run(small("steps=12"), phrase_corpus(300), stopped).train(progress=False)
    assert [row["step"] for row in rows(stopped)] == ["9", "10", "11", "12"]


def test_snapshots_that_were_removed_are_told_and_done_without(tmp_path, capsys):
    Run(small("steps=16"), phrase_corpus(300), tmp_path).train(progress=False)
    (tmp_path / "snapshots" / "00000016.pt").unlink()
    (tmp_path / "snapshots" / "notes.pt").touch()  # nobody's business
    capsys.readouterr()
    run = Run(small("steps=24"), phrase_corpus(300), tmp_path)
    said = capsys.readouterr().err.splitlines()[-1]
    assert said == f"{tmp_path}/snapshots lacks step 16: the next averages are of fewer models."
    run.train(progress=False)
    assert run.snapshots.steps(24) == [8, 24]
    assert (tmp_path / "snapshots" / "notes.pt").exists()


def test_a_damaged_snapshot_is_named(stopped):
    snapshot = stopped / "snapshots" / "00000008.pt"
    snapshot.write_bytes(snapshot.read_bytes()[:1000])
    run = Run(small("steps=16"), phrase_corpus(300), stopped)
    sentence = r"00000008\.pt is damaged; remove it, .* \(the last good state is .*last\.pt\.\)"
    with pytest.raises(LabError, match=sentence):
        run.train(progress=False)


def test_a_best_model_that_was_removed_comes_again(stopped, capsys):
    (stopped / "best.pt").unlink()
    run = Run(small("steps=16"), phrase_corpus(300), stopped)
    assert "best.pt: missing; it will be the best model from here on" in capsys.readouterr().err
    run.train(progress=False)
    assert load_checkpoint(run.best).step == 16


def test_a_best_model_without_its_run_is_not_replaced(stopped):
    """But for what a run leaves that was killed at its first validation."""
    (stopped / "last.pt").unlink()
    Run(small("steps=16"), phrase_corpus(300), stopped)
    for settings in (["seed=2"], ["validate_every=4"]):
        with pytest.raises(LabError, match=r"best\.pt is another run's, and this run would replace it; give another"):
            Run(small("steps=16", *settings), phrase_corpus(300), stopped)
    with pytest.raises(LabError, match=r"best\.pt is another run's"):
        Run(small("steps=16"), phrase_corpus(301), stopped)
    (stopped / "best.pt").write_text("mine")
    with pytest.raises(
        LabError, match=r"best\.pt is truncated or not a checkpoint; .* But this run would replace it; "
    ):
        Run(small("steps=16"), phrase_corpus(300), stopped)


def test_a_run_of_an_earlier_version_of_the_course_goes_on(stopped):
    content = torch.load(stopped / "last.pt", weights_only=True)
    for name in ("validation_fingerprint", "snapshots"):
        del content["data"][name]
    torch.save(content, stopped / "last.pt")
    assert Run(small("steps=16"), phrase_corpus(300), stopped).resumed_from == 8


def test_a_log_that_ends_before_the_state_is_not_gone_on_with(stopped):
    lines = (stopped / "log.csv").read_text().splitlines(keepends=True)
    (stopped / "log.csv").write_text("".join(lines[:6]))
    with pytest.raises(LabError, match=r"log\.csv ends at step 5, before the state of step 8; restore the file, or"):
        Run(small("steps=16"), phrase_corpus(300), stopped)


def test_losses_on_other_validation_pairs_are_not_compared(stopped):
    corpus = phrase_corpus(300)
    with pytest.raises(LabError, match=r"last\.pt was validated on other data \(phrases\); give another --out"):
        Run(small("steps=16"), replace(corpus, validation=corpus.validation[1:]), stopped)


DAMAGED = {
    "no step": lambda state: state.pop("step"),
    "a step that is a text": lambda state: state.update(step="x"),
    "a step of another file": lambda state: state.update(step=9),
    "a place before the first": lambda state: state.update(position=-1),
    "no optimizer": lambda state: state.update(optimizer={}),
    "an optimizer that begins anew": lambda state: state["optimizer"].update(state={}),
    "moments of another shape": lambda state: state["optimizer"]["state"][0].update(exp_avg=torch.zeros(2, 2)),
    "moments that are none": lambda state: state["optimizer"]["state"][0].update(exp_avg_sq=None),
    "moments of another type": lambda state: (moments := state["optimizer"]["state"][1]).update(
        exp_avg=moments["exp_avg"].double()
    ),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_state_that_nothing_can_go_on_from(state_of_8, tmp_path, damage):
    """Adam's fused kernel writes where it is told: moments of a wrong shape would end the process, not in words."""
    content = torch.load(state_of_8 / "last.pt", weights_only=True)
    DAMAGED[damage](content["trainer"])
    torch.save(content, tmp_path / "last.pt")
    with pytest.raises(LabError, match=r"last\.pt is damaged \(.*\); give another --out, or remove .* to start again"):
        Run(small("steps=16"), phrase_corpus(300), tmp_path)


@pytest.mark.parametrize(
    "change",
    [{"seconds": None}, {"worse": "x"}, {"worse": float("inf")}, {"validation_loss": "low"}, {"snapshots": None}],
)
def test_a_record_of_the_run_that_is_none(state_of_8, tmp_path, change):
    content = torch.load(state_of_8 / "last.pt", weights_only=True)
    content["data"] |= change
    torch.save(content, tmp_path / "last.pt")
    with pytest.raises(LabError, match=r"last\.pt is damaged \(.*\); give another --out"):
        Run(small("steps=16"), phrase_corpus(300), tmp_path)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_goes_on_from_its_state(tmp_path, architecture):
    """All weights have moments after a step; a run that goes on asks for them."""
    settings = [f"architecture={architecture}", "batch_tokens=400", "validate_every=1", "average=1"]
    Run(find_recipe("tiny", ["steps=1", *settings]), phrase_corpus(60), tmp_path).train(progress=False)
    run = Run(find_recipe("tiny", ["steps=2", *settings]), phrase_corpus(60), tmp_path)
    assert run.resumed_from == 1
    run.train(progress=False)
