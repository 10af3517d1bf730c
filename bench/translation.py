"""Translation quality: records the BLEU of a trained checkpoint, and writes bench/README.md from the results.

python -m bench.translation NAME CHECKPOINT --data PATH --command "course train …" [--seconds N]
"""

import argparse
import json
import math
import sys
from pathlib import Path
from typing import Any

from bench import grading
from bench.report import RESULTS, record, table

README = RESULTS.parent / "README.md"
BEAMS = (1, 4)


def measure(checkpoint: Path, data: Path, command: str, seconds: float) -> dict[str, Any]:
    """BLEU on the test split, greedy and by beam search, and how the model was trained."""
    from transformer_lab.checkpoint import load_checkpoint
    from transformer_lab.corpus import load_pairs
    from transformer_lab.evaluation import evaluate
    from transformer_lab.translator import Translator

    stored = load_checkpoint(checkpoint)
    pairs = load_pairs(data, *stored.languages)
    translator = Translator(stored.model(), stored.tokenizer)
    scores = {}
    for beam in BEAMS:
        score, translations = evaluate(translator, pairs, beam)
        scores[str(beam)] = {"bleu": score.bleu, "details": score.details}
    shown = range(0, len(pairs), max(1, len(pairs) // 12))
    return {
        "command": command,
        "recipe": stored.recipe.to_dict(),
        "seed": stored.recipe.training.seed,
        "parameters": sum(tensor.numel() for tensor in stored.weights.values()),
        "languages": list(stored.languages),
        "data": stored.data,
        "steps": stored.step,
        "training_seconds": seconds,
        "test_sentences": len(pairs),
        "signature": score.signature,
        "scores_by_beam": scores,
        "examples": [
            {"source": pairs[i].source, "reference": pairs[i].target, "translation": translations[i]} for i in shown
        ],
    }


def readme() -> str:
    """The text of bench/README.md: every number comes from the JSON beside it."""
    stored = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob("*.json"))]
    parts = [
        "# Benchmarks",
        "`make bench` runs those that this machine can run. What was measured is in `results/`, each with its command, "
        "seed, machine and versions; this page is written from it by `python -m bench readme`.",
    ]
    translations = [result for result in stored if "scores_by_beam" in result]
    if translations:
        parts += ["## Translation", table(TRANSLATION_HEADER, [_translation_row(result) for result in translations])]
        parts += [_translation_notes(result) for result in translations]
    for result in stored:
        if "grading" in result:
            parts += ["## Grading", grading.notes(result)]
        if "results" in result:
            parts += [f"## {result['name'].replace('_', ' ').capitalize()}", _speed(result)]
    return "\n\n".join(parts) + "\n"


TRANSLATION_HEADER = ["run", "parameters", "steps", "training time", "BLEU, greedy", "BLEU, beam 4"]


def _translation_row(result: dict[str, Any]) -> list[str]:
    seconds = result["training_seconds"]
    return [
        f"{result['name']}, {'→'.join(result['languages'])}",
        f"{result['parameters'] / 1e6:.1f} M",
        f"{result['steps']:,}",
        f"{seconds / 60:.0f} min",
        *(f"{result['scores_by_beam'][str(beam)]['bleu']:.1f}" for beam in BEAMS),
    ]


def _translation_notes(result: dict[str, Any]) -> str:
    machine = result["machine"]
    examples = table(
        ["source", "reference", "translation (beam 4)"],
        [[_cell(one[key]) for key in ("source", "reference", "translation")] for one in result["examples"]],
    )
    loss = result["data"]["validation_loss"]
    return (
        f"**{result['name']}**: `{result['command']}`, seed {result['seed']}, on {machine['processor']} "
        f"({machine['cores']} cores, {machine['threads']} used, shared with other programs: load "
        f"{machine['load']:.1f}), torch {machine['versions']['torch']}. "
        f"Stopped after {result['steps']:,} of at most {result['recipe']['training']['steps']:,} steps. "
        f"Validation loss {loss:.3f} (perplexity {math.exp(loss):.1f}). "
        f"{result['test_sentences']:,} test sentences, `{result['signature']}`. Translations, evenly spaced through "
        f"the test set:\n\n{examples}"
    )


def _speed(result: dict[str, Any]) -> str:
    rows = []
    for one in result["results"]:
        cells = [f"{one['setting']}, {one['parameters']['ours'] / 1e6:.1f} M parameters, {one['target_tokens']} tokens"]
        for value, digits in [*((v, 0) for v in one["tokens_per_second"].values()), (one["ratio"], 2)]:
            cells.append(
                f"{value['median']:,.{digits}f} ({value['low_quartile']:,.{digits}f} to "
                f"{value['high_quartile']:,.{digits}f})"
            )
        rows.append(cells)
    machine = result["machine"]
    header = ["setting", *(f"{key}, {result['unit']}" for key in one["tokens_per_second"]), "ratio"]
    return (
        f"{table(header, rows)}\n\nMedians and quartiles of {one['rounds']} alternating rounds. "
        f"`{result['command']}` on {machine['processor']}, {machine['threads']} threads, load {machine['load']:.1f}, "
        f"torch {machine['versions']['torch']}."
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def write_readme() -> None:
    """Rewrites bench/README.md."""
    README.write_text(readme(), encoding="utf-8")


def main() -> int:
    """Records one checkpoint."""
    parser = argparse.ArgumentParser(prog="python -m bench.translation", description=__doc__)
    parser.add_argument("name")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--command", required=True, help="the command that trained it")
    parser.add_argument("--seconds", type=float, help="how long that took (default: what the checkpoint says)")
    arguments = parser.parse_args()
    seconds = arguments.seconds
    if seconds is None:
        from transformer_lab.checkpoint import load_checkpoint

        seconds = load_checkpoint(arguments.checkpoint).data["seconds"]
    result = measure(arguments.checkpoint, arguments.data, arguments.command, seconds)
    print(record(arguments.name, result.pop("command"), result))
    write_readme()
    return 0


if __name__ == "__main__":
    sys.exit(main())
