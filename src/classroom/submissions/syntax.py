"""What keeps a cell from running at all, read from its text: a student hears of it where the answer is missed."""

import warnings

from classroom.student_code.names import parse

UNREADABLE = "Your answer is no Python that could be read: write the cell again."
QUOTED = 80  # characters of a line, as `student_code.mistakes` quotes it


def syntax_error(source: str) -> str | None:
    """One sentence where the cell is no Python (magics are), or None.

    It is found here and not in the student's process, so it may be said of hidden cases as well.
    """
    if parse(source) is not None:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            compile(source, "<cell>", "exec")
    except SyntaxError as error:
        if not error.lineno:
            return UNREADABLE
        lines = source.splitlines()
        line = lines[error.lineno - 1].strip() if error.lineno <= len(lines) else ""
        quoted = f" (`{line[:QUOTED]}`)" if line else ""
        return (
            f"{type(error).__name__} in line {error.lineno} of your answer{quoted}: {error.msg}. Nothing of a cell is "
            "run before all of it is Python."
        )
    except (ValueError, RecursionError, MemoryError):
        return UNREADABLE
    return None
