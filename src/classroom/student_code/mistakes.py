"""Turning what went wrong inside a student's code into one sentence for the student."""

import linecache
from typing import Any

MAX_MESSAGE = 300  # characters; some errors quote whole tensors

NOT_WRITTEN = "is not written yet: replace `raise NotImplementedError` with your code"


class ReturnedValueError(Exception):
    """The code ran, but what it returned, or did to its arguments, cannot be judged. The message is shown as it is."""


def error_sentence(error: BaseException, namespace: dict[str, Any]) -> str:
    """What failed and where: the last line of the traceback that lies in the student's notebook.

    Frames are recognised by their globals, so library frames below and ours above are left out.
    """
    frame = _last_frame(error, namespace)
    # torch raises NotImplementedError too ("… not implemented for 'Bool'"): that is a mistake like any other.
    if isinstance(error, NotImplementedError) and (not str(error) or "not written" in str(error)):
        name = f"`{frame.tb_frame.f_code.co_name}`" if frame else "This"
        return f"NotImplementedError: {name} {NOT_WRITTEN}."
    if isinstance(error, ReturnedValueError):
        return str(error)
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__} in line {error.lineno}: {error.msg}."
    message = " ".join(str(error).split()) or "no message"
    if len(message) > MAX_MESSAGE:
        message = message[:MAX_MESSAGE] + " …"
    if isinstance(error, SystemExit):
        message = "your code ends the program; return the result instead"
    return f"{type(error).__name__}{_place(frame)}: {message.rstrip('.')}."


def is_not_written(sentence: str | None) -> bool:
    """Whether the error is the untouched stub's own."""
    return bool(sentence) and NOT_WRITTEN in sentence


def _last_frame(error: BaseException, namespace: dict[str, Any]) -> Any:
    found, step = None, error.__traceback__
    while step is not None:
        if step.tb_frame.f_globals is namespace:
            found = step
        step = step.tb_next
    return found


def _place(frame: Any) -> str:
    if frame is None:
        return ""
    code = frame.tb_frame.f_code
    line = linecache.getline(code.co_filename, frame.tb_lineno).strip()
    quoted = f" (`{line[:80]}`)" if line else ""
    inside = f"`{code.co_name}`" if code.co_name.isidentifier() else "your code"
    return f" in {inside}, line {frame.tb_lineno}{quoted}"
