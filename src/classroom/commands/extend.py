"""`course extend`: more time for a student, or an excuse."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from classroom.commands.options import command
from classroom.errors import ClassroomError


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declares it."""
    parser = command(
        commands,
        "extend",
        "give students more time for an assignment, or excuse them from it",
        """
        Before or after grading: of what is graded already, the late penalty is worked out again, and nothing else.
        An excused student pays no penalty, and the assignment does not count in their term.

        Days that everybody may be late without asking are a policy of the course: see LateDays in nbgrader_config.py.

        examples:
          course extend amy --assignment 02 --until 2026-12-03T23:59 --course ~/transformer-2026
          course extend amy bo --assignment 02 --days 3 --reason ill --course ~/transformer-2026
          course extend amy --assignment 02 --excused --course ~/transformer-2026
          course extend amy --assignment 02 --remove --course ~/transformer-2026
          course extend --course ~/transformer-2026                       list what was allowed
          course extend --again --course ~/transformer-2026               work all penalties out again, after a change
        """,
        run,
    )
    parser.add_argument("students", nargs="*", metavar="STUDENT", help="their ids; none: list what was allowed")
    parser.set_defaults(takes_more="students")
    parser.add_argument("--course", type=Path, required=True, metavar="DIR", help="made by `course init`")
    parser.add_argument("--assignment", metavar="ASSIGNMENT", help="any unambiguous part of its name")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--until", metavar="TIME", help="the due date for these students, in the course's time zone")
    what.add_argument("--days", type=days, metavar="N", help="the same, in days after the assignment's due date")
    what.add_argument("--excused", action="store_true", help="they need not hand it in")
    what.add_argument("--remove", action="store_true", help="take back what was allowed")
    what.add_argument("--again", action="store_true", help="work the penalties of what is graded out again")
    parser.add_argument("--reason", default="", metavar="TEXT", help="kept with it and in the log")
    parser.add_argument("--json", action="store_true", help="print only JSON")


def run(arguments: argparse.Namespace) -> int:
    """Runs it; the exit status."""
    from classroom.grading.course_dir import open_course
    from classroom.grading.course_lock import only_run
    from classroom.keeping import audit
    from classroom.students.allowances import read_allowances
    from classroom.students.extending import extend, told
    from classroom.students.penalties import settle

    course = open_course(arguments.course)
    asked = arguments.until or arguments.days or arguments.excused or arguments.remove
    changed = None
    if arguments.again:
        with only_run(course.root), audit.changing(course, "work penalties out again", arguments.reason):
            changed = settle(course, arguments.students or None)
    elif asked:
        if not arguments.students or not arguments.assignment:
            raise ClassroomError("say whom and for what: course extend STUDENT --assignment ASSIGNMENT --until TIME")
        name = course.pick_assignment(arguments.assignment)
        with only_run(course.root):
            changed = extend(
                course, name, arguments.students, until=arguments.until, days=arguments.days,
                excused=arguments.excused, reason=arguments.reason,
            )  # fmt: skip
    elif arguments.students or arguments.assignment:
        raise ClassroomError("say what you allow: --until TIME, --days N, --excused, or --remove")
    allowances = read_allowances(course.root)
    if arguments.json:
        rows = [{"assignment": a, "student": s, **asdict(of)} for (a, s), of in sorted(allowances.items())]
        print(json.dumps({"allowed": rows, "penalties_changed": changed}, ensure_ascii=False, indent=1, default=str))
    else:
        print(told(course, allowances))
        if changed is not None:
            print(f"\nLate penalties that are others now: {changed}.")
    return 0


def days(text: str) -> float:
    """A number of days, for `type=`."""
    value = float(text)
    if not 0 < value <= 3650:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 3650")
    return value
