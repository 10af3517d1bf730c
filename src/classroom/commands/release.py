"""`course release`: what students receive, from what instructors write."""

import argparse
from pathlib import Path

from classroom.commands.options import add_solutions, command


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declares it."""
    parser = command(
        commands,
        "release",
        "write what students receive (exercises/) from what instructors write (solutions/)",
        """
        The same solutions always give the same bytes. A notebook that holds somebody's answers is not overwritten.

        examples:
          course release                        every assignment
          course release self-attention         one, by any unambiguous part of its name
        """,
        run,
    )
    parser.add_argument("assignments", nargs="*", metavar="ASSIGNMENT", help="which ones (default: all)")
    parser.add_argument("--to", type=Path, metavar="DIR", help="default: exercises/ beside solutions/")
    parser.add_argument("--force", action="store_true", help="overwrite notebooks that hold answers")
    add_solutions(parser)


def run(arguments: argparse.Namespace) -> int:
    """Runs it; the exit status."""
    from classroom.authoring.release import write_release
    from classroom.questions.assignment import all_assignments, find_assignment, find_solutions

    solutions = (arguments.solutions or find_solutions()).resolve()
    exercises = arguments.to or solutions.parent / "exercises"
    chosen = [find_assignment(part, solutions) for part in arguments.assignments] or all_assignments(solutions)
    for assignment in chosen:
        for path in write_release(assignment, exercises, arguments.force):
            print(path)
    return 0
