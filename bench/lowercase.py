"""A corpus in lower case, as the published figures for Multi30k have it: `python -m bench.lowercase FROM TO`.

Writes a lower-cased copy of the training, validation and 2016 test files of the directory FROM into the directory TO.
"""

import sys
from pathlib import Path

from transformer_lab.data.corpus import read_lines
from transformer_lab.errors import LabError
from transformer_lab.whole_files import atomic_write

FILES = ("train.*", "val.*", "test_2016_flickr.*")


def lowercase(source: Path, target: Path) -> list[Path]:
    """Returns the files written, plain even where they were compressed.

    Raises LabError where both directories are the same, or a file cannot be read or is not UTF-8, and writes none then;
    or where one cannot be written.
    """
    if source.resolve() == target.resolve():
        raise LabError(f"{source} would be replaced by its copy in lower case; choose another directory to write to.")
    files = sorted(file for pattern in FILES for file in source.glob(pattern))
    texts = {file: "".join(f"{line.lower()}\n" for line in read_lines(file)) for file in files}
    written = []
    for file, text in texts.items():
        copy = target / file.name.removesuffix(".gz")
        with atomic_write(copy) as out:
            out.write(text.encode())
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
