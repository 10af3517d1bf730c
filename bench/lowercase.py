"""A corpus in lower case, as the published figures for Multi30k have it: `python -m bench.lowercase FROM TO`.

Writes a lower-cased copy of the training, validation and 2016 test files of the directory FROM into the directory TO.
"""

import sys
from pathlib import Path

from transformer_lab.data.corpus import read_lines
from transformer_lab.errors import LabError

FILES = ("train.*", "val.*", "test_2016_flickr.*")


def lowercase(source: Path, target: Path) -> list[Path]:
    """Returns the files written, plain even where they were compressed. Raises LabError where one is not UTF-8."""
    written = []
    for file in sorted(file for pattern in FILES for file in source.glob(pattern)):
        lines = [line.lower() for line in read_lines(file)]
        target.mkdir(parents=True, exist_ok=True)
        copy = target / file.name.removesuffix(".gz")
        copy.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        written.append(copy)
    return written


def main(arguments: list[str]) -> int:
    """Exit status 2 for wrong usage or for a directory without such files."""
    if len(arguments) != 2:
        print("usage: python -m bench.lowercase FROM TO", file=sys.stderr)
        return 2
    try:
        written = lowercase(*map(Path, arguments))
    except LabError as error:
        print(f"bench.lowercase: {error}", file=sys.stderr)
        return 2
    if not written:
        print(f"bench.lowercase: {arguments[0]} has none of {', '.join(FILES)}.", file=sys.stderr)
        return 2
    print(f"{len(written)} files in {arguments[1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
