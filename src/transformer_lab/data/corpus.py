"""Parallel corpora read from files: tab-separated pairs, or two line-aligned files.

Two layouts are understood, both plain UTF-8 and optionally gzip-compressed:

- *tab-separated*, one pair a line, English first (Tatoeba, ManyThings): `English<TAB>other[<TAB>attribution]`;
- *line-aligned*, one file a language, named by it: `train.de` and `train.en` (Multi30k, IWSLT, WMT).

A directory holds splits, told apart by the beginning of their names: `train…`, `val…` (or `dev…`), `test…`.
"""

import gzip
import random
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from transformer_lab.errors import LabError

SPLITS = {"train": ("train",), "validation": ("val", "dev"), "test": ("test",)}
TAB_SUFFIXES = (".tsv", ".txt")
UNKNOWN = "und"  # a language that nobody named
HELD_OUT_SHARE, HELD_OUT_MOST = 40, 1000  # one source sentence in 40 validates, at most 1000


class Pair(NamedTuple):
    """A sentence and its translation."""

    source: str
    target: str


@dataclass(frozen=True)
class Corpus:
    """What a model trains on, is selected by and is tested on. `test` may be empty; the others may not."""

    name: str
    source_language: str
    target_language: str
    train: list[Pair]
    validation: list[Pair]
    test: list[Pair]

    def fingerprint(self, split: str = "train") -> int:
        """A checksum of the pairs of a split, in order."""
        checksum = 0
        for pair in getattr(self, split):
            checksum = zlib.crc32(f"{pair.source}\t{pair.target}\n".encode(), checksum)
        return checksum


def load_corpus(path: Path | str, source: str | None = None, target: str = "en") -> Corpus:
    """The corpus at `path`: a directory with splits, or one file of pairs, which is then all training data.

    `source` and `target` are language codes. Without `source`, it is whatever the files hold besides `target`.
    When no validation file is there, a part of the training sentences is held out (see `hold_out`).
    Raises LabError for files that are missing, malformed or empty, and for languages that they do not have.
    """
    path = Path(path)
    validation: list[Pair] = []
    test: list[Pair] = []
    with _errors_in_words(path):
        train, languages = _read_split(path, "train", source, target)
        if path.is_dir():
            if _split_files(path, "validation"):
                validation, _ = _read_split(path, "validation", *languages)
            if _split_files(path, "test"):
                test, _ = _read_split(path, "test", *languages)
    if not validation:
        train, validation = hold_out(train)
    if not train:
        raise LabError(f"{path}: a single pair is too little to train on; give at least two different sources.")
    return Corpus(path.name, *languages, train, validation, test)


def load_pairs(path: Path | str, source: str | None = None, target: str = "en") -> list[Pair]:
    """The pairs to test on: the test split of a directory, or all of one file. Raises LabError as above."""
    with _errors_in_words(Path(path)):
        return _read_split(Path(path), "test", source, target)[0]


