"""Translation quality of a word-for-word dictionary: what a model has to beat, scored on the same sentences.

python -m bench.word_for_word NAME --data PATH [--source LANGUAGE] [--comparison NAME]

Stands beside the records of `python -m bench.translation`. A dictionary is counted out from the training split, so
there is no checkpoint, no seed and no beam.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from bench import readme
from bench.report import record
from transformer_lab.errors import LabError

SHOWN = 12  # examples, evenly spaced
ROUNDS = 10  # of EM


def measure(data: Path, source: str | None = None) -> dict[str, Any]:
    """BLEU on the test split of a dictionary that is learned from the training split."""
    from transformer_lab.data.corpus import load_corpus, load_pairs
    from transformer_lab.translation.dictionary import DictionaryTranslator
    from transformer_lab.translation.evaluation import evaluate

    corpus = load_corpus(data, source)
    languages = (corpus.source_language, corpus.target_language)
    pairs = load_pairs(data, *languages)
    started = time.process_time()
    translator = DictionaryTranslator.learn(corpus.train, ROUNDS)
    seconds = time.process_time() - started
    score, translations = evaluate(translator, pairs, language=languages[1])
    shown = range(0, len(pairs), max(1, len(pairs) // SHOWN))
    return {
        "architecture": "dictionary",
        "entries": len(translator.entries),
        "languages": list(languages),
        "data": {"name": corpus.name, "pairs": len(corpus.train), "fingerprint": corpus.fingerprint()},
        "steps": ROUNDS,
        "training_seconds": seconds,  # of one core
        "test_sentences": len(pairs),
        "signature": score.signature,
        "scores_by_beam": {"1": {"bleu": score.bleu, "details": score.details}},
        "examples": [
            {"source": pairs[i].source, "reference": pairs[i].target, "translation": translations[i]} for i in shown
        ],
    }


def main() -> int:
    """Records one dictionary."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.word_for_word", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--source", help="the language to translate from (default: what the data has besides English)")
    parser.add_argument("--comparison", help="the comparison that the record belongs to, such as multi30k-de-en")
    arguments = parser.parse_args()
    try:
        result = measure(arguments.data, arguments.source)
    except LabError as error:
        print(f"bench.word_for_word: {error}", file=sys.stderr)
        return 2
    command = f"python -m bench.word_for_word {arguments.name} --data {arguments.data}"
    if arguments.source:
        command += f" --source {arguments.source}"
    if arguments.comparison:
        result["comparison"] = arguments.comparison
        command += f" --comparison {arguments.comparison}"
    record(arguments.name, command, result)
    readme.write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
