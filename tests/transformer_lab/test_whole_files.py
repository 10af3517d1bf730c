"""Files are whole or not there, and what is left of others is removed."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from transformer_lab.errors import LabError
from transformer_lab.whole_files import atomic_write, check_writable, only_writer, remove_rests


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """Within it, no file may grow beyond `size` bytes: the system refuses, as where the disk is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def content(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_a_file_is_written_whole_into_directories_made_for_it(tmp_path):
    path = tmp_path / "a" / "b" / "file"
    with atomic_write(path) as file:
        file.write(b"all")
        assert not path.exists()
    assert path.read_bytes() == b"all"
    assert content(tmp_path) == {"a", "a/b", "a/b/file"}
    umask = os.umask(0)
    os.umask(umask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask


def test_no_half_written_file(tmp_path):
    path = tmp_path / "checkpoint.pt"
    path.write_text("old")
    with pytest.raises(TypeError), atomic_write(path) as file:
        file.writelines([b"half", "text, which this file does not take"])
    with pytest.raises(RuntimeError, match="another reason"), atomic_write(path) as file:
        raise RuntimeError("another reason")
    assert content(tmp_path) == {"checkpoint.pt"}
    assert path.read_text() == "old"


@pytest.mark.parametrize("numbers", [15_000, 100_000], ids=["its end", "its middle"])
def test_a_disk_that_is_full_while_torch_saves(tmp_path, numbers):
    """It raises an error of its own, or the system's, by where in the file there is no room any more."""
    path = tmp_path / "checkpoint.pt"
    path.write_text("old")
    sentence = r"checkpoint\.pt cannot be written: File too large; choose another place"
    with pytest.raises(LabError, match=sentence), full_disk(60_000), atomic_write(path) as file:
        torch.save({"weights": torch.zeros(numbers)}, file)
    assert content(tmp_path) == {"checkpoint.pt"}
    assert path.read_text() == "old"


def test_a_disk_that_is_full_when_what_is_buffered_is_written(tmp_path):
    with pytest.raises(LabError, match="File too large"), full_disk(100), atomic_write(tmp_path / "new" / "x") as file:
        file.write(bytes(200))
    assert content(tmp_path) == set()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("directory", r"directory is a directory; name a file to be written\.$"),
        ("file/x", r"x cannot be written: .*file is a file, not a directory; choose another place\.$"),
        ("file/new/x", r"x cannot be written: .*file is a file, not a directory; choose another place\.$"),
        ("n" * 250, r"cannot be written: File name too long; choose another place, or see to its permissions and"),
        ("/proc/new/x", r"/proc/new/x cannot be written: No such file or directory; "),
        ("pipe", r"pipe is not a file; name a file to be written\.$"),
    ],
)
def test_what_cannot_be_written_is_refused_beforehand_as_when_it_is_written(tmp_path, name, sentence):
    (tmp_path / "directory").mkdir()
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    before = content(tmp_path)
    with pytest.raises(LabError, match=sentence):
        check_writable(tmp_path / name)
    with pytest.raises(LabError, match=sentence), atomic_write(tmp_path / name) as file:
        file.write(b"all")
    assert content(tmp_path) == before


def test_a_directory_that_comes_into_being_meanwhile(tmp_path):
    with pytest.raises(LabError, match="file cannot be written: Is a directory"), atomic_write(tmp_path / "file"):
        (tmp_path / "file").mkdir()
    assert content(tmp_path) == {"file"}


def test_a_try_leaves_nothing_behind(tmp_path):
    check_writable(tmp_path / "a" / "b" / "file")
    assert content(tmp_path) == set()
    (tmp_path / "file").write_text("kept")
    check_writable(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "kept"


def test_only_rests_of_the_named_files_are_removed(tmp_path):
    kept = {"last.pt", ".last.pt", ".last.pt.swp", ".last.pt.ABCDEFGH", ".last.pt.abcdefghi", ".lastXpt.abcdefgh"}
    kept |= {"last.pt.abcdefgh", ".mine.pt.abcdefgh", ".last.pt.director"}
    for name in [*kept, ".last.pt.abc_3fgh", ".log.csv.00000000"]:
        (tmp_path / name).mkdir() if name.endswith("director") else (tmp_path / name).touch()
    remove_rests(tmp_path, r"last\.pt|log\.csv")
    assert content(tmp_path) == kept
    remove_rests(tmp_path / "nowhere", r"last\.pt")


def test_what_a_killed_write_leaves_is_a_rest(tmp_path):
    """The name is tempfile's: were it ever to change, rests would stay."""
    with atomic_write(tmp_path / "last.pt"):
        (rest,) = tmp_path.iterdir()
        remove_rests(tmp_path, r"last\.pt")
        assert not rest.exists()
        rest.touch()


def test_a_second_writer_is_refused_until_the_first_is_gone_however_it_went(tmp_path):
    path = tmp_path / "run" / "last.pt"
    hold = (
        "import sys, time; from pathlib import Path; from transformer_lab.whole_files import only_writer\n"
        "with only_writer(Path(sys.argv[1])): print('held', flush=True); time.sleep(300)"
    )
    with subprocess.Popen([sys.executable, "-c", hold, str(path)], stdout=subprocess.PIPE) as first:
        try:
            assert first.stdout.readline() == b"held\n"
            sentence = r"another program is writing .*last\.pt; wait for it, stop it"
            with pytest.raises(LabError, match=sentence), only_writer(path):
                pytest.fail("two write at once")
            with only_writer(tmp_path / "other" / "last.pt"), only_writer(tmp_path / "third" / "last.pt"):
                pass  # elsewhere there is no lock
        finally:
            first.kill()
    with only_writer(path):
        (path.parent / "written").touch()
    assert content(tmp_path) == {"run", "run/written"}


def test_a_writer_of_nothing_leaves_no_directory(tmp_path):
    with only_writer(tmp_path / "a" / "b" / "last.pt"):
        assert (tmp_path / "a" / "b").is_dir()
    assert content(tmp_path) == set()
