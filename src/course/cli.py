"""The `course` program. Each package adds its own sub-commands; this file only opens the door and shows errors."""

import argparse
import sys
from collections.abc import Sequence

import book_tools.commands
import classroom.commands
import transformer_lab.commands
from book_tools.errors import BookError
from classroom.errors import ClassroomError
from transformer_lab.errors import LabError

DONE, NEEDS_ATTENTION, WRONG_USAGE = 0, 1, 2


def parser() -> argparse.ArgumentParser:
    """The whole command line. Building it imports neither torch nor nbgrader, so `--help` is instant."""
    root = argparse.ArgumentParser(
        prog="course",
        description="Attention Is All You Build: train, check, release and grade.",
        epilog="Exit status: 0 done, 1 done and something needs attention (listed), 2 wrong usage.",
    )
    commands = root.add_subparsers(title="commands", metavar="COMMAND", required=True)
    transformer_lab.commands.add_to(commands)
    classroom.commands.add_to(commands)
    book_tools.commands.add_to(commands)
    return root


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; bad input becomes one sentence on stderr and exit status 2."""
    commands = parser()
    arguments, rest = commands.parse_known_args(argv)
    # argparse gives a list of words only those before the first option, of `translate best.pt --beam 2 TEXT` none. A
    # command whose words may stand there says under which name it takes them.
    name = getattr(arguments, "takes_more", None)
    split = rest.index("--") if "--" in rest else len(rest)
    if rest and (name is None or any(word.startswith("-") for word in rest[:split])):
        commands.error(f"unrecognized arguments: {' '.join(rest)}")
    if rest:
        setattr(arguments, name, [*getattr(arguments, name), *rest[:split], *rest[split + 1 :]])
    try:
        return arguments.run(arguments)
    except (BookError, ClassroomError, LabError) as error:
        print(f"course: {error}", file=sys.stderr)
        return WRONG_USAGE
    except KeyboardInterrupt:
        print("course: stopped by Ctrl-C; what was finished is kept.", file=sys.stderr)
        return NEEDS_ATTENTION
    except BrokenPipeError:  # `course check … | head`
        sys.stderr.close()
        return DONE


if __name__ == "__main__":
    sys.exit(main())
