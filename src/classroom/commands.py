"""The classroom's sub-commands of `course`: check, release, init, grade."""

import argparse


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the classroom's commands. Imports torch and nbgrader only when a command runs."""
