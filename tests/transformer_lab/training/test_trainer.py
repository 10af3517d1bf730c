"""The trainer learns; what cannot go on stops with a sentence that names the step and the last good checkpoint."""

import threading

import pytest
import torch
from runs import rows, small
from torch import Tensor, nn
from torch.nn import functional as F

from transformer_lab.data.batching import plan_batches
from transformer_lab.data.toy import toy_corpus
from transformer_lab.errors import LabError
from transformer_lab.out_of_memory import out_of_memory
from transformer_lab.training.checkpoint import load_checkpoint
from transformer_lab.training.config import find_recipe
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


def first_gradient(corpus, clip: float) -> tuple[Tensor, float]:
    """What the optimizer is given in the first step, as one vector, and the norm that the step tells."""
    recipe, tokenizer, train, _ = prepare(corpus, small("steps=1", f"clip={clip}"))
    torch.manual_seed(1)
    trainer = Trainer(recipe.build(), train, tokenizer, recipe.training, recipe.model.d_model)
    given = []

    def look(*_) -> None:
        given.append(nn.utils.parameters_to_vector([p.grad for p in trainer.model.parameters()]))

    trainer.optimizer.register_step_pre_hook(look)
    (step,), (gradient,) = list(trainer), given
    return gradient, step.gradient_norm


def test_a_long_gradient_is_cut_to_the_length_of_clip_and_a_short_one_is_left_alone(corpus):
    """The norm of all weights' gradients together, so the direction stays. Tolerance 1e-5: float32, and torch's ε."""
    whole, norm = first_gradient(corpus, clip=0)
    assert norm == pytest.approx(whole.double().norm().item(), rel=1e-5)
    clipped, told = first_gradient(corpus, clip=norm / 4)
    assert clipped.double().norm().item() == pytest.approx(norm / 4, rel=1e-5)
    torch.testing.assert_close(clipped, whole / 4, rtol=1e-5, atol=1e-9)
    assert told == norm  # what the log shows is the length before
    untouched, _ = first_gradient(corpus, clip=2 * norm)
    assert torch.equal(untouched, whole)


def test_the_validation_loss_is_the_mean_over_tokens_however_they_are_batched(corpus):
    """Each sentence alone, by torch: so no padding counts, <eos> does, and nothing is smoothed or dropped."""
    recipe, tokenizer, _, validation = prepare(corpus, small("dropout=0.3"))
    torch.manual_seed(1)
    model = recipe.build()
    model.eval()
    total, tokens = 0.0, 0
    for source, target in validation:
        wanted = torch.tensor([*target, tokenizer.eos_id])
        with torch.no_grad():
            logits = model(torch.tensor([[*source, tokenizer.eos_id]]), torch.tensor([[tokenizer.bos_id, *target]]))
        total += F.cross_entropy(logits[0], wanted, reduction="sum").item()
        tokens += len(wanted)
    model.train()
    lengths = [example.length for example in validation]
    assert len(plan_batches(lengths, 100)) > len(plan_batches(lengths, 4_000)) == 1
    for batch_tokens in (100, 4_000):
        found = validation_loss(model, validation, tokenizer, batch_tokens)
        assert found == pytest.approx(total / tokens, rel=1e-5)
    assert model.training  # as it was before
