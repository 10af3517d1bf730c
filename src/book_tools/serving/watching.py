"""Which files were saved: a look at their times, often. It works on every file system and needs no package."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

OFTEN = 0.5  # seconds between two looks
UNSEEN = ("__pycache__", ".ipynb_checkpoints", ".jupyter_cache")


def times(paths: list[Path]) -> dict[str, int]:
    """When each file was written last: of the files among `paths`, and of those in the folders among them."""
    found: dict[str, int] = {}
    for path in paths:
        files = [path] if path.is_file() else _below(path)
        for file in files:
            try:
                found[str(file)] = file.stat().st_mtime_ns
            except FileNotFoundError:  # gone between two looks
                continue
    return found


def saved(paths: list[Path], often: float = OFTEN) -> Iterator[list[str]]:
    """Yields the files that were written, added or removed since the call, when there is a moment of rest. Never ends.

    What is saved while the caller works is in the next list.
    """
    return _saved(paths, often, times(paths))


def _saved(paths: list[Path], often: float, known: dict[str, int]) -> Iterator[list[str]]:
    while True:
        time.sleep(often)
        now = times(paths)
        if now == known:
            continue
        while (later := _after(often, paths)) != now:  # an editor or `git switch` writes many files
            now = later
        yield sorted(file for file in known.keys() | now.keys() if known.get(file) != now.get(file))
        known = now


def _after(seconds: float, paths: list[Path]) -> dict[str, int]:
    time.sleep(seconds)
    return times(paths)


def _below(folder: Path) -> Iterator[Path]:
    for where, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in UNSEEN]
        # Editors keep their own files beside: `.#page.md`, `page.md~`, `.page.md.swp`.
        yield from (Path(where, name) for name in files if not name.startswith((".", "#")) and not name.endswith("~"))
