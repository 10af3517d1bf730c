"""A training step of the paper's base and big models on CUDA in bf16: ours, compiled, against torch.nn.Transformer."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn

from bench.memory import Work
from bench.peer import TorchTransformer
from bench.report import SEED, Result, context, limit, limit_in_words, mebibytes, spread, table
from bench.training_step import (
    NAMES,
    Loss,
    compare_steps,
    in_words,
    our_loss,
    setting,
    stepper,
    torch_adam,
    torch_loss,
)
from transformer_lab.training.precision import allow_tf32
from transformer_lab.training.schedule import adam
from transformer_lab.transformer import Transformer, TransformerConfig

# 25 thousand source and 25 thousand target tokens a step and a vocabulary of 37 thousand (the paper's section 5.1).
SENTENCES, TOKENS = 784, 32
SETTINGS = [
    ("base", TransformerConfig(37_000)),
    ("big", TransformerConfig(37_000, d_model=1024, num_heads=16, d_ff=4096, dropout=0.3)),
]
ROUNDS = 9
STEPS = 10  # of each side in a round: a GPU is waited for only after them
PAPER_STEPS = 100_000
HEADER = [
    "training step, bf16", "who", "ms a step", "target tokens a second", "ours is faster by", "memory at the peak",
    "share of the limit",
]  # fmt: skip


def run() -> Result | None:
    """Measures; returns the record's name and content, or nothing where there is no CUDA device."""
    if not torch.cuda.is_available():
        print("training_step_cuda is left out: this machine has no CUDA device.\n")
        return None
    results = []
    before = torch.get_float32_matmul_precision()
    allow_tf32()  # as our trainer does; here for all sides
    for name, config in SETTINGS:
        try:
            results.append(measure(name, config, SENTENCES, TOKENS))
        except torch.OutOfMemoryError as error:
            print(f"training_step_cuda leaves out {name}: {str(error).split('.')[0]}.\n")
    torch.set_float32_matmul_precision(before)
    return ("training_step_cuda", {"training": results}) if results else None


def measure(
    name: str,
    config: TransformerConfig,
    sentences: int,
    tokens: int,
    rounds: int = ROUNDS,
    steps: int = STEPS,
    device: str = "cuda",
) -> dict[str, Any]:
    """Compares the sides at one size. `device` is for a test of this program without the device."""
    torch.compiler.reset()  # the kernels of another size are of no use here
    torch.manual_seed(SEED)
    source, target = torch.randint(3, config.vocab_size, (2, sentences, tokens), device=device)
    theirs = partial(in_bf16, device=device)
    sides = {
        "ours": stepper(lambda: Transformer(config).to(device), partial(our_loss, device=device), adam, source, target),
        "torch": stepper(lambda: TorchTransformer(config).to(device), theirs, torch_adam, source, target),
        "torch, weights kept": stepper(
            lambda: TorchTransformer(config).keep_weights().to(device), theirs, torch_adam, source, target
        ),
    }
    sides = {side: repeated(make, steps, device) for side, make in sides.items()}
    compared = compare_steps(sides, config, source, rounds, steps)
    return setting(name, config, sentences, tokens) | {"steps": steps} | compared


def in_bf16(model: nn.Module, device: str) -> Loss:
    """The peer's loss with its matrix products in bf16; weights and their updates stay float32."""
    of = torch_loss(model)

    def loss(source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        with torch.autocast(device, torch.bfloat16):
            return of(source, target)

    return loss


def repeated(make: Callable[[], Work], steps: int, device: str) -> Callable[[], Work]:
    """Makes a work of several steps, which is done when the device is."""

    def make_all() -> Work:
        step = make()

        def work() -> None:
            for _ in range(steps):
                step()
            if device == "cuda":
                torch.cuda.synchronize()

        return work

    return make_all


def rows(stored: dict[str, Any]) -> list[list[str]]:
    """The table's rows: a setting and a side each."""
    return [
        [
            in_words(one),
            NAMES[name],
            spread({key: 1000 * value / one["steps"] for key, value in side["seconds"].items()}, 1),
            f"{side['rate']['median']:,.0f}",
            spread(side["ratio"], 2) if "ratio" in side else "",
            mebibytes(side["peak_bytes"]),
            limit(side),
        ]
        for one in stored["training"]
        for name, side in one["sides"].items()
    ]


def notes(stored: dict[str, Any]) -> str:
    """This benchmark's part of the README."""
    limits = []
    for one in stored["training"]:
        ours = one["sides"]["ours"]
        hours = PAPER_STEPS * ours["seconds"]["median"] / one["steps"] / 3600
        step = ours | {key: ours[key] / one["steps"] for key in ("flops", "bytes")}
        limits.append(
            f"A step of {one['setting']} {limit_in_words(step, one['limits'])} {PAPER_STEPS:,} such steps take "
            f"{hours:.2f} hours."
        )
    return (
        f"{table(HEADER, rows(stored))}\n\nAll in bf16 by autocast, with float32 weights, on sentences of one length. "
        "Ours is our model with our loss and Adam, in the way of our trainer: by `torch.compile`, for any shape. The "
        "peer is `torch.nn.Transformer` in its plain eager form, with `cross_entropy(label_smoothing=…)` and "
        "`torch.optim.Adam`. It also drops attention weights; a second peer has that turned off. "
        f"{' '.join(limits)} Where the limit is arithmetic, the share is the model FLOP utilisation: only the products "
        "that the formulas ask for are counted, attention where the mask allows it. Medians and quartiles of "
        f"{stored['training'][0]['rounds']} alternating rounds of {stored['training'][0]['steps']} steps. "
        f"{context(stored)}"
    )
