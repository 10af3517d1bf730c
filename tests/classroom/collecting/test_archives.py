"""Archives from strangers: what is inside lands inside, within bounds, and the rest is named."""

import io
import os
import stat
import struct
import zipfile
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from classroom.collecting import archives
from classroom.collecting.archives import unpack
from classroom.errors import ClassroomError

BERLIN = ZoneInfo("Europe/Berlin")


def made(path, members, compress=zipfile.ZIP_DEFLATED):
    """An archive of these members: a name or a ZipInfo, and bytes."""
    with zipfile.ZipFile(path, "w", compress) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def info(name, when=(2026, 11, 2, 10, 30, 0), mode=stat.S_IFREG | 0o644, extra=b""):
    member = zipfile.ZipInfo(name, when)
    member.external_attr = mode << 16
    member.extra = extra
    return member


def test_files_come_out_with_their_times(tmp_path):
    stamped = struct.pack("<HHBi", 0x5455, 5, 1, 1_793_000_000)
    archive = made(
        tmp_path / "a.zip",
        [(info("winter.ipynb"), b"1"), (info("summer.ipynb", (2026, 7, 2, 10, 30, 0)), b"2"),
         (info("exact.ipynb", extra=stamped), b"3"), (info("never.ipynb", (1980, 1, 1, 0, 0, 0)), b"4")],
    )  # fmt: skip
    found = unpack(archive, tmp_path / "out", BERLIN)
    assert not found.problems
    assert {m.name: m.modified for m in found.members} == {
        "winter.ipynb": datetime(2026, 11, 2, 9, 30),
        "summer.ipynb": datetime(2026, 7, 2, 8, 30),
        "exact.ipynb": datetime.fromisoformat("2026-10-26T07:33:20"),
        "never.ipynb": None,
    }
    assert [m.path.read_bytes() for m in found.members] == [b"1", b"2", b"3", b"4"]


@pytest.mark.parametrize(
    "name",
    ["../../escaped", "/etc/escaped", "a/../../escaped", "..\\..\\escaped", "C:\\escaped", "a/\x1b[31mred", "x" * 300,
     "/".join("abcdefghijklmnopqrstuvwxyz")],
)  # fmt: skip
def test_no_path_leads_out(tmp_path, name):
    inside = tmp_path / "deep" / "er" / "out"
    found = unpack(made(tmp_path / "a.zip", [(name, b"evil"), ("good", b"1")]), inside, None)
    assert [m.name for m in found.members] == ["good"]
    (problem,) = found.problems
    assert "was not taken: its " in problem
    assert problem.isprintable()
    assert {p for p in tmp_path.rglob("*") if p.is_file()} == {tmp_path / "a.zip", inside / "good"}


def test_links_are_not_followed_nor_made(tmp_path):
    link = info("link", mode=stat.S_IFLNK | 0o777)
    found = unpack(made(tmp_path / "a.zip", [(link, b"/etc"), ("link/passwd", b"evil")]), tmp_path / "out", None)
    assert found.problems == ("a.zip: link was not taken: it is a link.",)
    assert not (tmp_path / "out" / "link").is_symlink()
    assert (tmp_path / "out" / "link" / "passwd").read_bytes() == b"evil"


def test_a_bomb_stops_where_the_bound_is(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_FILE", 3 * 2**20)
    bomb = made(tmp_path / "a.zip", [("bomb", bytes(64 * 2**20)), ("good", b"1")])
    assert bomb.stat().st_size < 100_000
    found = unpack(bomb, tmp_path / "out", None)
    assert found.problems == ("a.zip: bomb was not taken: it unpacks to more than the 3 MiB that one file may have.",)
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["good"]


def test_many_files_share_one_bound(tmp_path):
    archive = made(tmp_path / "a.zip", [(f"f{i}", bytes(2**20)) for i in range(5)])
    found = unpack(archive, tmp_path / "out", None, most=3 * 2**20)
    assert len(found.members) == 3
    assert found.problems[0].endswith("unpacks to more than the 0 MiB that were left for this archive.")


def test_a_header_that_lies_about_the_size_changes_nothing(tmp_path):
    archive = made(tmp_path / "a.zip", [("liar", os.urandom(4096))], zipfile.ZIP_STORED)
    content = bytearray(archive.read_bytes())
    position = content.rindex(b"PK\x01\x02")
    content[position + 24 : position + 28] = struct.pack("<I", 10)  # the size after unpacking
    archive.write_bytes(content)
    found = unpack(archive, tmp_path / "out", None)
    assert not found.members or found.members[0].path.stat().st_size <= 4096
    assert len(found.members) + len(found.problems) == 1


def test_what_is_damaged_or_encrypted_is_named_and_the_rest_taken(tmp_path):
    archive = made(tmp_path / "a.zip", [("torn", b"0123456789" * 50), ("good", b"1")], zipfile.ZIP_STORED)
    content = bytearray(archive.read_bytes())
    content[content.index(b"0123456789") + 5] ^= 0xFF
    archive.write_bytes(content)
    found = unpack(archive, tmp_path / "out", None)
    assert [m.name for m in found.members] == ["good"]
    assert "torn was not taken: it is damaged" in found.problems[0]
    assert not (tmp_path / "out" / "torn").exists()
    locked = bytearray(made(tmp_path / "b.zip", [("secret", b"1")]).read_bytes())
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "b.zip").write_bytes(locked)
    assert "secret was not taken: it is encrypted" in unpack(tmp_path / "b.zip", tmp_path / "out2", None).problems[0]


def test_one_name_twice_gives_two_files(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        archive = made(tmp_path / "a.zip", [("a", b"1"), ("a", b"2"), ("a/b", b"3")])
    found = unpack(archive, tmp_path / "out", None)
    assert [m.path.read_bytes() for m in found.members] == [b"1", b"2"]
    assert "another file has the name of its directory" in found.problems[0]


def test_what_programs_leave_behind_is_passed_over(tmp_path):
    members = [("__MACOSX/._a", b"1"), (".DS_Store", b"1"), ("x/.ipynb_checkpoints/a.ipynb", b"1"), ("a.ipynb", b"1")]
    found = unpack(made(tmp_path / "a.zip", members), tmp_path / "out", None)
    assert ([m.name for m in found.members], found.problems) == (["a.ipynb"], ())


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04" + bytes(100)])
def test_no_archive_is_one_sentence(tmp_path, content):
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(ClassroomError, match=r"a\.zip cannot be unpacked \(.*\); download it again"):
        unpack(tmp_path / "a.zip", tmp_path / "out", None)


def test_a_truncated_archive_is_one_sentence(tmp_path):
    whole = io.BytesIO()
    made(whole, [("a", b"1" * 1000)])
    (tmp_path / "a.zip").write_bytes(whole.getvalue()[:-30])
    with pytest.raises(ClassroomError, match="cannot be unpacked"):
        unpack(tmp_path / "a.zip", tmp_path / "out", None)
