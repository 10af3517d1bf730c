"""The library's sub-commands of `course`: train, evaluate, translate."""

import argparse


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the library's commands. Imports torch only when a command runs."""
