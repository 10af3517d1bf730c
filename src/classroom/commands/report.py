"""`course report`: the class at a glance, in one assignment or over the term."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from classroom.commands.options import add_solutions, command, web_address
from classroom.errors import ClassroomError

if TYPE_CHECKING:
    from classroom.grading.course_dir import Course


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
          moodle.csv    for Moodle in English: the assignment's offline grading worksheet, or Grades > Import > CSV file

        Moodle reads a worksheet only with the headings of its own language. In another one than English, download the
        worksheet there ("Download grading worksheet"), and give it with --worksheet: its grades are filled in.

        Without an assignment: the term, in reports/term/. Totals over what is graded, everybody's progress, the
        mistakes that come back, and the totals for both platforms. Weights and drops are remembered.

        The page is one file that works offline. It names students: keep it where student records belong.

        examples:
          course report self-attention --course ~/transformer-2026
          course report 02 --course ~/transformer-2026 --out ~/week-3 --json > week-3.json
          course report 02 --course ~/transformer-2026 --worksheet ~/Downloads/Bewertungen.csv
          course report 02 --course ~/transformer-2026 --against ~/transformer-2025
          course report --course ~/transformer-2026 --weight 07=2 --drop 1
        """,
        run,
    )
    parser.add_argument(
        "assignment", nargs="?", metavar="ASSIGNMENT", help="any unambiguous part of its name (default: the term)"
    )
    parser.add_argument("--course", type=Path, required=True, metavar="DIR", help="made by `course init`")
    parser.add_argument("--out", type=Path, metavar="DIR", help="default: reports/ASSIGNMENT/ in the course")
    parser.add_argument(
        "--formgrader",
        type=web_address,
        default="http://localhost:8888",
        metavar="URL",
        help="where the course's Jupyter server answers, for links (default: http://localhost:8888)",
    )
    parser.add_argument(
        "--against",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="a course of another year or section: look for its students' work in this one's, too",
    )
    parser.add_argument("--worksheet", type=Path, metavar="FILE", help="Moodle's, to be filled in, in any language")
    group = parser.add_argument_group("the term")
    group.add_argument(
        "--weight", action="append", default=[], metavar="ASSIGNMENT=N", help="what it counts (default: 1)"
    )
    group.add_argument("--drop", type=drop, metavar="N", help="leave out of each total the N results that cost it most")
    parser.add_argument("--json", action="store_true", help="print only JSON")
    add_solutions(parser)


def run(arguments: argparse.Namespace) -> int:
    """Runs it; the exit status."""
    from classroom.class_report.build import build
    from classroom.class_report.outline import outline, to_json
    from classroom.class_report.worksheet import fill
    from classroom.class_report.write import write
    from classroom.grading.course_dir import open_course
    from classroom.keeping.private import write_private
    from classroom.questions.assignment import find_solutions

    course = open_course(arguments.course)
    if arguments.assignment is None:
        return _term(arguments, course)
    if arguments.weight or arguments.drop is not None:
        raise ClassroomError("--weight and --drop are of the term: leave the assignment out")
    name = course.pick_assignment(arguments.assignment)
    solutions = arguments.solutions
    if solutions is None:
        try:
            solutions = find_solutions()
        except ClassroomError:
            solutions = None  # the course's own source/ says enough
    report = build(course, name, solutions, [open_course(other) for other in arguments.against])
    written = write(report, arguments.out or course.root / "reports" / name, arguments.formgrader)
    problems = []
    if arguments.worksheet:
        filled, problems = fill(arguments.worksheet, report.standings, report.max_score)
        written.append(written[0].with_name("moodle-worksheet.csv"))
        write_private(written[-1], filled)
    if arguments.json:
        print(json.dumps(to_json(report), ensure_ascii=False, indent=1))
    else:
        print(outline(report), "", *written, sep="\n")
    print(*problems, sep="\n", end="\n" if problems else "", file=sys.stderr)
    return int(report.needs_attention or bool(problems))


def _term(arguments: argparse.Namespace, course: "Course") -> int:
    from classroom.term.build import build_term
    from classroom.term.files import write_term
    from classroom.term.outline import outline, to_json
    from classroom.term.settings import changed

    report = build_term(course, changed(course, arguments.weight, arguments.drop))
    written = write_term(report, arguments.out or course.root / "reports" / "term")
    if arguments.json:
        print(json.dumps(to_json(report), ensure_ascii=False, indent=1))
    else:
        print(outline(report), "", *written, sep="\n")
    return int(report.needs_attention)


def drop(text: str) -> int:
    """A number of results, for `type=`."""
    value = int(text)
    if not 0 <= value <= 100:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 100")
    return value
