"""The loss against torch's own, the schedule against equation 3 in exact arithmetic."""

from decimal import Decimal, getcontext
from functools import partial

import pytest
import torch
from runs import rows
from torch.fx.experimental.proxy_tensor import make_fx

from transformer_lab.data.phrases import phrase_corpus
from transformer_lab.training.config import find_recipe
from transformer_lab.training.loss import label_smoothed_cross_entropy, label_smoothed_cross_entropy_
from transformer_lab.training.run import Run
from transformer_lab.training.schedule import adam, learning_rate, linear_decay, set_learning_rate


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_equal_to_torch_with_padding_forward_and_backward(smoothing, scale):
    """torch.nn.CrossEntropyLoss spreads ε as the paper does; 1e-12 in float64."""
    torch.manual_seed(0)
    logits = (scale * torch.randn(4, 7, 11, dtype=torch.float64)).requires_grad_()
    targets = torch.randint(1, 11, (4, 7))
    targets[1, 3:] = 0
    targets[2] = 0
    ours = label_smoothed_cross_entropy(logits, targets, 0, smoothing)
    (gradient,) = torch.autograd.grad(ours, logits)
    in_place = label_smoothed_cross_entropy_(logits * 1, targets, 0, smoothing)
    torch.testing.assert_close(in_place, ours, rtol=1e-12, atol=1e-12)
    (gradient_in_place,) = torch.autograd.grad(in_place, logits)
    torch.testing.assert_close(gradient_in_place, gradient, rtol=1e-12, atol=1e-12)
    oracle = torch.nn.CrossEntropyLoss(ignore_index=0, label_smoothing=smoothing)(
        logits.flatten(0, 1), targets.flatten()
    )
    (expected,) = torch.autograd.grad(oracle, logits)
    torch.testing.assert_close(ours, oracle, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(gradient, expected, rtol=1e-12, atol=1e-12)
    assert (gradient[2] == 0).all()


def test_in_place_the_gradient_takes_the_place_of_the_logits_and_a_second_use_is_refused():
    given = torch.randn(2, 3, 7, requires_grad=True)
    kept = given.detach().clone()
    targets = torch.randint(1, 7, (2, 3))
    logits = given * 2
    place = logits.data_ptr()
    gradients = []
    logits.register_hook(gradients.append)
    other = logits.square().sum()  # needs the logits in its own backward pass
    label_smoothed_cross_entropy_(logits, targets, 0, 0.1).backward(retain_graph=True)
    assert gradients[0].data_ptr() == place
    assert torch.equal(given, kept)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        other.backward()


def test_out_of_place_nothing_is_overwritten():
    given = torch.nn.Parameter(torch.randn(3, 7))
    logits = given[None] * 1
    kept = given.detach().clone(), logits.detach().clone()
    label_smoothed_cross_entropy(logits, torch.randint(1, 7, (1, 3)), 0, 0.1).backward()
    assert torch.equal(given, kept[0])
    assert torch.equal(logits, kept[1])


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("confidence", [0.0, 12.0])
def test_half_precision_logits_are_summed_in_float32(smoothing, confidence):
    """bfloat16 has 8 bits: the loss is that of the rounded logits to 1e-6, the gradient is rounded once (2⁻⁸)."""
    torch.manual_seed(0)
    targets = torch.randint(1, 1000, (2, 5))
    logits = 3 * torch.randn(2, 5, 1000)
    logits.scatter_add_(2, targets[..., None], torch.full((2, 5, 1), confidence))
    logits = logits.bfloat16().requires_grad_()
    exact = logits.detach().double().requires_grad_()
    expected = torch.nn.CrossEntropyLoss(label_smoothing=smoothing)(exact.flatten(0, 1), targets.flatten())
    (wanted,) = torch.autograd.grad(expected, exact)
    for loss in (
        label_smoothed_cross_entropy(logits, targets, 0, smoothing),
        label_smoothed_cross_entropy_(logits * 1, targets, 0, smoothing),
    ):
        assert loss.dtype == torch.float32
        torch.testing.assert_close(loss.double(), expected, rtol=1e-6, atol=0)
        (gradient,) = torch.autograd.grad(loss, logits)
        torch.testing.assert_close(gradient.double(), wanted, rtol=2**-8, atol=1e-7)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("confidence", [0.0, 300.0])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_what_a_compiler_is_given_is_the_same_loss(monkeypatch, smoothing, dtype, confidence):
    """In float64 within 1e-12; else the loss to 1e-6, the gradient to 1e-5 or rounded once (2⁻⁸); of sure rows too."""
    torch.manual_seed(0)
    targets = torch.randint(0, 1000, (2, 5))
    targets[1, 3:] = 0
    logits = 3 * torch.randn(2, 5, 1000)
    logits.scatter_add_(2, targets[..., None], torch.full((2, 5, 1), confidence))
    logits = logits.to(dtype).requires_grad_()
    exact = logits.detach().double().requires_grad_()
    expected = label_smoothed_cross_entropy(exact, targets, 0, smoothing)
    (wanted,) = torch.autograd.grad(expected, exact)
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    loss = label_smoothed_cross_entropy_(logits * 1, targets, 0, smoothing)
    (gradient,) = torch.autograd.grad(loss, logits)
    near = {torch.float64: 1e-12, torch.float32: 1e-5, torch.bfloat16: 2**-8}[dtype]
    torch.testing.assert_close(loss.double(), expected, rtol=max(1e-12, min(near, 1e-6)), atol=1e-12)
    torch.testing.assert_close(gradient.double(), wanted, rtol=near, atol=1e-12 if near == 1e-12 else 1e-7)


def test_the_gradient_that_a_compiler_computes_fills_no_second_tensor(monkeypatch):
    """Nothing is scattered into zeros as large as the logits: what is left can be one pass over them."""
    targets = torch.randint(1, 100, (2, 5))

    def gradient(loss, logits):
        return torch.autograd.grad(loss(logits * 1, targets, 0, 0.1), logits)[0]

    def operations(loss) -> str:
        graph = make_fx(partial(gradient, loss))(torch.randn(2, 5, 100, requires_grad=True))
        return " ".join(str(node.target) for node in graph.graph.nodes)

    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    assert "scatter" in operations(label_smoothed_cross_entropy)
    assert "scatter" not in operations(label_smoothed_cross_entropy_)


def test_smoothing_keeps_the_minimum_at_the_smoothed_distribution():
    """No logits do better than those of q itself, whose loss is the entropy of q."""
    smoothing, vocab_size = 0.1, 5
    q = torch.full((vocab_size,), smoothing / vocab_size, dtype=torch.float64)
    q[3] += 1 - smoothing
    entropy = -(q * q.log()).sum()
    loss = label_smoothed_cross_entropy(q.log()[None, None], torch.tensor([[3]]), 0, smoothing)
    torch.testing.assert_close(loss, entropy, rtol=1e-12, atol=1e-12)


def test_nothing_but_padding_is_zero_not_nan():
    logits = torch.randn(2, 3, 5, requires_grad=True)
    loss = label_smoothed_cross_entropy(logits, torch.zeros(2, 3, dtype=torch.long), 0, 0.1)
    loss.backward()
    assert loss.item() == 0
    assert (logits.grad == 0).all()


@pytest.mark.parametrize(("d_model", "warmup"), [(512, 4_000), (1024, 4_000), (128, 200)])
def test_schedule_is_equation_3(d_model, warmup):
    """Relative tolerance 1e-12 against 40 decimal digits."""
    getcontext().prec = 40
    for step in (1, 2, warmup - 1, warmup, warmup + 1, 100_000):
        rising = Decimal(step) * Decimal(warmup) ** Decimal("-1.5")
        falling = Decimal(step) ** Decimal("-0.5")
        expected = Decimal(d_model) ** Decimal("-0.5") * min(rising, falling)
        assert learning_rate(step, d_model, warmup) == pytest.approx(float(expected), rel=1e-12)
    rates = [learning_rate(step, d_model, warmup) for step in range(1, 3 * warmup)]
    assert rates.index(max(rates)) == warmup - 1
    assert learning_rate(7, d_model, warmup, factor=2.0) == 2 * learning_rate(7, d_model, warmup)


def test_the_rate_decays_to_nothing_at_the_end_and_the_papers_does_not():
    assert [linear_decay(step, steps=10, decay=4) for step in (1, 6, 7, 8, 9, 10)] == [1, 1, 1, 0.75, 0.5, 0.25]
    assert {linear_decay(step, steps=10, decay=0) for step in range(1, 11)} == {1}
    assert linear_decay(1, steps=3, decay=5) == 3 / 5  # a run shorter than the decay begins in it


def test_the_trainer_follows_the_schedule(tmp_path):
    recipe = find_recipe("tiny", ["pairs=300", "steps=6", "warmup=2", "decay=3", "batch_tokens=200"])
    Run(recipe, phrase_corpus(300), tmp_path).train(progress=False)
    logged = [float(row["learning_rate"]) for row in rows(tmp_path)]
    assert logged == pytest.approx([learning_rate(s, 32, 2) * linear_decay(s, 6, 3) for s in range(1, 7)], rel=1e-12)


def test_the_papers_adam():
    parameter = torch.nn.Parameter(torch.ones(3))
    optimizer = adam([parameter])
    set_learning_rate(optimizer, 0.25)
    (group,) = optimizer.param_groups
    assert (group["betas"], group["eps"], group["lr"], group["weight_decay"]) == ((0.9, 0.98), 1e-9, 0.25, 0)
