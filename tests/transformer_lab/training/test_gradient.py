"""A step's gradient is the same however it is cut: over batches, over processes' shares, compiled; bf16 comes near."""

import csv
import math
import os
import random
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from transformer_lab.data.batching import Batch, Example, collate
from transformer_lab.data.phrases import phrase_corpus
from transformer_lab.data.tokenizer import Tokenizer
from transformer_lab.errors import LabError
from transformer_lab.seq2seq import Seq2Seq
from transformer_lab.training.checkpoint import load_checkpoint
from transformer_lab.training.compiling import compile_errors_in_words, compiled
from transformer_lab.training.config import ARCHITECTURES, TrainingConfig, find_recipe
from transformer_lab.training.distributed import Processes
from transformer_lab.training.feeding import Feed
from transformer_lab.training.gradient import Gradient
from transformer_lab.training.precision import autocast, choose_precision
from transformer_lab.training.run import prepare

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def prepared() -> tuple[Seq2Seq, Tokenizer, list[Example], TrainingConfig]:
    recipe, tokenizer, train, _ = prepare(
        phrase_corpus(200), find_recipe("tiny", ["batch_tokens=150", "d_model=16", "d_ff=16", "max_length=40"])
    )
    torch.manual_seed(0)
    return recipe.build(), tokenizer, train, recipe.training


@pytest.fixture(scope="module")
def merged() -> tuple[Tokenizer, list[Example], TrainingConfig]:
    """With a vocabulary large enough for merges: what BPE-dropout leaves out."""
    recipe, tokenizer, train, _ = prepare(
        phrase_corpus(200), find_recipe("tiny", ["batch_tokens=80", "vocab_size=900", "max_length=40"])
    )
    assert len(tokenizer.merges()) > 100
    return tokenizer, train, recipe.training


def gradient(model: Seq2Seq, config: TrainingConfig, batches: list[Batch], tokens: int) -> tuple[float, torch.Tensor]:
    """Loss and gradient, the latter as one vector."""
    model.zero_grad()
    loss = Gradient(model, config, CPU, Processes()).backward(batches, tokens)
    return loss.item(), nn.utils.parameters_to_vector([weight.grad for weight in model.parameters()])


@pytest.fixture(scope="module")
def whole(prepared) -> tuple[list[Example], Batch, float, torch.Tensor]:
    """Some examples of all lengths as one batch, its loss and gradient."""
    model, tokenizer, train, config = prepared
    some = random.Random(0).sample(train, 41)
    batch = collate(some, tokenizer)
    return some, batch, *gradient(model, config, [batch], batch.target_tokens)


@pytest.mark.parametrize("parts", [2, 3, 41])
def test_several_batches_give_the_gradient_of_one_as_large(prepared, whole, parts):
    model, tokenizer, _, config = prepared
    some, batch, loss, expected = whole
    batches = [collate(some[i::parts], tokenizer) for i in range(parts)]
    assert len({one.target_tokens for one in batches}) > 1  # so a plain mean would be wrong
    ours, found = gradient(model, config, batches, batch.target_tokens)
    assert ours == pytest.approx(loss, abs=1e-6)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)


def test_bf16_comes_near_and_leaves_the_weights_in_float32(prepared, whole):
    model, _, _, config = prepared
    _, batch, loss, expected = whole
    ours, found = gradient(model, replace(config, precision="bf16"), [batch], batch.target_tokens)
    assert ours != loss
    assert ours == pytest.approx(loss, rel=2**-7)  # bf16 has 8 bits
    assert torch.cosine_similarity(found, expected, dim=0) > 0.999
    assert {weight.dtype for weight in model.parameters()} == {found.dtype} == {torch.float32}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_every_architecture_gives_each_of_its_weights_a_gradient(architecture, precision):
    """Else processes that train together would wait for one for ever."""
    settings = [f"architecture={architecture}", "vocab_size=50", "d_model=16", f"precision={precision}"]
    recipe = find_recipe("tiny", settings)
    model = recipe.build()
    tokens = torch.randint(3, 50, (3, 7))
    loss, found = gradient(model, recipe.training, [Batch(tokens, tokens, tokens, 21)], 21)
    assert math.isfinite(loss)
    assert len(found) == sum(weight.numel() for weight in model.parameters())
    assert found.isfinite().all()


def test_the_precision_that_a_device_gets():
    assert choose_precision("auto", CPU) == choose_precision("float32", CPU) == "float32"
    assert choose_precision("bf16", CPU) == "bf16"
    x = torch.randn(4, 4)
    with autocast("float32", CPU):
        assert (x @ x).dtype == torch.float32
    with autocast("bf16", CPU):
        assert (x @ x).dtype == torch.bfloat16


COMPILE = """
import sys, torch
from pathlib import Path
from transformer_lab.training.config import find_recipe
from transformer_lab.data.phrases import phrase_corpus
from transformer_lab.training.run import Run

traced = torch.compile
torch.compile = lambda module, **settings: traced(module, backend="eager", **settings)
settings = ["pairs=200", "batch_tokens=150", "d_model=16", "d_ff=16", "max_length=40", "steps=24", "validate_every=12"]
Run(find_recipe("tiny", [*settings, "compile=1"]), phrase_corpus(200), Path(sys.argv[1])).train(progress=False)
counted = torch._dynamo.utils.counters
print(counted["stats"]["unique_graphs"], len(counted["graph_break"]))
Run(find_recipe("tiny", [*settings, "compile=0"]), phrase_corpus(200), Path(sys.argv[2])).train(progress=False)
"""


