"""`course check`: a student's own check of whole notebooks."""

import argparse
import json
import sys
from pathlib import Path

from classroom.commands.options import add_limits, command, limits
from classroom.errors import ClassroomError


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declares it."""
    parser = command(
        commands,
        "check",
        "check your own notebooks: a table of questions, points and diagnoses",
        """
        Runs the notebook's cells from the top, in a process of its own, and judges what they define on the public
        cases (the .npz file beside the notebook). The notebook itself is not changed.

        examples:
          course check self-attention.ipynb
          course check exercises/*/*.ipynb --json
        """,
        run,
    )
    parser.add_argument("notebooks", nargs="+", type=Path, metavar="NOTEBOOK")
    parser.add_argument("--json", action="store_true", help="print only JSON: a list, one object a notebook")
    add_limits(parser)


def run(arguments: argparse.Namespace) -> int:
    """Runs it; the exit status."""
    from classroom.check_notebook import check_notebook, text
    from classroom.processes.launcher import QuickStart

    checks, status = [], 0
    with QuickStart() as launcher:
        for path in arguments.notebooks:
            try:
                checks.append(check_notebook(path, launcher, limits(arguments)))
            except ClassroomError as error:
                print(f"course: {error}", file=sys.stderr)
                status = 2
                continue
            if not arguments.json:
                print(f"{path}\n{text(checks[-1])}\n" if len(arguments.notebooks) > 1 else text(checks[-1]))
    if arguments.json:
        print(json.dumps([check.to_json() for check in checks], ensure_ascii=False, indent=1))
    return status or int(not all(check.complete for check in checks))
