"""`course collect`: submissions from a learning platform's download."""

import argparse
import json
import sys
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
        number, or by name where nobody else has it, and added where they are new. Whatever could not be taken is
        listed; nothing is lost: the archives stay in downloaded/, and so does a submission that a newer one replaces.

        Only the platform's times count, never those inside a student's own archive. Canvas's archives hold none: they
        mark late files. Those are late, by how much is not known, and no penalty is taken until you say the time.

        examples:
          course collect self-attention ~/Downloads/submissions.zip --course ~/transformer-2026
          course collect 02 part1.zip part2.zip --course ~/transformer-2026 --timezone Europe/Berlin
          course collect 02 new.zip --course ~/transformer-2026 --who 1234568=new --who 1234569=ann-lee
          course collect 02 --course ~/transformer-2026 --handed-in amy=2026-11-30T23:59
          course collect 02 --course ~/transformer-2026 --times canvas-times.csv
        """,
        run,
    )
    parser.add_argument("assignment", metavar="ASSIGNMENT", help="any unambiguous part of its name")
    parser.add_argument("archives", nargs="*", metavar="ARCHIVE.zip", help="downloaded from the platform")
    parser.add_argument("--course", type=Path, required=True, metavar="DIR", help="made by `course init`")
    parser.add_argument(
        "--timezone",
        metavar="NAME",
        help="of times that do not say theirs (default: what the course had before, at first this machine's)",
    )
    parser.add_argument(
        "--who",
        action="append",
        default=[],
        metavar="NUMBER=STUDENT",
        help='whom a number in the download means, where names are not enough; "new" is somebody new',
    )
    parser.add_argument(
        "--handed-in", action="append", default=[], metavar="STUDENT=TIME", help="when a student handed in"
    )
    parser.add_argument(
        "--times", type=Path, metavar="FILE.csv", help="the same for many: columns student, submitted_at"
    )
    parser.set_defaults(takes_more="archives")
    parser.add_argument("--json", action="store_true", help="print only JSON")


def run(arguments: argparse.Namespace) -> int:
    """Runs it; the exit status."""
    from classroom.collecting.clock import course_zone
    from classroom.collecting.collect import Collected, collect, course_roster, set_times
    from classroom.collecting.handed_in import read_times, said_times
    from classroom.collecting.summary import summary
    from classroom.grading.course_dir import open_course
    from classroom.grading.course_lock import only_run
    from classroom.keeping.backup import back_up

    course = open_course(arguments.course)
    name = course.pick_assignment(arguments.assignment)
    archives = [Path(archive) for archive in arguments.archives]
    for archive in archives:
        if not archive.is_file():
            raise ClassroomError(f"there is no file {archive}; name the zip file that the platform gave you")
    if not (archives or arguments.handed_in or arguments.times):
        raise ClassroomError("name a zip file that the platform gave you, or say times with --handed-in or --times")
    who = dict(_pair(text) for text in arguments.who)
    with only_run(course.root):
        zone, zone_name, former = course_zone(course.root, arguments.timezone)
        roster = course_roster(course, name)
        times = read_times(arguments.times, roster, zone) if arguments.times else {}
        times |= said_times(arguments.handed_in, roster, zone)
        done = Collected()
        if archives:
            back_up(course, f"collect {name}")
            done = collect(course, name, archives, zone, who, times)
        collected = {taken.student for taken in done.taken}
        left = {student: time for student, time in times.items() if student not in collected}
        retimed = set_times(course, name, left)
    if former:
        done.problems.append(f"times were read in {former} before, and are read in {zone_name} from now on.")
    if retimed:
        done.notes.append(f"a time is new for {', '.join(retimed)}; run `course grade {name}` to count it.")
    unknown = [taken.student for taken in done.taken if taken.late_unknown]
    if unknown:
        done.problems.append(
            f"Canvas marks {len(unknown)} late and does not say when they came: no penalty is taken until you say it, "
            f"with --times FILE.csv or --handed-in {unknown[0]}=TIME."
        )
    if arguments.json:
        json.dump(done.to_json() | {"timezone": zone_name}, sys.stdout, ensure_ascii=False, indent=1)
        print()
    else:
        print(summary(name, done, zone_name))
    return int(bool(done.problems))


def _pair(text: str) -> tuple[str, str]:
    number, equals, student = text.partition("=")
    if not (equals and number and student):
        raise ClassroomError(f"--who {text}: write NUMBER=STUDENT, 1234567=ann-lee or 1234567=new for example")
    return number, student
