"""The inside of a student's process: runs cells and answers calls until the grader hangs up.

Nothing here can raise a grade. Whatever the student's code does to this process, the grader sees only bytes on
a socket, and counts as evidence only answers that equal the right ones.
"""

import os
import resource
import socket
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from classroom.clean_room.rooms import Rooms
from classroom.errors import ClassroomError
from classroom.processes import second_copy, wire
from classroom.processes.eager import switch_off_compiling
from classroom.processes.limits import Limits
from classroom.processes.shell import CapturingShell, interruptible
from classroom.student_code.inprocess import InProcess
from classroom.student_code.student import Answer, Call

# How torch and numpy say that memory ran out, beside Python's own MemoryError.
OUT_OF_MEMORY = ("can't allocate memory", "not enough memory", "unable to allocate", "cannot allocate memory")
FOR_STUDENTS: dict[str, ModuleType] = {}  # the modules of this package that their code may import
MAX_DESCRIPTOR = 2**20
WARM_UP = (
    "import torch\ndef warm_up(x):\n    return torch.tanh(x @ x.T).sum(-1, keepdim=True) * x",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.close()",
    "warmed = torch.nn.Parameter(torch.zeros(1))\nwarmed.grad = torch.ones(1)\ntorch.optim.Adam([warmed]).step()",
    "%time 1",
)


def confine(limits: Limits) -> None:
    """Sets the limits that the kernel itself enforces, for this process and everything it starts."""
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + limits.memory, mapped + limits.memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # A backstop for when nobody is left to kill this process: the grader's own clock is stricter.
    seconds = int(limits.total_seconds + limits.grace_seconds) * (os.cpu_count() or 1) + 10
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))


def prepare(directory: Path) -> None:
    """Makes the shell that forked processes will use, and has it do once what takes longer the first time.

    Called by the fork server. None of it starts a thread; `directory` is for IPython's own files.
    """
    CapturingShell.clear_instance()
    shell = CapturingShell.instance(ipython_dir=str(directory))
    for source in WARM_UP:
        outcome, error = shell.run(source)
        if error is not None:
            raise RuntimeError(outcome.error)
    call = Call((np.ones((2, 3), np.float32),), cotangent=np.ones((2, 3), np.float32), count_operations=True)
    given = InProcess(shell.user_ns).answer("warm_up", call, ("torch.nn.functional.softmax",))
    if given.error:
        raise RuntimeError(given.error)
    shell.reset(new_session=True)
    shell.execution_count = 1
    FOR_STUDENTS.update(second_copy.make(["classroom.check"]))


def become(descriptor: int, directory: Path, home: Path, limits: Limits) -> None:
    """Makes this freshly forked process a student's, serving the socket `descriptor`; returns when it is closed."""
    os.closerange(3, descriptor)
    os.closerange(descriptor + 1, MAX_DESCRIPTOR)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    os.close(nothing)
    os.environ["HOME"] = os.environ["TMPDIR"] = str(home)
    with socket.socket(fileno=descriptor) as connection:
        try:
            confine(limits)
            serve(connection, directory, home, limits.figures)
        except Exception:  # ours, or one that the student's code planted: either way the grader should read it
            wire.send(connection, {"failed": traceback.format_exc()[-2000:]})


def serve(connection: socket.socket, directory: Path, home: Path, figures: bool = True) -> None:
    """Answers the grader's messages, in the directory that holds the notebook's files, until it hangs up."""
    os.chdir(directory)
    sys.path.insert(0, str(directory))  # modules that were submitted beside the notebook
    shell = CapturingShell.instance(ipython_dir=str(home / ".ipython"))  # the fork server's, where it made one
    shell.display_formatter.draw_figures = figures
    student, rooms = InProcess(shell.user_ns), Rooms()
    switch_off_compiling()
    if FOR_STUDENTS:
        second_copy.give(FOR_STUDENTS)
    wire.send(connection, {"ready": True})
    while True:
        try:
            message = wire.receive(connection)
        except wire.WireError:
            return
        match message["do"]:
            case "write":
                reply = write(directory, message["files"])
            case "take":
                reply = rooms.take(message["cells"], message["files"])
            case "attest":
                reply = rooms.attest(message)
            case "run":
                reply = run(shell, message["source"])
            case _:
                reply = answer(student, message)
        try:
            wire.send(connection, reply)
        except (OSError, TypeError, ValueError) as error:
            wire.send(connection, {"unsendable": f"{type(error).__name__}: {error}"[:500]})


def write(directory: Path, files: Sequence[tuple[str, np.ndarray]]) -> dict[str, Any]:
    """Writes the files that belong beside the notebook, each a relative path and bytes."""
    try:
        for name, content in files:
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.tobytes())
    except OSError as error:
        return {"written": False, "error": error.strerror or str(error)}
    return {"written": True}


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
