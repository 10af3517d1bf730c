"""The README's part on translation quality, from the records of `bench.translation` and `bench.word_for_word`."""

import math
from typing import Any

from bench.report import table


def notes(translations: list[dict[str, Any]]) -> str:
    """This benchmark's part of the README: comparisons first, then every run with its command."""
    beams = sorted({int(beam) for result in translations for beam in result["scores_by_beam"]} - {1})
    parts = [
        "`multi30k-lower` is the data of Multi30k in lower case: "
        "`python -m bench.lowercase ../shared/data/multi30k-en-de multi30k-lower`."
    ]
    for name in sorted({result["comparison"] for result in translations if result.get("comparison")}):
        compared = [result for result in translations if result.get("comparison") == name]
        parts += [f"### {name}: the same data, architecture by architecture", _table(compared, beams)]
    alone = [result for result in translations if not result.get("comparison")]
    if alone:
        parts += ["### Other runs", _table(alone, beams)]
    best = {_task(result): result["name"] for result in sorted(translations, key=_greedy)}
    for result in translations:
        parts.append(_run(result) if "recipe" in result else _dictionary(result))
        if best[_task(result)] == result["name"]:
            parts += ["Its translations, evenly spaced through the test set:", _examples(result)]
    return "\n\n".join(parts)


def _table(results: list[dict[str, Any]], beams: list[int]) -> str:
    """One row a run, from the lowest BLEU to the highest."""
    header = ["run", "architecture", "parameters", "steps", "epochs", "training time", "BLEU, greedy"]
    rows = []
    for result in sorted(results, key=_greedy):
        whole = result.get("whole_run") or {"epochs": None}
        scores = result["scores_by_beam"]
        rows.append(
            [
                f"{result['name']}, {'→'.join(result['languages'])}",
                result["recipe"].get("architecture", "transformer") if "recipe" in result else result["architecture"],
                f"{result['parameters'] / 1e6:.1f} M" if "parameters" in result else f"{result['entries']:,} words",
                f"{result['steps']:,}",
                f"{whole['epochs'] * result['steps'] / whole['steps']:.1f}" if whole["epochs"] else "",
                _time(result["training_seconds"]),
                *(f"{scores[beam]['bleu']:.1f}" if beam in scores else "" for beam in ["1", *map(str, beams)]),
                "`{}`".format(result["signature"].replace("|", "\\|")),
            ]
        )
    return table([*header, *(f"beam {beam}" for beam in beams), "signature"], rows)


def _time(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds:.0f} s"


def _dictionary(result: dict[str, Any]) -> str:
    """How a dictionary was made."""
    return (
        f"**{result['name']}**: `{result['command']}`. {result['entries']:,} words, by {result['steps']} rounds of EM "
        f"over {result['data']['pairs']:,} pairs ({result['training_seconds']:.0f} s of one core), "
        f"{result['test_sentences']:,} test sentences. No word is moved, and each becomes one or none."
    )


def _run(result: dict[str, Any]) -> str:
    """How a run was made."""
    machine, loss, whole = result["machine"], result["data"]["validation_loss"], result.get("whole_run")
    most = result["recipe"]["training"]["steps"]
    tried = result.get("validation_bleu_by_length_penalty", {})
    others = ", ".join(f"{penalty}: {bleu:.2f}" for penalty, bleu in tried.items())
    length = f"{whole['steps']:,} steps ({whole['seconds'] / 60:.0f} min)" if whole else ""
    note = f" {result['note']}" if "note" in result else ""
    patience = result["recipe"]["training"]["patience"]
    models = [
        f"{one['steps']:,} steps (validation loss {one['validation_loss']:.3f})"
        for one in result["data"].get("averaged", [])
    ]
    early = whole and whole["steps"] < most and not (patience and result["data"]["worse"] >= patience)
    if models:
        made = f"The average of the models after {' and '.join(models)}{f', in a run of {length}' if whole else ''}."
    else:
        made = (
            f"The best{f' of {length}' if whole else ''}, of at most {most:,}, was after {result['steps']:,}"
            f"{'; it was stopped by hand' if early else ''}."
        )
    return (
        f"**{result['name']}**: `{result['command']}`, seed {result['seed']}, on {machine['processor']} "
        f"({machine['cores']} cores, {machine['threads']} used, shared with other programs: load "
        f"{machine['load']:.1f}), torch {machine['versions']['torch']}. {made}{note} "
        f"Validation loss {loss:.3f} (perplexity {math.exp(loss):.1f}), "
        f"{result['test_sentences']:,} test sentences, length penalty {result.get('length_penalty', 0.6)} in the beams"
        f"{f', the best on the validation split ({others})' if others else ''}."
    )


def _examples(result: dict[str, Any]) -> str:
    beam = max(map(int, result["scores_by_beam"]))
    keys = ("source", "reference", "translation")
    return table(
        ["source", "reference", f"translation (beam {beam})"],
        [[one[key].replace("|", "\\|") for key in keys] for one in result["examples"]],
    )


def _greedy(result: dict[str, Any]) -> float:
    return result["scores_by_beam"]["1"]["bleu"]


def _task(result: dict[str, Any]) -> tuple[int | str, ...]:
    return (result["data"]["fingerprint"], *result["languages"])  # a copy of the data may have another name
