"""`course return`: students' feedback pages, packed for Moodle and Canvas."""

import argparse
from pathlib import Path

from classroom.commands.options import command


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declares it."""
    parser = command(
        commands,
        "return",
        "pack the feedback pages into the zip files that Moodle and Canvas give back to students",
        """
        The platform finds each student by the numbers that `course collect` has read from the download. Make the
        pages first, with `nbgrader generate_feedback ASSIGNMENT --force`: without --force, nbgrader leaves pages that
        are there as they are. Then upload the file:

          Moodle   the assignment, View all submissions, Upload multiple feedback files in a zip ("Feedback files" has
                   to be on in the assignment's settings)
          Canvas   the assignment, Upload Submissions (there after Download Submissions was used)

        A student's page goes back alone, never what they have handed in beside it.

        examples:
          course return self-attention --course ~/transformer-2026
          course return 02 --course ~/transformer-2026 --out ~/Desktop
        """,
        run,
    )
    parser.add_argument("assignment", metavar="ASSIGNMENT", help="any unambiguous part of its name")
    parser.add_argument("--course", type=Path, required=True, metavar="DIR", help="made by `course init`")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="default: reports/ASSIGNMENT/ in the course; feedback-for-moodle.zip, …"
    )


def run(arguments: argparse.Namespace) -> int:
    """Runs it; the exit status."""
    from classroom.grading.course_dir import open_course
    from classroom.grading.returning import pack

    course = open_course(arguments.course)
    name = course.pick_assignment(arguments.assignment)
    problems = []
    for done in pack(course, name, arguments.out or course.root / "reports" / name):
        problems += done.problems
        if done.students:
            print(f"{done.path}: the feedback of {len(done.students)} student{'s' * (len(done.students) != 1)}")
    if problems:
        print("\nTo look at:", *(f"  {problem}" for problem in problems), sep="\n")
    return int(bool(problems))
