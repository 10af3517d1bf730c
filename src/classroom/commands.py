"""The classroom's sub-commands of `course`: check, release, init, grade.

Only the command line is here, so that `course --help` imports neither torch nor nbgrader.
"""

import argparse
import textwrap
from collections.abc import Callable
from pathlib import Path


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the classroom's commands. Imports torch and nbgrader only when a command runs."""
    _add_release(commands)


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    summary: str,
    text: str,
    run: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=textwrap.dedent(text).strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def _add_solutions(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--solutions",
        type=Path,
        metavar="DIR",
        help="where the assignments are written (default: solutions/ here, above, or of the installed checkout)",
    )


def _add_release(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = _command(
        commands,
        "release",
        "write what students receive (exercises/) from what instructors write (solutions/)",
        """
        The same solutions always give the same bytes. A notebook that holds somebody's answers is not overwritten.

        examples:
          course release                        every assignment
          course release self-attention         one, by any unambiguous part of its name
        """,
        _release,
    )
    parser.add_argument("assignments", nargs="*", metavar="ASSIGNMENT", help="which ones (default: all)")
    parser.add_argument("--to", type=Path, metavar="DIR", help="default: exercises/ beside solutions/")
    parser.add_argument("--force", action="store_true", help="overwrite notebooks that hold answers")
    _add_solutions(parser)


def _release(arguments: argparse.Namespace) -> int:
    from classroom.assignment import all_assignments, find_assignment, find_solutions
    from classroom.release import write_release

    solutions = (arguments.solutions or find_solutions()).resolve()
    exercises = arguments.to or solutions.parent / "exercises"
    chosen = [find_assignment(part, solutions) for part in arguments.assignments] or all_assignments(solutions)
    for assignment in chosen:
        for path in write_release(assignment, exercises, arguments.force):
            print(path)
    return 0