def hold_out(pairs: list[Pair]) -> tuple[list[Pair], list[Pair]]:
    """Splits training pairs into (train, validation), the same way every time.

    Whole source sentences move, so that no validation source is trained on with another translation.
    """
    sources = sorted({pair.source for pair in pairs})
    count = min(HELD_OUT_MOST, max(1, len(sources) // HELD_OUT_SHARE))
    held = set(random.Random(0).sample(sources, count))
    return [p for p in pairs if p.source not in held], [p for p in pairs if p.source in held]


def read_tab_separated(path: Path, source: str, target: str) -> list[Pair]:
    """Pairs from `English<TAB>other` lines. Raises LabError with the line's number where one is malformed."""
    if "en" not in (source, target):
        raise LabError(
            f"{path}: tab-separated pairs have English in the first column, so they cannot serve "
            f"{source}→{target}; choose English as source or target."
        )
    pairs = []
    for number, line in enumerate(read_lines(path), start=1):
        columns = line.split("\t")
        if len(columns) < 2:
            raise LabError(f"{path}, line {number}: no tab; expected English, a tab, then its translation.")
        english, other = columns[0].strip(), columns[1].strip()
        if not english or not other:
            empty = "first" if not english else "second"
            raise LabError(f"{path}, line {number}: the {empty} column is empty; give both or remove the line.")
        pairs.append(Pair(other, english) if target == "en" else Pair(english, other))
    if not pairs:
        raise LabError(f"{path} is empty; it should hold one pair of sentences a line.")
    return pairs


def read_line_aligned(source_path: Path, target_path: Path) -> list[Pair]:
    """Pairs from two files whose lines correspond. Raises LabError, with both counts where they differ."""
    sources, targets = list(read_lines(source_path)), list(read_lines(target_path))
    if len(sources) != len(targets):
        raise LabError(
            f"{source_path} has {len(sources)} lines but {target_path} has {len(targets)}; "
            "line-aligned files need one line for each other."
        )
    if not sources:
        raise LabError(f"{source_path} and {target_path} are empty; they should hold one sentence a line.")
    pairs = []
    for number, (source, target) in enumerate(zip(sources, targets, strict=True), start=1):
        pair = Pair(source.strip(), target.strip())
        for file, side in ((source_path, pair.source), (target_path, pair.target)):
            if not side:
                raise LabError(f"{file}, line {number}: the line is empty; remove it from both files.")
        pairs.append(pair)
    return pairs


def read_lines(path: Path) -> Iterator[str]:
    """The lines of a UTF-8 file, plain or gzip, split at newlines only (U+2028 stays inside a sentence)."""
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except FileNotFoundError:
        raise LabError(f"{path} does not exist; check the path.") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise LabError(f"{path} is not a complete gzip file ({error}); fetch it again.") from error
    except OSError as error:
        raise LabError(f"{path} cannot be read: {error.strerror}.") from error
    raw_lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    if raw_lines[-1] == b"":
        raw_lines.pop()
    for number, raw in enumerate(raw_lines, start=1):
        try:
            yield raw.decode("utf-8").removesuffix("\r")
        except UnicodeDecodeError as error:
            raise LabError(
                f"{path}, line {number}: not valid UTF-8 (byte {error.start + 1} of the line); "
                "convert the file to UTF-8."
            ) from None


@contextmanager
def _errors_in_words(path: Path) -> Iterator[None]:
    """Where the system does not even let one look, as a LabError."""
    try:
        yield
    except OSError as error:
        raise LabError(
            f"{error.filename or path} cannot be read: {error.strerror}; check the path and its permissions."
        ) from error


def _read_split(path: Path, split: str, source: str | None, target: str) -> tuple[list[Pair], tuple[str, str]]:
    """The pairs of one split and the languages (source, target) that they turned out to have."""
    if source == target:
        raise LabError(
            f"{path}: source and target are both {source!r}; choose another --source or --target (which is en where "
            "none is given)."
        )
    if path.is_dir():
        files = _split_files(path, split)
        if not files:
            raise LabError(f"{path} has no {split} file; expected {split}.tsv, or {split}.LANGUAGE for two languages.")
    elif path.is_file():
        files = [path]
    elif path.exists():
        raise LabError(f"{path} is neither a file nor a directory; give a directory, or a file of pairs.")
    else:  # `data/test_2016` for data/test_2016.de and data/test_2016.en
        files = sorted(path.parent.glob(path.name + ".*")) if path.name and path.parent.is_dir() else []
        if not files:
            raise LabError(f"{path} does not exist; give a directory, a file of pairs, or a prefix of two files.")
    tab_separated = [file for file in files if _bare(file).suffix in TAB_SUFFIXES]
    if tab_separated:
        source = _tab_separated_source(path, source, target)
        pairs = [pair for file in tab_separated for pair in read_tab_separated(file, source, target)]
        return pairs, (source, target)
    by_language: dict[str, Path] = {}
    for file in files:
        language = _bare(file).suffix.removeprefix(".")
        if language in by_language:
            raise LabError(
                f"{path}: both {by_language[language].name} and {file.name} look like the {split} split in "
                f"{language}; {_one_of(path, by_language[language], file)}."
            )
        by_language[language] = file
    if source is None:
        others = sorted(set(by_language) - {target})
        if len(others) != 1:
            found = f"{', '.join(others)}; choose with --source" if others else "none"
            raise LabError(f"{path}: which language to translate from? Found {found}.")
        source = others[0]
    for language in (source, target):
        if language not in by_language:
            raise LabError(
                f"{path}: no {split} file in {language!r}; found {', '.join(sorted(by_language))}. "
                "A file's language is its suffix, as in train.de."
            )
    return read_line_aligned(by_language[source], by_language[target]), (source, target)


def _split_files(directory: Path, split: str) -> list[Path]:
    """The files of one split, sorted by name."""
    return sorted(
        file for file in directory.iterdir() if file.is_file() and file.name.lower().startswith(SPLITS[split])
    )


def _one_of(path: Path, first: Path, second: Path) -> str:
    """What to do about two files of one split and language: they are two test sets, or one and its copy."""
    if _bare(first) == _bare(second):
        return "move one of them elsewhere"
    return f"name one of them, as in {path / _bare(second).stem}"


def _bare(file: Path) -> Path:
    """The name without `.gz`."""
    return file.with_suffix("") if file.suffix == ".gz" else file


def _tab_separated_source(path: Path, source: str | None, target: str) -> str:
    """The language to translate from. English files do not say the other language, their directory's name may.

    Raises LabError where it says others than those asked for.
    """
    directory = (path if path.is_dir() else path.parent).absolute().name
    parts = directory.split("-") if "-en" in directory or directory.startswith("en-") else []
    codes = [part for part in parts if len(part) in (2, 3) and part.isalpha() and part != "en"]
    for language in (source, target):
        if codes and language not in (None, "en", UNKNOWN, *codes):
            raise LabError(
                f"{path} has no sentences in {language!r}: its directory {directory} is named after en and "
                f"{' or '.join(codes)}; choose these, or rename the directory."
            )
    if source is not None:
        return source
    return "en" if target != "en" else min(codes, key=len, default=UNKNOWN)
