"""`course collect`: submissions from a learning platform's download."""

import argparse
import json
import sys
from datetime import tzinfo
from pathlib import Path

from classroom.commands.options import command
from classroom.errors import ClassroomError


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declares it."""
    parser = command(
        commands,
        "collect",
        "take submissions from the zip files that Moodle and Canvas give",
        """
        Reads what "download all submissions" gives, Moodle's with folders or without and Canvas's, and puts every
        student's last version into submitted/STUDENT/ASSIGNMENT/ with the time it was handed in. Renamed notebooks,
        copies ("work(1).ipynb") and zips inside are understood. Students are found in the gradebook by the platform's
        number or by name, and added where they are new. Whatever could not be taken is listed; nothing is lost: the
        archives stay in downloaded/, and so does a submission that a newer one replaces.

        examples:
          course collect self-attention --course ~/transformer-2026 ~/Downloads/submissions.zip
          course collect 02 --course ~/transformer-2026 part1.zip part2.zip --timezone Europe/Berlin
        """,
        run,
    )
    parser.add_argument("assignment", metavar="ASSIGNMENT", help="any unambiguous part of its name")
    parser.add_argument("archives", nargs="+", type=Path, metavar="ARCHIVE.zip", help="downloaded from the platform")
    parser.add_argument("--course", type=Path, required=True, metavar="DIR", help="made by `course init`")
    parser.add_argument(
        "--timezone",
        type=timezone,
        metavar="NAME",
        help="of the times in the archives, which mostly do not say (default: this machine's)",
    )
    parser.add_argument("--json", action="store_true", help="print only JSON")


def run(arguments: argparse.Namespace) -> int:
    """Runs it; the exit status."""
    from classroom.collecting.collect import collect, summary
    from classroom.grading.course_dir import open_course
    from classroom.grading.course_lock import only_run

    course = open_course(arguments.course)
    name = course.pick_assignment(arguments.assignment)
    for archive in arguments.archives:
        if not archive.is_file():
            raise ClassroomError(f"there is no file {archive}; name the zip file that the platform gave you")
    with only_run(course.root):
        done = collect(course, name, arguments.archives, arguments.timezone)
    if arguments.json:
        json.dump(done.to_json(), sys.stdout, ensure_ascii=False, indent=1)
        print()
    else:
        print(summary(name, done))
    return int(bool(done.problems))


def timezone(text: str) -> tzinfo:
    """A time zone by its name, for `type=`."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise argparse.ArgumentTypeError(f"{text!r} is not a time zone; try Europe/Berlin or UTC") from None
