"""Times as people and platforms write them, and the zone that a course reads them in.

The zone is the course's: the first time that one is needed it is remembered, so that collecting on another machine
gives the same times.
"""

import json
import os
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from classroom.errors import ClassroomError

FILE = "timezone.json"


def course_zone(course: Path, given: str | None = None) -> tuple[tzinfo, str, str | None]:
    """The zone, its name, and the course's former one where `given` is another. Remembers it.

    Raises:
        ClassroomError: no zone was given or remembered, and this machine's has no name.
    """
    path = course / "results" / FILE
    try:
        known = json.loads(path.read_text(encoding="utf-8"))["timezone"]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        known = None
    name = given or known or _machine()
    zone = named_zone(name)
    if name != known:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(json.dumps({"timezone": name}) + "\n", encoding="utf-8")
        part.replace(path)
    return zone, name, known if known not in (None, name) else None


def named_zone(name: str) -> tzinfo:
    """A zone by its name.

    Raises:
        ClassroomError: there is none.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ClassroomError(f"{name!r} is not a time zone; try Europe/Berlin or UTC") from None


def parse_time(text: str, zone: tzinfo) -> datetime:
    """A time in UTC, without zone: "2026-11-30 23:59", with seconds, an offset, "Z" or a zone's name behind it.

    Raises:
        ClassroomError: it is not written like that.
    """
    written, _, name = text.strip().rpartition(" ")
    if "/" in name or name == "UTC":
        zone = named_zone(name)
    else:
        written = text.strip()
    try:
        time = datetime.fromisoformat(written)
        if len(written) <= len("2026-11-30"):
            raise ValueError
        return time.replace(tzinfo=time.tzinfo or zone).astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise ClassroomError(
            f"{text!r} is not a time; write it as 2026-11-30 23:59, with a zone's name behind it if it is another one"
        ) from None


def shown(time: datetime, zone: tzinfo) -> str:
    """A time in UTC, as people of the zone read it."""
    return f"{time.replace(tzinfo=UTC).astimezone(zone):%Y-%m-%d %H:%M}"


def _machine() -> str:
    """The name of this machine's zone: the environment's, else the one that /etc says."""
    candidates = [os.environ.get("TZ", "").lstrip(":")]
    with suppress(OSError):
        candidates.append(Path("/etc/timezone").read_text(encoding="utf-8").strip())
    candidates.append(str(Path("/etc/localtime").resolve()).rpartition("zoneinfo/")[2])
    for name in candidates:
        try:
            if name:
                ZoneInfo(name)
                return name
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    if datetime.now().astimezone().tzname() == "UTC":
        return "UTC"
    raise ClassroomError(
        "the times in archives have no zone, and this machine's has no name: say --timezone Europe/Berlin, for example"
    )
