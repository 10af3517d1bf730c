"""What may be given wrongly is given with these: a small training, and changes of what it has stored."""

from collections.abc import Callable
from pathlib import Path

import torch

TINY = ["train", "--config", "tiny", "--device", "cpu"]
SETTINGS = ["pairs=300", "steps=12", "validate_every=6", "batch_tokens=400", "d_model=16", "d_ff=16", "max_length=40"]
SMALL = [*TINY, *(part for one in SETTINGS for part in ("--set", one))]
HUGE = str(10**13)  # more than any machine can address

# The arguments, made from a folder for data and a trained run, both of which it may change; and the sentence.
Given = tuple[Callable[[Path, Path], list[str]], str]


def change(path: Path, edit: Callable[[dict], None]) -> None:
    """Stores a checkpoint with something in it changed."""
    content = torch.load(path, weights_only=True)
    edit(content)
    torch.save(content, path)


def fewer_rows(content: dict) -> None:
    weights = content["weights"]
    weights["embedding.weight"] = weights["embedding.weight"][:-10]


def smaller_vocabulary(content: dict) -> None:
    from transformer_lab.data.tokenizer import Tokenizer

    content["tokenizer"] = Tokenizer.train(["two words", "two words"], 300).to_json()


def long_validation(folder: Path) -> str:
    """The data of the run, with validation pairs that are all longer than the model's positions."""
    from transformer_lab.data.phrases import phrase_corpus

    for name, pairs in (("train", phrase_corpus(300).train), ("val", [("书 " * 60, "book " * 60)])):
        lines = "".join(f"{english}\t{chinese}\n" for chinese, english in pairs)
        (folder / f"{name}.tsv").write_text(lines, encoding="utf-8")
    return str(folder)


def translated(run: Path) -> list[str]:
    return ["translate", str(run / "best.pt"), "书"]
