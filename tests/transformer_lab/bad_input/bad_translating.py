"""Given to `course translate` and `course evaluate` wrongly."""

from pathlib import Path

from given import HUGE, Given, change, fewer_rows, smaller_vocabulary, translated


def german(content: dict) -> None:
    content["languages"] = ["de", "en"]


def chosen_without_drawing(folder: Path, run: Path) -> list[str]:
    return [*translated(run), "--top-k", "3"]


CASES: dict[str, Given] = {
    "how to draw, but not that one should": (
        chosen_without_drawing,
        r"--top-k, --top-p and --seed say how to draw; give --temperature with them, such as 1\.",
    ),
    "a length penalty that is no number": (
        lambda folder, run: [*translated(run), "--beam", "2", "--length-penalty", "nan"],
        r"length_penalty=nan must be from 0, which compares plain probabilities, to 10; the paper's is 0\.6\.",
    ),
    "a length penalty that no number stays finite with": (
        lambda folder, run: [*translated(run), "--beam", "2", "--length-penalty", "1000"],
        r"length_penalty=1000\.0 must be from 0, .*",
    ),
    "a length penalty that is not finite, in JSON": (
        lambda folder, run: ["evaluate", str(run / "best.pt"), "--json", "--length-penalty", "inf"],
        r"length_penalty=inf must be from 0, .*",
    ),
    "a seed for drawing that is too large": (
        lambda folder, run: [*translated(run), "--temperature", "1", "--seed", str(2**70)],
        rf"seed={2**70} does not fit in 64 bits; choose one from .*",
    ),
    "a checkpoint for other languages than the built-in corpus has": (
        lambda folder, run: change(run / "best.pt", german) or ["evaluate", str(run / "best.pt")],
        r"the built-in corpus is Chinese to English, not de→en; give --data for those\.",
    ),
    "a log instead of a checkpoint": (
        lambda folder, run: ["translate", str(run / "log.csv"), "书"],
        r".*log\.csv is truncated or not a checkpoint; .*",
    ),
    "translations into a directory": (
        lambda folder, run: ["evaluate", str(run / "best.pt"), "--translations", str(folder)],
        r".*data is a directory; name a file to be written\.",
    ),
    "an image where a directory is": (
        lambda folder, run: (
            (folder / "map.png").mkdir() or [*translated(run), "--attention", str(folder / "map.png")]
        ),
        r".*map\.png is a directory; name a file to be written\.",
    ),
    "an image in a place that cannot be written": (
        lambda folder, run: [*translated(run), "--attention", str(run / "best.pt" / "map.png")],
        r".*map\.png cannot be written: .*best\.pt is a file, not a directory; choose another place\.",
    ),
    "an image of no known kind": (
        lambda folder, run: [*translated(run), "--attention", str(folder / "map.doc")],
        r".*map\.doc: cannot draw a \.doc; choose from .*png.*",
    ),
    "no such device to translate on": (
        lambda folder, run: ["translate", str(run / "best.pt"), "一本书", "--device", "tpu"],
        r"--device tpu: there is no such device.*",
    ),
    "no such device to evaluate on": (
        lambda folder, run: ["evaluate", str(run / "best.pt"), "--device", "cuda:x"],
        r"--device cuda:x: there is no such device.*",
    ),
    "a beam larger than memory": (
        lambda folder, run: ["translate", str(run / "best.pt"), "一本书", "--beam", HUGE, "--device", "cpu"],
        rf"translating on cpu: out of memory \(.*\); lower --batch-tokens=4000 or --beam={HUGE}\.",
    ),
    "an evaluation larger than memory": (
        lambda folder, run: ["evaluate", str(run / "best.pt"), "--beam", HUGE, "--device", "cpu"],
        rf"translating on cpu: out of memory \(.*\); lower --batch-tokens=4000 or --beam={HUGE}\.",
    ),
    "a vocabulary for another model": (
        lambda folder, run: (
            change(run / "best.pt", smaller_vocabulary) or ["translate", str(run / "best.pt"), "一本书"]
        ),
        r"the checkpoint's vocabulary has 2\d\d tokens, its model is made for \d+; use the checkpoint as .*",
    ),
    "a model for another vocabulary": (
        lambda folder, run: change(run / "best.pt", fewer_rows) or ["evaluate", str(run / "best.pt")],
        r"the checkpoint's weights do not fit its transformer of \d+ tokens: embedding.weight is \d+ × 16, not \d+ .*",
    ),
    "a checkpoint that was forgotten before a long sentence": (
        lambda folder, run: ["translate", "学" * 200],
        r"学+ cannot be read: File name too long\.",
    ),
}  # fmt: skip
