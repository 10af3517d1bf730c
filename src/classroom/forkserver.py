"""The process that imports torch once and forks a clean process for every submission.

Run as `python -m classroom.forkserver FD`, where FD is one end of a Unix socket. One request at a time, one line
of JSON each:

    {"launch": directory, "home": directory, "limits": {…}}, a socket attached → {"pid": …}, which serves the socket
    {"status": pid, "wait": bool} → {"status": …}: how it ended (as `waitpid` says), null while it runs

Forking is safe only while there is a single thread, so the BLAS libraries are told to start none, and nothing here
computes. The environment that students' code sees is the one this process was started with.
"""

import gc
import importlib
import json
import os
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

REQUEST = 65536  # bytes; a path and a few numbers
# What notebooks import, and what torch imports for its first gradient.
PRELOADED = (
    *("torch", "numpy", "einops", "jaxtyping", "matplotlib.pyplot", "classroom.check", "classroom.worker"),
    "torch.fx.experimental.symbolic_shapes",
)


def main(descriptor: int) -> None:
    """Serves until the grader closes its end."""
    preload()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the grader's to handle
    with socket.socket(fileno=descriptor) as grader:
        grader.sendall(b'{"ready": true}\n')
        while True:
            content, attached, _, _ = socket.recv_fds(grader, REQUEST, 1)
            if not content:
                return
            request = json.loads(content)
            if "launch" in request:
                reply = {"pid": launch(grader, attached[0], request)}
            else:
                reply = {"status": status(request["status"], request["wait"])}
            grader.sendall(json.dumps(reply).encode() + b"\n")


def preload() -> None:
    """Imports what notebooks import, so that no submission pays for it."""
    for name in PRELOADED:
        importlib.import_module(name)
    importlib.import_module("torch").set_num_threads(1)
    gc.collect()
    gc.freeze()  # collections in the children leave the shared pages alone


def launch(grader: socket.socket, descriptor: int, request: dict[str, Any]) -> int:
    """Forks a student's process that serves `descriptor`; its process id."""
    pid = os.fork()
    if pid == 0:
        _become_student(grader, descriptor, request)
    os.close(descriptor)
    return pid


def _become_student(grader: socket.socket, descriptor: int, request: dict[str, Any]) -> NoReturn:
    from classroom.limits import Limits
    from classroom.wire import send
    from classroom.worker import confine, serve

    try:
        os.setsid()
        grader.close()
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        os.environ["HOME"] = os.environ["TMPDIR"] = request["home"]
        confine(Limits(**request["limits"]))
        with socket.socket(fileno=descriptor) as connection:
            try:
                serve(connection, Path(request["launch"]), Path(request["home"]))
            except Exception:  # ours, or one that the student's code planted: either way the grader should read it
                send(connection, {"failed": traceback.format_exc()[-2000:]})
    finally:
        os._exit(0)


def status(pid: int, wait: bool) -> int | None:
    """How a student's process ended, as `waitpid` says; None while it runs or if it is not ours."""
    try:
        if wait:
            return os.waitpid(pid, 0)[1]
        # Left unreaped, so that its id is not given to another process before its group is killed.
        seen = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return None
    if seen is None:
        return None
    return seen.si_status << 8 if seen.si_code == os.CLD_EXITED else seen.si_status


if __name__ == "__main__":
    main(int(sys.argv[1]))
