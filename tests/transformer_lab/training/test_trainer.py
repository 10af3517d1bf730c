"""The trainer learns; what cannot go on stops with a sentence that names the step and the last good checkpoint."""

import threading

import pytest
import torch
from runs import rows, small

from transformer_lab.data.toy import toy_corpus
from transformer_lab.errors import LabError
from transformer_lab.training.checkpoint import load_checkpoint
from transformer_lab.training.config import find_recipe
from transformer_lab.training.out_of_memory import out_of_memory
from transformer_lab.training.run import Run, prepare
from transformer_lab.training.trainer import Trainer, validation_loss
from transformer_lab.translation.evaluation import evaluate
from transformer_lab.translation.translator import Translator

pytestmark = pytest.mark.usefixtures("one_thread")


def test_copying_is_learned():
    """The loss on unseen sequences comes near 0, and the copies are right."""
    toy = toy_corpus("copy", train=450, held_out=40, longest=3, letters=8)
    settings = ["d_model=64", "steps=240", "warmup=40", "rate_factor=0.5", "label_smoothing=0", "batch_tokens=300"]
    recipe, tokenizer, train, validation = prepare(toy, find_recipe("tiny", settings))
    torch.manual_seed(1)
    model = recipe.build()
    losses = [step.loss for step in Trainer(model, train, tokenizer, recipe.training, recipe.model.d_model)]
    assert losses[0] > 2
    assert validation_loss(model, validation, tokenizer) < 0.1
    _, translations = evaluate(Translator(model, tokenizer), toy.test)
    right = sum(text == pair.target for text, pair in zip(translations, toy.test, strict=True))
    assert right >= 0.9 * len(toy.test), translations


@pytest.mark.parametrize("architecture", ["prenorm", "gru"])
def test_the_same_trainer_serves_other_architectures(architecture):
    toy = toy_corpus("reverse", train=450, held_out=40, longest=3, letters=8)
    settings = [f"architecture={architecture}", "d_model=32", "steps=50", "warmup=20", "batch_tokens=300"]
    recipe, tokenizer, train, validation = prepare(toy, find_recipe("tiny", settings))
    torch.manual_seed(1)
    model = recipe.build()
    before = validation_loss(model, validation, tokenizer)
    assert len(list(Trainer(model, train, tokenizer, recipe.training, recipe.model.d_model))) == 50
    assert validation_loss(model, validation, tokenizer) < 0.5 * before


def test_a_loss_that_is_not_finite_stops_with_a_sentence(corpus, tmp_path):
    run = Run(small("steps=30"), corpus, tmp_path)
    run.train(progress=False)
    run = Run(small("steps=40"), corpus, tmp_path)
    run.model.embedding.weight.data[5:] = float("nan")
    with pytest.raises(LabError, match=r"step 31: the loss is nan.*the last good state is .*last\.pt"):
        run.train(progress=False)
    assert load_checkpoint(run.last).step == 30
    assert len(rows(tmp_path)) == 30


def test_a_gradient_that_is_not_finite_stops_before_it_spoils_the_weights(corpus, tmp_path):
    """The loss of such a step is finite still; the next step's would not be, after a state was saved perhaps."""
    run = Run(small("steps=40"), corpus, tmp_path)
    calls = iter(range(1, 100))
    run.model.embedding.weight.register_hook(lambda grad: grad * float("inf" if next(calls) == 16 else 1))
    with pytest.raises(LabError, match=r"step 16: the gradient is not finite \(the loss is [\d.]+\).*last\.pt"):
        run.train(progress=False)
    assert load_checkpoint(run.last).step == 8
    assert all(weight.isfinite().all() for weight in run.model.parameters())


def test_losses_asked_for_late_are_the_same_and_stop_at_the_same_step(corpus, tmp_path):
    """As on a device, which works on a step while the program looks at the one before and prepares the next."""
    logs = []
    for late in (False, True):
        run = Run(small("steps=20"), corpus, tmp_path / str(late))
        run.trainer.late = late
        run.train(progress=False)
        logs.append((tmp_path / str(late) / "log.csv").read_text())
    assert len(rows(tmp_path / "True")) == 20
    assert logs[0] == logs[1]
    run = Run(small("steps=40"), corpus, tmp_path / "True")
    run.trainer.late = True
    calls = iter(range(21, 100))
    run.model.embedding.weight.register_hook(lambda grad: grad * float("nan" if next(calls) == 30 else 1))
    with pytest.raises(LabError, match=r"step 30: the gradient is not finite.*the last good state is .*last\.pt"):
        run.train(progress=False)
    assert load_checkpoint(run.last).step == 24
    assert "prefetch" not in {thread.name for thread in threading.enumerate()}


def test_memory_that_runs_out_stops_with_a_sentence(corpus, tmp_path):
    """The error is torch's own: a tensor that is larger than any memory, in step 10 and in a validation."""
    run = Run(small("steps=40"), corpus, tmp_path)
    training = iter(range(1, 100))

    def greedy(module, inputs) -> None:
        if module.training and next(training) == 10:
            torch.empty(2**55)

    run.model.encoder.register_forward_pre_hook(greedy)
    sentence = (
        r"step 10, a batch of \d+ source and target tokens on cpu: out of memory \([\d,.]+ GiB more were wanted\); "
        r"lower batch_tokens=400 \(accumulate=2 with half of it makes steps as large\), .*last good state is .*last\.pt"
    )
    with pytest.raises(LabError, match=sentence):
        run.train(progress=False)
    assert load_checkpoint(run.last).step == 8
    run = Run(small("steps=16"), corpus, tmp_path)

    def greedy_in_validation(module, inputs) -> None:
        if not module.training:
            torch.empty(2**55)

    run.model.encoder.register_forward_pre_hook(greedy_in_validation)
    with pytest.raises(LabError, match=r"validation after step 16: out of memory .*; lower batch_tokens=400, or the"):
        run.train(progress=False)
    assert load_checkpoint(run.last).step == 8


def test_other_errors_stay_as_they_are():
    with pytest.raises(RuntimeError, match="shapes"), out_of_memory("this", "lower that"):
        raise RuntimeError("shapes differ")
    sentence = r"^this: out of memory( \(0\.02 GiB more were wanted\))?; lower that\.$"
    for error in (MemoryError(), torch.OutOfMemoryError("Tried to allocate 20.00 MiB. GPU 0 has …")):
        with pytest.raises(LabError, match=sentence), out_of_memory("this", "lower that"):
            raise error


def test_a_step_says_the_tokens_of_all_its_batches(corpus):
    """So that tokens a second are right where a step accumulates, and one epoch's are all there are."""
    recipe, tokenizer, train, _ = prepare(corpus, small("accumulate=4", "batch_tokens=200"))
    torch.manual_seed(1)
    trainer = Trainer(recipe.build(), train, tokenizer, recipe.training, recipe.model.d_model)
    tokens = []
    for step in trainer:
        tokens.append(step.tokens)
        if trainer.epoch == 1:
            break
    assert sum(tokens) == sum(len(example.target) + 1 for example in train)
    assert trainer.position == 0


def test_what_a_step_draws_depends_on_its_number_alone(corpus):
    recipe, tokenizer, train, _ = prepare(corpus, small("steps=3"))
    losses = []
    for disturb in (False, True):
        torch.manual_seed(1)
        trainer = Trainer(recipe.build(), train, tokenizer, recipe.training, recipe.model.d_model)
        losses.append([])
        for step in trainer:
            losses[-1].append(step.loss)
            if disturb:
                torch.rand(5)
    assert losses[0] == losses[1]
