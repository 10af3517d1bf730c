"""`course release`: what students receive, from what instructors write."""

import argparse
from pathlib import Path

from classroom.commands.options import add_solutions, command, web_address
from classroom.errors import ClassroomError


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declares it."""
    parser = command(
        commands,
        "release",
        "write what students receive (exercises/) from what instructors write (solutions/)",
        """
        The same solutions always give the same bytes. A notebook that holds somebody's answers is not overwritten.

        With --bundle: a folder, or a zip file, for students without this repository. It holds notebooks, cases, a wheel
        with what they need to check themselves, and what VS Code, Colab and Binder need to install it. Put it on the
        course's page; with --url, notebooks that are opened on Colab fetch the rest from there.

        examples:
          course release                        every assignment
          course release self-attention         one, by any unambiguous part of its name
          course release --bundle transformer-course.zip
          course release 02 --bundle public/ --url https://example.org/course
        """,
        run,
    )
    parser.add_argument("assignments", nargs="*", metavar="ASSIGNMENT", help="which ones (default: all)")
    parser.add_argument("--to", type=Path, metavar="DIR", help="default: exercises/ beside solutions/")
    parser.add_argument("--bundle", type=Path, metavar="DIR|ZIP", help="write this instead of exercises/")
    parser.add_argument(
        "--url", type=web_address, metavar="URL", help="with --bundle: where its folder will be on the web"
    )
    parser.add_argument("--force", action="store_true", help="overwrite notebooks that hold answers")
    add_solutions(parser)


def run(arguments: argparse.Namespace) -> int:
    """Runs it; the exit status."""
    from classroom.authoring.release import write_release
    from classroom.questions.assignment import all_assignments, find_assignment, find_solutions

    solutions = (arguments.solutions or find_solutions()).resolve()
    if arguments.url and not arguments.bundle:
        raise ClassroomError("--url says where a bundle will be; name one with --bundle")
    exercises = arguments.to or solutions.parent / "exercises"
    chosen = [find_assignment(part, solutions) for part in arguments.assignments] or all_assignments(solutions)
    if arguments.bundle:
        from classroom.bundle.bundle import bundle_files, write_bundle

        print(write_bundle(bundle_files(chosen, arguments.url or ""), arguments.bundle, arguments.force))
        return 0
    for assignment in chosen:
        for path in write_release(assignment, exercises, arguments.force):
            print(path)
    return 0
