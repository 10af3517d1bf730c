"""bench/README.md, written from bench/results/*.json: no number in it is typed by hand."""

import json
from typing import Any

from bench import (
    attention_length,
    decoding,
    grading,
    grouped_query,
    training_step,
    training_step_cuda,
    translation_notes,
)
from bench.report import RESULTS, table

README = RESULTS.parent / "README.md"
# In this order; a record is named after its benchmark, most with the device at the end.
SECTIONS = [
    ("training_step_cpu", "Training step, CPU", training_step.notes),
    ("training_step_cuda", "Training step, CUDA", training_step_cuda.notes),
    ("decoding_cpu", "Decoding, CPU", decoding.notes),
    ("decoding_cuda", "Decoding, CUDA", decoding.notes),
    ("grouped_query_cpu", "Grouped-query decoding, CPU", grouped_query.notes),
    ("grouped_query_cuda", "Grouped-query decoding, CUDA", grouped_query.notes),
    ("attention_length_cpu", "Attention against length, CPU", attention_length.notes),
    ("attention_length_cuda", "Attention against length, CUDA", attention_length.notes),
    ("grading", "Grading", grading.notes),
]
INTRODUCTION = (
    "`make bench` runs those that this machine can run, `python -m bench NAME…` runs some, and what was measured is "
    "in `results/`, each with its command, machine and versions. This page is written from it by "
    "`python -m bench readme`."
)
METHOD = (
    "Sides that are compared run in one process and take turns, and so do a large matrix product and a large copy: "
    "they are the limits of the machine at that time (the matrix product is not measured where a data sheet gives the "
    "peak). The share of the limit is the shortest possible time over the time taken: of the floating-point "
    "operations that the formulas need, or of the bytes that have to be moved at least, whichever takes longer. "
    "Memory is the most that torch's tensors and the scratch memory of its kernels take together: on the CPU the sum "
    "of what its profiler notes of each allocation and release, on CUDA its allocator's maximum. Numbers in brackets "
    "are quartiles."
)


def text() -> str:
    """The whole page."""
    stored = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob("*.json"))}
    chosen = [(name, title, notes) for name, title, notes in SECTIONS if name in stored]
    parts = ["# Benchmarks", INTRODUCTION]
    translations = [result for result in stored.values() if "scores_by_beam" in result]
    if translations:
        parts += ["## Translation", translation_notes.notes(translations)]
    if chosen:
        speeds = [(title, stored[name]) for name, title, _ in chosen]
        parts += ["## Speed", METHOD, table(["benchmark", "command", "took"], [_took(*one) for one in speeds])]
        for name, title, notes in chosen:
            parts += [f"### {title}", notes(stored[name])]
    return "\n\n".join(parts) + "\n"


def write() -> None:
    """Rewrites bench/README.md."""
    README.write_text(text(), encoding="utf-8")


def _took(title: str, stored: dict[str, Any]) -> list[str]:
    seconds = stored.get("benchmark_seconds")
    return [title, f"`{stored['command']}`", f"{seconds / 60:.1f} min" if seconds else ""]
