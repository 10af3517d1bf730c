"""The classroom's sub-commands of `course`, one module each: its options, and what it runs.

Only the command line is here, and modules import torch and nbgrader when a command runs, so that `course --help`
needs neither.
"""

import argparse

from classroom.commands import check, collect, extend, grade, init, release, report, restore, return_, students


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the classroom's commands."""
    for module in (check, release, init, collect, extend, grade, report, return_, restore, students):
        module.add(commands)
