"""Unpacking what strangers have packed: every file lands inside, within bounds, and what cannot is named.

An archive may hold paths that lead elsewhere, links, encrypted or damaged files, and few bytes that unfold to many.
Sizes are counted while reading, since what an archive says about itself may be false.
"""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path, PurePosixPath

from classroom.errors import ClassroomError

MAX_FILE = 200 * 2**20  # bytes of one file
MAX_STUDENT = 400 * 2**20  # bytes of one student's archive
MAX_CLASS = 50 * 2**30  # bytes of a platform's whole download
MAX_MEMBERS = 100_000
CHUNK = 2**20
MAX_NAME = 200  # bytes of one part of a path
LINK, KIND = 0o120000, 0o170000  # of Unix file modes
EXTENDED_TIME = 0x5455  # the extra field that holds a time in UTC
IGNORED = ("__MACOSX", ".DS_Store", ".ipynb_checkpoints", "__pycache__", "Thumbs.db", "desktop.ini")


@dataclass(frozen=True)
class Member:
    """A file from an archive: its path there, where it lies now, and when it was last changed (UTC, without zone)."""

    name: str
    path: Path
    modified: datetime | None


@dataclass(frozen=True)
class Unpacked:
    """What came out of an archive, and a sentence for each thing that did not."""

    members: tuple[Member, ...]
    problems: tuple[str, ...]


class _RefusedError(Exception):
    """Why one member was not taken. Its text completes "…: "."""


def unpack(archive: Path, to: Path, zone: tzinfo | None, most: int = MAX_CLASS) -> Unpacked:
    """Unpacks a zip file into a new directory `to`. Times without a zone are read in `zone` (None: this machine's).

    Raises:
        ClassroomError: it is not a zip file, or cannot be read.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            if len(opened.infolist()) > MAX_MEMBERS:
                raise ClassroomError(f"{archive.name} holds more than {MAX_MEMBERS} files; unpack it by hand")
            members, problems, left = [], [], most
            for info in opened.infolist():
                if info.is_dir() or any(part in IGNORED for part in PurePosixPath(info.filename).parts):
                    continue
                try:
                    name = _clean(info)
                    path = _free(to, name)
                    left -= _write(opened, info, path, left)
                except _RefusedError as refused:
                    problems.append(f"{archive.name}: {_shown(info.filename)} was not taken: {refused}.")
                    continue
                members.append(Member(name, path, _modified(info, zone)))
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError, struct.error) as error:
        raise ClassroomError(f"{archive.name} cannot be unpacked ({error}); download it again") from error
    return Unpacked(tuple(members), tuple(problems))


def _clean(info: zipfile.ZipInfo) -> str:
    """The member's path, when it stays inside."""
    parts = [part for part in info.filename.replace("\\", "/").split("/") if part not in ("", ".")]
    if info.filename.startswith(("/", "\\")) or ".." in parts or (parts and parts[0].endswith(":")):
        raise _RefusedError("its path leads out of the archive")
    if not parts or any(len(part.encode("utf-8", "replace")) > MAX_NAME for part in parts) or len(parts) > 20:
        raise _RefusedError("its name is too long")
    if any(ord(c) < 32 or 0xD800 <= ord(c) < 0xE000 for part in parts for c in part):
        raise _RefusedError("its name holds characters that names may not have")
    if (info.external_attr >> 16) & KIND == LINK:
        raise _RefusedError("it is a link")
    if info.flag_bits & 1:
        raise _RefusedError("it is encrypted; ask for it without a password")
    return "/".join(parts)


def _free(to: Path, name: str) -> Path:
    """A path that no earlier member has taken: archives may hold one name twice, or differing in case only."""
    path = to / name
    number = 1
    while path.exists():
        number += 1
        path = to / f"{name}~{number}"
    return path


def _write(opened: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path, left: int) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        size = 0
        with path.open("xb") as file:
            for chunk in _chunks(opened, info):
                size += len(chunk)
                if size > min(MAX_FILE, left):
                    limit = "one file may have" if size > MAX_FILE else "were left for this archive"
                    raise _RefusedError(f"it unpacks to more than the {min(MAX_FILE, left) >> 20} MiB that {limit}")
                file.write(chunk)
    except _RefusedError:
        path.unlink()
        raise
    except (FileExistsError, NotADirectoryError) as error:
        raise _RefusedError("another file has the name of its directory") from error
    return size


def _chunks(opened: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    try:
        with opened.open(info) as source:
            while chunk := source.read(CHUNK):
                yield chunk
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise _RefusedError(f"it is damaged ({str(error) or type(error).__name__}); ask for it again") from error


def _modified(info: zipfile.ZipInfo, zone: tzinfo | None) -> datetime | None:
    """When the file was changed, in UTC: exactly where the archive says so, else its local time read in `zone`."""
    extra, position = info.extra, 0
    while position + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, position)
        if kind == EXTENDED_TIME and size >= 5 and position + 9 <= len(extra) and extra[position + 4] & 1:
            (seconds,) = struct.unpack_from("<i", extra, position + 5)
            return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
        position += 4 + size
    if info.date_time <= (1980, 1, 1, 0, 0, 0):  # what programs write that know no time
        return None
    try:
        local = datetime(*info.date_time, tzinfo=zone)
    except ValueError:
        return None
    return local.astimezone(UTC).replace(tzinfo=None)


def _shown(name: str) -> str:
    """A name as people may see it: no control characters, not endless."""
    printable = "".join(c if c.isprintable() else "?" for c in name)
    return printable if len(printable) <= 120 else f"{printable[:120]}…"
