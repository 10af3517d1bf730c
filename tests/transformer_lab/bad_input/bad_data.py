"""Sentences that `course train` cannot learn from."""

from pathlib import Path

from given import SMALL, Given, long_validation


def aligned(folder: Path, **lines: bytes) -> list[str]:
    """Line-aligned files and the training on them."""
    for language, text in lines.items():
        (folder / f"train.{language}").write_bytes(text)
    return [*SMALL, "--data", str(folder)]


CASES: dict[str, Given] = {
    "from English to English": (
        lambda folder, run: [*aligned(folder, de=b"eins\nzwei\n", en=b"one\ntwo\n"), "--source", "en"],
        r".*: source and target are both 'en'; choose another --source or --target .*",
    ),
    "data with a name that no file has": (
        lambda folder, run: [*SMALL, "--data", "学" * 200],
        r"学+ cannot be read: File name too long; check the path and its permissions\.",
    ),
    "data that are no file": (
        lambda folder, run: [*SMALL, "--data", "/dev/null"],
        r"/dev/null is neither a file nor a directory; give a directory, or a file of pairs\.",
    ),
    "a file and its copy": (
        lambda folder, run: (folder / "train.de.gz").write_bytes(b"") or aligned(folder, de=b"a\nb\n", en=b"a\nb\n"),
        r".*: both train\.de and train\.de\.gz look like the train split in de; move one of them elsewhere\.",
    ),
    "two languages to translate from": (
        lambda folder, run: aligned(folder, de=b"a\nb\n", fr=b"a\nb\n", en=b"a\nb\n"),
        r".*: which language to translate from\? Found de, fr; choose with --source\.",
    ),
    "validation sentences that are all too long": (
        lambda folder, run: [*SMALL, "--data", long_validation(folder)],
        r"no validation pair of data fits in max_length=40; raise max_length\.",
    ),
    "files of different lengths": (
        lambda folder, run: aligned(folder, de=b"eins\nzwei\ndrei\n", en=b"one\ntwo\n"),
        r".*train\.de has 3 lines but .*train\.en has 2; .*",
    ),
    "invalid UTF-8": (
        lambda folder, run: aligned(folder, de=b"eins\nzw\xff\n", en=b"one\ntwo\n"),
        r".*train\.de, line 2: not valid UTF-8 \(byte 3 of the line\); .*",
    ),
    "an empty corpus": (
        lambda folder, run: aligned(folder, de=b"", en=b""),
        r".*train\.de and .*train\.en are empty; .*",
    ),
    "an empty file of pairs": (
        lambda folder, run: (folder / "pairs.tsv").touch() or [*SMALL, "--data", str(folder / "pairs.tsv")],
        r".*pairs\.tsv is empty; .*",
    ),
    "an empty directory": (
        lambda folder, run: [*SMALL, "--data", str(folder)],
        r".* has no train file; .*",
    ),
    "sentences that are all too long": (
        lambda folder, run: [*aligned(folder, de=b"a b c\nd e f\n", en=b"a b c\nd e f\n"), "--set", "max_length=2"],
        r"no training pair of .* fits in max_length=2; raise max_length\.",
    ),
}  # fmt: skip
