"""`course return`: students' feedback pages, packed for Moodle."""

import argparse
from pathlib import Path

from classroom.commands.options import command


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declares it."""
    parser = command(
        commands,
        "return",
        "pack the feedback pages into the zip file that Moodle gives back to students",
        """
        Moodle finds each student by the number that `course collect` has read from the download. Make the pages
        first, with `nbgrader generate_feedback`; then, in Moodle: the assignment, View all submissions, Upload
        multiple feedback files in a zip ("Feedback files" has to be on in the assignment's settings).

        examples:
          course return self-attention --course ~/transformer-2026
          course return 02 --course ~/transformer-2026 --out ~/Desktop/feedback.zip
        """,
        run,
    )
    parser.add_argument("assignment", metavar="ASSIGNMENT", help="any unambiguous part of its name")
    parser.add_argument("--course", type=Path, required=True, metavar="DIR", help="made by `course init`")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="default: reports/ASSIGNMENT/feedback-for-moodle.zip in the course"
    )


def run(arguments: argparse.Namespace) -> int:
    """Runs it; the exit status."""
    from classroom.grading.course_dir import open_course
    from classroom.grading.returning import moodle_zip

    course = open_course(arguments.course)
    name = course.pick_assignment(arguments.assignment)
    done = moodle_zip(course, name, arguments.out or course.root / "reports" / name / "feedback-for-moodle.zip")
    print(f"{done.path}: the feedback of {len(done.students)} student{'s' * (len(done.students) != 1)}")
    if done.problems:
        print("\nTo look at:", *(f"  {problem}" for problem in done.problems), sep="\n")
    return int(bool(done.problems))
