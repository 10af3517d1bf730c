"""The inside of a student's process: runs cells and answers calls until the grader hangs up.

Nothing here can raise a grade. Whatever the student's code does to this process, the grader sees only bytes on
a socket, and counts as evidence only answers that equal the right ones.
"""

import os
import resource
import socket
import sys
from pathlib import Path
from typing import Any

from classroom import wire
from classroom.errors import ClassroomError
from classroom.inprocess import InProcess
from classroom.limits import Limits
from classroom.shell import CapturingShell, interruptible
from classroom.student import Answer

# How torch and numpy say that memory ran out, beside Python's own MemoryError.
OUT_OF_MEMORY = ("can't allocate memory", "not enough memory", "unable to allocate", "cannot allocate memory")


def confine(limits: Limits) -> None:
    """Sets the limits that the kernel itself enforces, for this process and everything it starts."""
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + limits.memory, mapped + limits.memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # A backstop for when nobody is left to kill this process: the grader's own clock is stricter.
    seconds = int(limits.total_seconds + limits.grace_seconds) * (os.cpu_count() or 1) + 10
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))


def serve(connection: socket.socket, directory: Path, home: Path) -> None:
    """Answers the grader's messages, in the directory that holds the notebook's files, until it hangs up."""
    os.chdir(directory)
    sys.path.insert(0, str(directory))  # modules that were submitted beside the notebook
    CapturingShell.clear_instance()
    shell = CapturingShell.instance(ipython_dir=str(home / ".ipython"))
    student = InProcess(shell.user_ns)
    wire.send(connection, {"ready": True})
    while True:
        try:
            message = wire.receive(connection)
        except wire.WireError:
            return
        reply = run(shell, message["source"]) if message["do"] == "run" else answer(student, message)
        try:
            wire.send(connection, reply)
        except (OSError, TypeError, ValueError) as error:
            wire.send(connection, {"unsendable": f"{type(error).__name__}: {error}"[:500]})


def run(shell: CapturingShell, source: str) -> dict[str, Any]:
    """Runs a cell; the reply that describes it."""
    outcome, error = shell.run(source)
    return {"outputs": list(outcome.outputs), "error": outcome.error, "memory": is_out_of_memory(error)}


def answer(student: InProcess, message: dict[str, Any]) -> dict[str, Any]:
    """Answers a call; the reply that carries it."""
    call = wire.call_from_body(message["call"])
    memory = False
    try:
        with interruptible():
            given = student.answer(message["target"], call, tuple(message["forbidden"]))
        memory = any(sign in (given.error or "").lower() for sign in (*OUT_OF_MEMORY, "memoryerror"))
    except KeyboardInterrupt:
        given = Answer(error="Your code was stopped: it ran too long.")
    except (MemoryError, ClassroomError) as error:  # the second: the student's code removed a name we forbid
        given = Answer(error=f"{type(error).__name__}: {error}")
        memory = isinstance(error, MemoryError)
    return {"answer": wire.answer_to_body(given), "memory": memory}


def is_out_of_memory(error: BaseException | None) -> bool:
    """Whether an exception says that the memory limit was reached."""
    return isinstance(error, MemoryError) or any(sign in str(error).lower() for sign in OUT_OF_MEMORY)
