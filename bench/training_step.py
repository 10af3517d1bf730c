"""A training step (forward, loss, backward, Adam) of our Transformer against torch.nn.Transformer, on the CPU."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from bench import cost
from bench.comparison import Make, compare
from bench.memory import Work
from bench.peer import TorchTransformer
from bench.report import SEED, Result, context, limit, limit_in_words, mebibytes, spread, table
from transformer_lab.training.compiling import compiled
from transformer_lab.training.gradient import Objective
from transformer_lab.training.precision import autocast, choose_precision
from transformer_lab.training.schedule import adam, set_learning_rate
from transformer_lab.transformer import Transformer, TransformerConfig

# (name, sizes, sentences, tokens of each): the book's size, and the paper's base model with small batches.
SETTINGS = [
    ("small", TransformerConfig(4_000, d_model=256, num_heads=4, d_ff=512, num_layers=2), 64, 16),
    ("base", TransformerConfig(8_000), 32, 32),
]
ROUNDS = 15
Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]  # of source and target
SMOOTHING = 0.1
RATE = 1e-4
HEADER = [
    "training step",
    "who",
    "target tokens a second",
    "ours is faster by",
    "memory at the peak",
    "share of the limit",
]
NAMES = {
    "ours": "ours",
    "torch": "torch.nn.Transformer",
    "torch, weights kept": "the same without dropout of attention weights",
}


def run(settings: list[tuple[str, TransformerConfig, int, int]] = SETTINGS, rounds: int = ROUNDS) -> Result:
    """Measures; returns the record's name and content."""
    results = []
    for name, config, sentences, tokens in settings:
        torch.manual_seed(SEED)
        source, target = torch.randint(3, config.vocab_size, (2, sentences, tokens))
        sides = {
            "ours": stepper(lambda c=config: Transformer(c), our_loss, adam, source, target),
            "torch": stepper(lambda c=config: TorchTransformer(c), torch_loss, torch_adam, source, target),
            "torch, weights kept": stepper(
                lambda c=config: TorchTransformer(c).keep_weights(), torch_loss, torch_adam, source, target
            ),
        }
        results.append(setting(name, config, sentences, tokens) | compare_steps(sides, config, source, rounds))
    return "training_step_cpu", {"training": results}


def stepper(
    make_model: Callable[[], nn.Module],
    make_loss: Callable[[nn.Module], Loss],
    make_optimizer: Callable[..., torch.optim.Optimizer],
    source: torch.Tensor,
    target: torch.Tensor,
) -> Make:
    """Makes a model and an optimizer, and then training steps on always the same batch."""

    def make() -> Work:
        model = make_model()
        loss = make_loss(model)
        optimizer = make_optimizer(model.parameters())
        set_learning_rate(optimizer, RATE)

        def step() -> None:
            optimizer.zero_grad()
            loss(source, target).backward()
            optimizer.step()

        return step

    return make


def our_loss(model: nn.Module, device: str = "cpu") -> Loss:
    """As our trainer computes it: in bf16 and compiled on CUDA, in float32 and eager on a processor."""
    where = torch.device(device)
    objective = compiled(Objective(model, SMOOTHING), "auto", where)
    precision = choose_precision("auto", where)

    def loss(source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        with autocast(precision, where):
            return objective(source, target, target)

    return loss


def torch_loss(model: nn.Module) -> Loss:
    """As the documentation of torch would have one compute it."""

    def loss(source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        logits = model(source, target)
        return nn.functional.cross_entropy(
            logits.flatten(0, 1), target.flatten(), ignore_index=0, label_smoothing=SMOOTHING
        )

    return loss


def torch_adam(parameters: Any) -> torch.optim.Adam:
    """Torch's Adam as it comes, with the paper's constants."""
    return torch.optim.Adam(parameters, betas=(0.9, 0.98), eps=1e-9)


def setting(name: str, config: TransformerConfig, sentences: int, tokens: int) -> dict[str, Any]:
    """What was trained, for the record."""
    parameters = sum(p.numel() for p in Transformer(config).parameters())
    return {"setting": name, "sentences": sentences, "length": tokens, "parameters": parameters}


def in_words(one: dict[str, Any]) -> str:
    """A setting, for a table."""
    size = f"{one['parameters'] / 1e6:.1f} M parameters"
    return f"{one['setting']}, {size}, {one['sentences']} × {one['length']} tokens"


def compare_steps(
    sides: dict[str, Make], config: TransformerConfig, source: torch.Tensor, rounds: int, steps: int = 1
) -> dict[str, Any]:
    """Compares sides whose work is `steps` training steps, on batches of `source`'s shape."""
    sentences, tokens = source.shape
    parameters = sum(p.numel() for p in Transformer(config).parameters())
    one = cost.training_step(config, parameters, sentences, tokens, tokens)
    needed = cost.Cost(one.flops * steps, one.bytes * steps)
    return compare(sides, dict.fromkeys(sides, needed), steps * sentences * tokens, rounds, source.device.type)


def rows(stored: dict[str, Any]) -> list[list[str]]:
    """The table's rows: a setting and a side each."""
    return [
        [
            in_words(one),
            NAMES[name],
            spread(side["rate"]),
            spread(side["ratio"], 2) if "ratio" in side else "",
            mebibytes(side["peak_bytes"]),
            limit(side),
        ]
        for one in stored["training"]
        for name, side in one["sides"].items()
    ]


def notes(stored: dict[str, Any]) -> str:
    """This benchmark's part of the README."""
    return (
        f"{table(HEADER, rows(stored))}\n\n{PEER}\n\n{limits_in_words(stored)} Medians and quartiles of "
        f"{stored['training'][0]['rounds']} alternating rounds. {context(stored)}"
    )


PEER = (
    "Ours is our model with our loss and our trainer's Adam. The peer is `torch.nn.Transformer` in its plain eager "
    "form, with `cross_entropy(label_smoothing=…)` and `torch.optim.Adam`; sizes, tied embeddings, positions and "
    "dropout are the same, but torch's layers also drop attention weights, as the paper does not. A second peer has "
    "that turned off: what is left is the same arithmetic done otherwise."
)


def limits_in_words(stored: dict[str, Any]) -> str:
    """How far from the limits ours is, for each setting."""
    return " ".join(
        f"A step of {one['setting']} {limit_in_words(one['sides']['ours'], one['limits'])}"
        for one in stored["training"]
    )
