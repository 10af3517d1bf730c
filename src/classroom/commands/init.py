"""`course init`: an nbgrader course directory."""

import argparse
import sys
from pathlib import Path

from classroom.commands.options import add_solutions, command


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declares it."""
    parser = command(
        commands,
        "init",
        "make an nbgrader course directory, ready to collect and grade",
        """
        Every assignment of solutions/ goes into source/, release/ and the gradebook. Hand out release/; put what
        comes back into submitted/STUDENT/ASSIGNMENT/. Nothing that exists is overwritten, and repeating the command
        adds the assignments that are new.

        examples:
          course init ~/transformer-2026
          cd ~/transformer-2026 && jupyter lab        formgrader is in the Nbgrader menu
        """,
        run,
    )
    parser.add_argument("directory", type=Path, metavar="DIR", help="a new or empty directory outside any repository")
    add_solutions(parser)


def run(arguments: argparse.Namespace) -> int:
    """Runs it; the exit status."""
    from classroom.grading.course_dir import CONFIG, init_course, open_course
    from classroom.keeping.backup import back_up
    from classroom.questions.assignment import all_assignments, find_solutions

    solutions = (arguments.solutions or find_solutions()).resolve()
    if (arguments.directory / CONFIG).is_file():
        back_up(open_course(arguments.directory), "init")
    done, noted = init_course(arguments.directory, all_assignments(solutions))
    print(*done, sep="\n")
    print(*noted, sep="\n", end="\n" if noted else "", file=sys.stderr)
    return int(bool(noted))
