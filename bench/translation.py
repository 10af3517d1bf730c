"""Translation quality: records the BLEU of a trained checkpoint in bench/results.

python -m bench.translation NAME CHECKPOINT --data PATH --command "course train …"
    [--beams 1,5] [--length-penalty A,B…] [--comparison NAME] [--seconds N]

Runs that are recorded with the same --comparison stand in one table. Text is scored as it is: of data that is
lower-cased (by `python -m bench.lowercase FROM TO`), the references are too.
"""

import argparse
import math
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bench import readme
from bench.report import record
from transformer_lab.errors import LabError

BEAMS = (1, 4)  # always: greedy, and the paper's beam
SHOWN = 12  # examples


def measure(
    checkpoint: Path,
    data: Path,
    beams: Iterable[int] = BEAMS,
    length_penalties: Sequence[float] = (0.6,),
    seconds: float | None = None,
) -> dict[str, Any]:
    """BLEU on the test split, greedy and by beam search, and how the model was trained.

    Of several length penalties, the beams have the one that is best on the validation split.
    """
    from transformer_lab.data.corpus import load_corpus, load_pairs
    from transformer_lab.training.checkpoint import load_checkpoint
    from transformer_lab.translation.evaluation import evaluate
    from transformer_lab.translation.translator import Translator

    stored = load_checkpoint(checkpoint)
    pairs = load_pairs(data, *stored.languages)
    translator = Translator(stored.model(), stored.tokenizer)
    beams, into = sorted({*BEAMS, *beams}), stored.languages[1]
    tried = {}
    if len(length_penalties) > 1:
        validation = load_corpus(data, *stored.languages).validation
        tried = {
            a: evaluate(translator, validation, beams[-1], length_penalty=a, language=into)[0].bleu
            for a in length_penalties
        }
    length_penalty = max(tried, key=tried.get) if tried else length_penalties[0]
    scores = {}
    for beam in beams:
        score, translations = evaluate(translator, pairs, beam, length_penalty=length_penalty, language=into)
        scores[str(beam)] = {"bleu": score.bleu, "details": score.details}
    shown = range(0, len(pairs), max(1, len(pairs) // SHOWN))
    return {
        "recipe": stored.recipe.to_dict(),
        "seed": stored.recipe.training.seed,
        "parameters": sum(parameter.numel() for parameter in translator.model.parameters()),
        "languages": list(stored.languages),
        "data": stored.data,
        "steps": stored.step,
        "training_seconds": stored.data["seconds"] if seconds is None else seconds,
        "whole_run": whole_run(checkpoint.with_name("last.pt")),
        "test_sentences": len(pairs),
        "signature": score.signature,
        "length_penalty": length_penalty,
        "validation_bleu_by_length_penalty": {str(penalty): score for penalty, score in tried.items()},
        "scores_by_beam": scores,
        "examples": [
            {"source": pairs[i].source, "reference": pairs[i].target, "translation": translations[i]} for i in shown
        ],
    }


def whole_run(last: Path) -> dict[str, Any] | None:
    """How long the run was that the checkpoint is the best of: `steps`, `seconds`, `epochs`."""
    from transformer_lab.training.checkpoint import load_checkpoint

    if not last.exists():
        return None
    stored = load_checkpoint(last)
    epoch, position = stored.trainer["epoch"], stored.trainer["position"]
    epochs = None  # in the first one there is nothing to go by
    if epoch:
        of_this_one = math.ceil(position / stored.recipe.training.accumulate)
        # The present epoch is as long as those before it were on average.
        epochs = epoch + of_this_one * epoch / (stored.step - of_this_one)
    return {"steps": stored.step, "seconds": stored.data["seconds"], "epochs": epochs}


def main() -> int:
    """Records one checkpoint."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.translation", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--command", required=True, help="the command that trained it")
    parser.add_argument(
        "--beams",
        type=lambda text: [int(beam) for beam in text.split(",")],
        default=[],
        help=f"sizes of the beam, with commas between; {BEAMS[0]} and {BEAMS[1]} are always measured",
    )
    parser.add_argument(
        "--length-penalty",
        type=lambda text: [float(penalty) for penalty in text.split(",")],
        default=[0.6],
        metavar="A",
        help="of the beam search; of several, with commas between, the best on the validation split (default: 0.6, "
        "the paper's)",
    )
    parser.add_argument("--comparison", help="the comparison that the run belongs to, such as multi30k-de-en")
    parser.add_argument("--note", default="", help="what else there is to know of the run, in a sentence")
    parser.add_argument("--seconds", type=float, help="how long training took (default: what the checkpoint says)")
    arguments = parser.parse_args()
    try:
        result = measure(
            arguments.checkpoint, arguments.data, arguments.beams, arguments.length_penalty, arguments.seconds
        )
    except LabError as error:
        print(f"bench.translation: {error}", file=sys.stderr)
        return 2
    if arguments.comparison:
        result["comparison"] = arguments.comparison
    if arguments.note:
        result["note"] = arguments.note
    record(arguments.name, arguments.command, result)
    readme.write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
