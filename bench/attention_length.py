"""One causal attention, forward and backward, against the length of the sequence: plain and with the fused kernel.

In float32 on the CPU, in bf16 on CUDA. Drawn in bench/results/attention_length_cpu.svg (or …_cuda.svg).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bench import cost
from bench.comparison import Make, compare
from bench.memory import Work
from bench.plot import Line, plot
from bench.report import RESULTS, SEED, Result, context, limit, mebibytes, spread, table
from transformer_lab.attention import scaled_dot_product_attention
from transformer_lab.fused_attention import fused_causal_attention
from transformer_lab.masks import causal_mask

LENGTHS = (256, 512, 1024, 2048, 4096, 8192)
D_HEAD = 64
ROUNDS = 5
DTYPES = {"cpu": torch.float32, "cuda": torch.bfloat16}
FITTED_FROM = 2048  # where the vectors no longer hide the matrices
# How often `attention.py`'s functions write or read a length × length matrix, counting each operation's result and
# operands. Forward: product 1, division 2, mask 2, softmax 2, mask 2, product 1. Backward: product 1, mask 2,
# softmax 3, mask 2, division 2, and the three products' reading 3.
MATRICES_MOVED = 23
NAMES = {"fused": "fused kernel", "plain": "plain softmax attention"}
HEADER = ["length", "who", "milliseconds", "fused is faster by", "memory at the peak", "share of the limit"]


def run(lengths: tuple[int, ...] = LENGTHS, rounds: int = ROUNDS) -> Result:
    """Measures; returns the record's name and content."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    number = torch.finfo(DTYPES[device]).bits // 8
    results = []
    for length in lengths:
        sides = {"fused": attend(fused, length, device), "plain": attend(plain, length, device)}
        costs = {
            "fused": cost.attention(length, D_HEAD, 0, number),
            "plain": cost.attention(length, D_HEAD, MATRICES_MOVED, number),
        }
        results.append({"length": length} | compare(sides, costs, length, rounds, device))
    fitted = [one for one in results if one["length"] >= min(FITTED_FROM, lengths[-2])]
    slopes = {
        name: {
            "memory": slope([(one["length"], one["sides"][name]["peak_bytes"]) for one in fitted]),
            "time": slope([(one["length"], one["sides"][name]["seconds"]["median"]) for one in fitted]),
        }
        for name in NAMES
    }
    result = {"attention": results, "slopes": slopes, "fitted_from": fitted[0]["length"], "d_head": D_HEAD}
    result["dtype"] = str(DTYPES[device]).removeprefix("torch.")
    return f"attention_length_{device}", result


def plain(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Equation 1 step by step, with a mask."""
    return scaled_dot_product_attention(query, key, value, causal_mask(query.shape[-2], query.device))


def fused(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """torch's kernel, told that attention is causal: a mask given as a tensor would itself be length × length."""
    return fused_causal_attention(query, key, value)


def attend(attention: Callable[[Tensor, Tensor, Tensor], Tensor], length: int, device: str) -> Make:
    """Makes queries, keys and values of one head, and a work that attends and goes back to their gradients."""

    def make() -> Work:
        torch.manual_seed(SEED)
        *inputs, above = torch.randn(4, 1, 1, length, D_HEAD, device=device, dtype=DTYPES[device])
        inputs = [one.clone().requires_grad_() for one in inputs]

        def work() -> None:
            torch.autograd.grad(attention(*inputs), inputs, above)
            if device == "cuda":
                torch.cuda.synchronize()

        return work

    return make


def slope(points: list[tuple[float, float]]) -> float:
    """The exponent p of value ~ length^p, fitted to the logarithms."""
    x, y = np.log(np.array(points, dtype=float)).T
    return float(np.polyfit(x, y, 1)[0])


def draw(stored: dict[str, Any]) -> None:
    """Memory and time against length, both axes logarithmic."""
    results = stored["attention"]
    lengths = [one["length"] for one in results]

    def lines(of: Callable[[dict[str, Any]], float], exponent: str) -> list[Line]:
        return [
            Line(
                f"{NAMES[name]}, slope {stored['slopes'][name][exponent]:.2f}",
                lengths,
                [of(one["sides"][name]) for one in results],
            )
            for name in NAMES
        ]

    plot(
        RESULTS / f"{stored['name']}.svg",
        "length of the sequence, tokens",
        {
            "memory at the peak, MiB": lines(lambda side: side["peak_bytes"] / 2**20, "memory"),
            "time, forward and backward, ms": lines(lambda side: 1000 * side["seconds"]["median"], "time"),
        },
    )


def rows(stored: dict[str, Any]) -> list[list[str]]:
    """The table's rows: a length and a side each."""
    return [
        [
            f"{one['length']:,}",
            NAMES[name],
            spread({key: 1000 * value for key, value in side["seconds"].items()}, 1),
            spread(side["ratio"], 2) if "ratio" in side else "",
            mebibytes(side["peak_bytes"]),
            limit(side),
        ]
        for one in stored["attention"]
        for name, side in one["sides"].items()
    ]


def notes(stored: dict[str, Any]) -> str:
    """This benchmark's part of the README."""
    slopes, longest = stored["slopes"], stored["attention"][-1]
    sides = longest["sides"]
    return (
        f"![Memory and time of attention against length, on logarithmic axes]"
        f"(results/{stored['name']}.svg)\n\n{table(HEADER, rows(stored))}\n\n"
        f"Causal attention of one head, d_head = {stored['d_head']}, {stored['dtype']}, forward and backward. From "
        f"{stored['fitted_from']:,} tokens on, the memory of the fused kernel grows with the length to the power "
        f"{slopes['fused']['memory']:.2f}, that of plain attention to the power {slopes['plain']['memory']:.2f}; the "
        f"time to the powers {slopes['fused']['time']:.2f} and {slopes['plain']['time']:.2f}: no kernel saves the "
        f"arithmetic. At {longest['length']:,} tokens plain attention takes "
        f"{sides['plain']['peak_bytes'] / sides['fused']['peak_bytes']:,.0f} times the memory. It has to move its "
        f"matrices of {longest['length']:,}² numbers {MATRICES_MOVED} times: that is the memory limit in its rows. The "
        "fused kernel keeps a block of them in the cache: its limit is arithmetic. Only the pairs that the mask allows "
        f"are counted. Medians and quartiles of {longest['rounds']} alternating rounds. {context(stored)}"
    )
