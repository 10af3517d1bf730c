"""Given to `course average` wrongly: checkpoints that have no average."""

from collections.abc import Callable
from pathlib import Path

from given import Given, change, fewer_rows, long_validation, smaller_vocabulary


def wider(content: dict) -> None:
    content["recipe"]["model"]["d_ff"] = 32


def averaged(run: Path, *names: str) -> list[str]:
    return ["average", *(str(run / name) for name in names), "--device", "cpu"]


def averaged_after(edit: Callable[[dict], None]) -> Callable[[Path, Path], list[str]]:
    """The average of a run's two checkpoints, one of which is changed before."""

    def arguments(folder: Path, run: Path) -> list[str]:
        change(run / "last.pt", edit)
        return [*averaged(run, "last.pt", "best.pt"), "--out", str(folder / "new.pt")]

    return arguments


def other_pairs(folder: Path) -> str:
    (folder / "pairs.tsv").write_text("a book\t一本书\na house\t一座房子\n", encoding="utf-8")
    return str(folder / "pairs.tsv")


def without_fingerprint_of_validation(content: dict) -> None:
    """As earlier versions of the course wrote it."""
    del content["data"]["validation_fingerprint"]


def another_seed(content: dict) -> None:
    content["recipe"]["training"]["seed"] = 7


CASES: dict[str, Given] = {
    "an average of one": (
        lambda folder, run: [*averaged(run, "best.pt"), "--out", str(folder / "new.pt")],
        r"one checkpoint is its own average; give at least two\.",
    ),
    "an average in the place of what it is made of": (
        lambda folder, run: [*averaged(run, "best.pt", "last.pt"), "--out", str(run / "best.pt")],
        r".*best\.pt is one of the checkpoints to average; give another --out\.",
    ),
    "an average of models with other vocabularies": (
        averaged_after(smaller_vocabulary),
        r".*last\.pt and .*best\.pt differ in their vocabulary; average checkpoints of one training\.",
    ),
    "an average of models with other sizes": (
        averaged_after(wider),
        r".*last\.pt and .*best\.pt differ in their sizes; average checkpoints of one training\.",
    ),
    "an average of trainings from other first weights": (
        averaged_after(another_seed),
        r".*last\.pt and .*best\.pt differ in their seed; average checkpoints of one training\.",
    ),
    "an average of what does not fit": (
        averaged_after(fewer_rows),
        r".*last\.pt: the checkpoint's weights do not fit its transformer of \d+ tokens: embedding.weight is .*",
    ),
    "an average with itself": (
        lambda folder, run: [*averaged(run, "best.pt", "best.pt"), "--out", str(folder / "new.pt")],
        r".*best\.pt is given twice; give different checkpoints\.",
    ),
    "an average on other data": (
        lambda folder, run: [
            *averaged(run, "best.pt", "last.pt"), "--out", str(folder / "new.pt"), "--data", other_pairs(folder),
        ],
        r".*last\.pt was trained on other data than pairs\.tsv; give with --data what it was\.",
    ),
    "an average on other validation pairs": (
        lambda folder, run: [
            *averaged(run, "best.pt", "last.pt"), "--out", str(folder / "new.pt"), "--data", long_validation(folder),
        ],
        r".*last\.pt was validated on other data than data; give with --data what it was\.",
    ),
    "an average that nothing can validate": (
        lambda folder, run: change(run / "last.pt", without_fingerprint_of_validation) or [
            *averaged(run, "best.pt", "last.pt"), "--out", str(folder / "new.pt"), "--data", long_validation(folder),
        ],
        r"no validation pair of data fits in the model's max_length=40; give others\.",
    ),
}  # fmt: skip
