"""Two processes started by torchrun train as one does; when one fails, all stop and one says why."""

import csv
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from torch import distributed as dist

from transformer_lab.data.phrases import phrase_corpus
from transformer_lab.errors import LabError
from transformer_lab.training.checkpoint import load_checkpoint
from transformer_lab.training.config import find_recipe
from transformer_lab.training.distributed import FAILED, SAID, Processes, _fail, join_processes
from transformer_lab.training.run import Run

# Batches so small that some have one sentence, for two processes.
SETTINGS = ["pairs=200", "d_model=16", "d_ff=16", "max_length=40", "batch_tokens=80", "accumulate=2", "clip=1"]
SETTINGS += ["validate_every=4", "average=2", "warmup=20"]


def in_two_processes(*command: str) -> subprocess.CompletedProcess:
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run([*torchrun, *command], env=environment, capture_output=True, text=True, timeout=200)


def together(out: Path, *settings: str) -> subprocess.CompletedProcess:
    """`course train` in two processes."""
    command = ["-m", "course.cli", "train", "--config", "tiny", "--device", "cpu", "--out", str(out)]
    for setting in [*SETTINGS, *settings]:
        command += ["--set", setting]
    return in_two_processes(*command)


def numbers(out: Path, column: str) -> list[float]:
    rows = csv.DictReader((out / "log.csv").read_text().splitlines())
    return [float(row[column]) for row in rows if row[column]]


def test_two_processes_go_on_with_the_run_of_one_to_the_same_losses(tmp_path):
    """One takes 4 steps, two go on from its state for 24: losses as of one that takes all 28."""
    corpus = phrase_corpus(200)
    for name, steps in (("shared", 4), ("alone", 28)):
        Run(find_recipe("tiny", [*SETTINGS, f"steps={steps}"]), corpus, tmp_path / name).train(progress=False)
    result = together(tmp_path / "shared", "steps=28")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(f"best model: {tmp_path / 'shared' / 'best.pt'} (validation loss ")
    assert result.stdout.count("\n") == 1
    assert result.stderr.count("going on from step 4") == 1
    assert result.stderr.count("on cpu, in 2 processes.") == 1
    for column, count in (("step", 28), ("loss", 28), ("learning_rate", 28), ("validation_loss", 7)):
        expected = numbers(tmp_path / "alone", column)
        assert len(expected) == count
        assert numbers(tmp_path / "shared", column) == pytest.approx(expected, abs=1e-5)
    ours, theirs = (load_checkpoint(tmp_path / name / "last.pt") for name in ("shared", "alone"))
    assert list(ours.weights) == list(theirs.weights)
    assert [ours.trainer[key] for key in ("step", "epoch", "position")] == [
        theirs.trainer[key] for key in ("step", "epoch", "position")
    ]
    files = {str(path.relative_to(tmp_path / "shared")) for path in (tmp_path / "shared").rglob("*.pt")}
    assert files == {"best.pt", "last.pt", "snapshots/00000024.pt", "snapshots/00000028.pt"}


def test_one_says_why_and_all_stop(tmp_path):
    result = together(tmp_path / "run", "steps=100000", "rate_factor=1e30", "clip=0")
    assert result.returncode != 0
    said = [line for line in result.stderr.splitlines() if "course: " in line]
    assert len(said) == 1
    assert "step 2: the loss is nan" in said[0]
    assert not (tmp_path / "run").exists()


# As on two machines that have directories of their own.
APART = """
import sys
from pathlib import Path
from transformer_lab.data.phrases import phrase_corpus
from transformer_lab.training.config import find_recipe
from transformer_lab.training.distributed import join_processes
from transformer_lab.training.run import Run

out, *settings = sys.argv[1:]
with join_processes() as processes:
    run = Run(find_recipe("tiny", settings), phrase_corpus(200), Path(out) / str(processes.rank), processes=processes)
    run.train(progress=False)
"""


def test_processes_that_do_not_see_the_same_state_train_nothing(tmp_path):
    Run(find_recipe("tiny", [*SETTINGS, "steps=4"]), phrase_corpus(200), tmp_path / "0").train(progress=False)
    before = (tmp_path / "0" / "last.pt").read_bytes()
    (tmp_path / "apart.py").write_text(APART)
    result = in_two_processes(str(tmp_path / "apart.py"), str(tmp_path), *SETTINGS, "steps=8")
    assert result.returncode != 0
    (said,) = [line for line in result.stderr.splitlines() if "course: " in line]
    assert re.search(r"do not see the same .*last\.pt: they would go on from the steps 4, 0; give an --out that", said)
    assert (tmp_path / "0" / "last.pt").read_bytes() == before
    assert not (tmp_path / "1").exists()


@pytest.fixture
def store(tmp_path) -> dist.Store:
    return dist.FileStore(str(tmp_path / "store"), 1)


def test_the_first_to_fail_speaks_and_the_others_wait_for_it(store, capsys, monkeypatch):
    def leave(status: int) -> None:
        raise SystemExit(status)

    monkeypatch.setattr(os, "_exit", leave)
    with pytest.raises(SystemExit, match="2"):
        _fail(store, "the disk is full.")
    assert capsys.readouterr().err == "course: the disk is full.\n"
    start = time.monotonic()
    with pytest.raises(SystemExit, match="2"):
        _fail(store, "another process stopped.")
    assert capsys.readouterr().err == ""
    assert time.monotonic() - start < 5
    assert (store.add(FAILED, 0), store.get(SAID)) == (2, b"1")


def test_alone():
    """Without torchrun nothing is joined, and every operation is the plain one."""
    with join_processes() as processes:
        assert processes == Processes()
    assert processes.first
    assert processes.share([1, 2, 3]) == [1, 2, 3]
    assert processes.agree("as it is") == "as it is"
    assert processes.each(7) == [7]
    module = torch.nn.Linear(2, 2)
    assert processes.parallel(module, torch.device("cpu")) is module
    assert processes.sum(torch.tensor([1.0, 2.0])).tolist() == [1.0, 2.0]
    with pytest.raises(LabError, match="passes through"), join_processes():
        raise LabError("passes through")
    assert [Processes(rank, 3).share(range(7)) for rank in range(3)] == [[0, 3, 6], [1, 4], [2, 5]]