def test_compiled_it_trains_to_the_same_losses_and_is_compiled_once(tmp_path):
    """As torch.compile traces it; the kernels that it would make of that take a minute to build.

    In a process of its own, for torch cannot trace the checks of shapes that the tests add to every function.
    """
    result = subprocess.run(
        [sys.executable, "-c", COMPILE, str(tmp_path / "compiled"), str(tmp_path / "plain")],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    graphs, breaks = map(int, result.stdout.split())
    assert graphs <= 2  # a batch of one sentence is traced apart
    assert breaks == 0
    plain, ours = (losses(tmp_path / name) for name in ("plain", "compiled"))
    assert len(plain) == 24
    assert ours == pytest.approx(plain, abs=1e-5)
    for name in ("best.pt", "last.pt"):
        stored = load_checkpoint(tmp_path / "compiled" / name)
        assert list(stored.weights) == list(load_checkpoint(tmp_path / "plain" / name).weights)
        stored.model()


def test_what_is_compiled_unless_one_says(monkeypatch):
    module, twin = nn.Linear(2, 2), nn.Linear(2, 2)
    monkeypatch.setattr(torch, "compile", lambda module, dynamic: twin)
    cuda = torch.device("cuda")
    assert compiled(module, "auto", CPU) is compiled(module, "0", cuda) is module
    assert compiled(module, "auto", cuda, loops=True) is module
    assert compiled(module, "auto", cuda) is compiled(module, "1", CPU) is twin


def losses(out: Path) -> list[float]:
    """What the log says of every step."""
    return [float(row["loss"]) for row in csv.DictReader((out / "log.csv").read_text().splitlines())]


def test_a_compiler_that_fails_gets_a_sentence():
    class TorchDynamoException(RuntimeError):  # noqa: N818 (torch's name, for all that torch.compile raises)
        pass

    sentence = r"^torch\.compile failed \(no compiler\); use --set compile=0\.$"
    with pytest.raises(LabError, match=sentence), compile_errors_in_words():
        raise TorchDynamoException("no compiler\nin 20 places")
    with pytest.raises(RuntimeError, match="another"), compile_errors_in_words():
        raise RuntimeError("another")


@pytest.mark.parametrize("bpe_dropout", [0.0, 0.1])
def test_all_processes_together_read_what_one_reads(merged, bpe_dropout):
    tokenizer, train, config = merged
    config = replace(config, accumulate=3, bpe_dropout=bpe_dropout)
    alone = Feed(train, tokenizer, config, Processes()).portions(0, 0, CPU)
    shared = [Feed(train, tokenizer, config, Processes(rank, 3)).portions(0, 0, CPU) for rank in range(3)]
    stand_ins = 0
    for _ in range(40):  # more than an epoch
        one, parts = next(alone), [next(portions) for portions in shared]
        assert {(part.tokens, part.epoch, part.position) for part in parts} == {(one.tokens, one.epoch, one.position)}
        assert one.tokens == sum(batch.target_tokens for part in parts for batch in part.batches)
        for number, batch in enumerate(one.batches):
            real = [part.batches[number] for part in parts if part.batches[number].target_tokens]
            assert sorted(map(str, rows(batch))) == sorted(str(row) for share in real for row in rows(share))
            stand_ins += 3 - len(real)
    assert one.epoch > 0
    assert stand_ins  # some batches have fewer sentences than there are processes
    continued = Feed(train, tokenizer, config, Processes()).portions(one.epoch, one.position, CPU)
    assert torch.equal(next(continued).batches[0].source, next(alone).batches[0].source)


def test_each_epoch_is_spelt_otherwise_with_bpe_dropout_and_says_the_same(merged):
    tokenizer, train, config = merged

    def spelt(epoch: int, bpe_dropout: float) -> list[tuple[list[int], list[int]]]:
        read = []
        portions = Feed(train, tokenizer, replace(config, bpe_dropout=bpe_dropout), Processes()).portions(epoch, 0, CPU)
        for portion in portions:
            read += [row for batch in portion.batches for row in rows(batch)]
            if portion.epoch > epoch:
                break
        return read

    read = [spelt(0, 0.0), spelt(1, 0.0), spelt(0, 0.3), spelt(1, 0.3)]
    usual, usual_again, first, second = (sorted(epoch) for epoch in read)
    assert usual == usual_again
    assert usual != first != second != usual
    texts = [sorted([tokenizer.decode(side) for side in row] for row in epoch) for epoch in read]
    assert texts[0] == texts[2] == texts[3]


def rows(batch: Batch) -> list[tuple[list[int], list[int]]]:
    """The sentences of a batch without padding, which is 0."""
    return [
        ([token for token in source if token], [token for token in target if token])
        for source, target in zip(batch.source.tolist(), batch.target_out.tolist(), strict=True)
    ]


def test_settings_that_do_not_exist():
    for override, sentence in [
        ("precision=fp16", "precision='fp16' is none of auto, float32, bf16"),
        ("compile=yes", "compile='yes' is none of auto, 0, 1"),
        ("accumulate=0", "accumulate=0 must be at least 1"),
    ]:
        with pytest.raises(LabError, match=re.escape(sentence)):
            find_recipe("tiny", [override])
