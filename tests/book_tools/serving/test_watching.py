"""Which files were saved."""

import os
from pathlib import Path

import pytest

from book_tools.serving.watching import saved, times


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deep" / "__pycache__").mkdir(parents=True)
    (tmp_path / "page.md").write_text("a")
    (tmp_path / "deep" / "module.py").write_text("a")
    return tmp_path


def touch(path: Path) -> None:
    """Written anew, a second later than before whatever the clock of the file system."""
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text("b")
    os.utime(path, ns=(before + 10**9, before + 10**9))


def test_each_list_is_what_was_written_added_or_removed_since_the_last(folder):
    changes = saved([folder], often=0.01)
    touch(folder / "deep" / "module.py")
    assert next(changes) == [str(folder / "deep" / "module.py")]
    # While the caller builds:
    touch(folder / "new.md")
    (folder / "page.md").unlink()
    assert next(changes) == [str(folder / "new.md"), str(folder / "page.md")]


def test_what_is_saved_before_the_first_look_counts(folder):
    changes = saved([folder], often=0.01)
    touch(folder / "page.md")  # during the first build
    assert next(changes) == [str(folder / "page.md")]


def test_files_that_editors_and_python_keep_beside_do_not_count(folder):
    known = times([folder])
    for name in (".page.md.swp", "page.md~", "#page.md#", ".#page.md", "deep/__pycache__/module.pyc"):
        (folder / name).write_text("b")
    assert times([folder]) == known


def test_a_single_file_and_one_that_is_missing(folder):
    assert set(times([folder / "page.md", folder / "missing.yml"])) == {str(folder / "page.md")}
