"""What several of the classroom's commands share: how a command is declared, and options that mean the same."""

import argparse
import os
import stat
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from classroom.processes.limits import Limits
from classroom.quick_start import skip_grammar_of_addresses


def command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    summary: str,
    text: str,
    run: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    """Declares one command; `text` (what it does, examples) is shown below its options."""
    parser = commands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=textwrap.dedent(text).strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=lambda arguments: _without_slow_import(run, arguments))
    return parser


def _without_slow_import(run: Callable[[argparse.Namespace], int], arguments: argparse.Namespace) -> int:
    skip_grammar_of_addresses()
    with _private(getattr(arguments, "course", None) or getattr(arguments, "directory", None)):
        return run(arguments)


@contextmanager
def _private(course: Path | None) -> Iterator[None]:
    """Inside, what is written into a course can be read by its owner alone; by a group where the group may write."""
    if course is None:
        yield
        return
    shared = course.is_dir() and course.stat().st_mode & stat.S_IWGRP
    usual = os.umask(0o007 if shared else 0o077)
    try:
        yield
    finally:
        os.umask(usual)


def add_solutions(parser: argparse.ArgumentParser) -> None:
    """The option that says where assignments are written."""
    parser.add_argument(
        "--solutions",
        type=Path,
        metavar="DIR",
        help="where the assignments are written (default: solutions/ here, above, or of the installed checkout)",
    )


def add_limits(parser: argparse.ArgumentParser) -> None:
    """The options that `limits` reads."""
    defaults = Limits()
    group = parser.add_argument_group("limits for one notebook")
    for name, default, what in (
        ("cell", defaults.cell_seconds, "one cell, before it is interrupted"),
        ("call", defaults.call_seconds, "one call of a graded function, before it is interrupted"),
        ("total", defaults.total_seconds, "the whole notebook, before it is killed"),
    ):
        group.add_argument(
            f"--{name}-seconds", type=seconds, default=default, metavar="S", help=f"{what} (default: {default:g})"
        )
    gib = defaults.memory / 2**30
    group.add_argument("--memory", type=seconds, default=gib, metavar="GIB", help=f"memory (default: {gib:g} GiB)")


def limits(arguments: argparse.Namespace) -> Limits:
    """The limits that the options ask for."""
    return Limits(
        cell_seconds=arguments.cell_seconds,
        call_seconds=arguments.call_seconds,
        total_seconds=arguments.total_seconds,
        memory=int(arguments.memory * 2**30),
    )


def positive(text: str) -> int:
    """A whole number from 1, for `type=`."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def seed(text: str) -> int:
    """A seed, for `type=`."""
    value = int(text)
    if not 0 <= value < 2**63:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 2^63")
    return value


def seconds(text: str) -> float:
    """A positive number, for `type=`."""
    value = float(text)
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def web_address(text: str) -> str:
    """An address that a link may have, for `type=`."""
    if not text.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError(f"{text} does not begin with http:// or https://")
    return text
