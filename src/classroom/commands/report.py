"""`course report`: the class at a glance."""

import argparse
import json
from pathlib import Path

from classroom.commands.options import add_solutions, command, web_address
from classroom.errors import ClassroomError


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declares it."""
    parser = command(
        commands,
        "report",
        "the class at a glance: a page, and the grades for an LMS",
        """
        Writes from what `course grade` recorded and from the gradebook (with manual grades and late penalties):

          index.html    scores, questions by difficulty, misconceptions to explain again, what needs a look
          grades.csv    everybody, plain
          canvas.csv    for Canvas: Grades > Import
          moodle.csv    for Moodle: the assignment's offline grading worksheet, or Grades > Import > CSV file

        The page is one file that works offline. It names students: keep it where student records belong.

        examples:
          course report self-attention --course ~/transformer-2026
          course report 02 --course ~/transformer-2026 --out ~/week-3 --json > week-3.json
        """,
        run,
    )
    parser.add_argument("assignment", metavar="ASSIGNMENT", help="any unambiguous part of its name")
    parser.add_argument("--course", type=Path, required=True, metavar="DIR", help="made by `course init`")
    parser.add_argument("--out", type=Path, metavar="DIR", help="default: reports/ASSIGNMENT/ in the course")
    parser.add_argument(
        "--formgrader",
        type=web_address,
        default="http://localhost:8888",
        metavar="URL",
        help="where the course's Jupyter server answers, for links (default: http://localhost:8888)",
    )
    parser.add_argument("--json", action="store_true", help="print only JSON")
    add_solutions(parser)


def run(arguments: argparse.Namespace) -> int:
    """Runs it; the exit status."""
    from classroom.class_report.build import build
    from classroom.class_report.outline import outline, to_json
    from classroom.class_report.write import write
    from classroom.grading.course_dir import open_course
    from classroom.questions.assignment import find_solutions

    course = open_course(arguments.course)
    name = course.pick_assignment(arguments.assignment)
    solutions = arguments.solutions
    if solutions is None:
        try:
            solutions = find_solutions()
        except ClassroomError:
            solutions = None  # the course's own source/ says enough
    report = build(course, name, solutions)
    written = write(report, arguments.out or course.root / "reports" / name, arguments.formgrader)
    if arguments.json:
        print(json.dumps(to_json(report), ensure_ascii=False, indent=1))
    else:
        print(outline(report), "", *written, sep="\n")
    return int(report.needs_attention)
