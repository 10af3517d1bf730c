"""A `Student` in a process of its own: the grader sends cells and calls, and waits no longer than the limits."""

import os
import select
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from classroom.processes import wire
from classroom.processes.launcher import Launcher
from classroom.processes.limits import Limits
from classroom.student_code.student import Answer, Call, CellOutcome, Student, StudentLost

BOUNDS = {"answer": wire.ANSWER, "attest": wire.ANSWERS}  # by what was asked; of all else, those of a cell
LAST_WORDS = 0.5  # seconds to learn how a process ended, after its socket closed
# What Linux and the sandbox send of their own accord; any other signal could be chosen by the code, as a number.
TOLD_SIGNALS = (signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS)


class ProcessStudent(Student):
    """Runs one submission in a process that `launcher` starts; `directory` as in `Launcher.launch`.

    `files` are written there first: the bytes of what belongs beside the notebook, by relative path.

    `incidents` lists what was survived (a cell stopped for its time, memory that ran out): outcome and sentence.
    """

    def __init__(
        self,
        launcher: Launcher,
        limits: Limits,
        files: Mapping[str, bytes] | None = None,
        directory: Path | None = None,
    ):
        self.limits = limits
        self.incidents: list[tuple[str, str]] = []
        self._launcher = launcher
        self._stopped: dict[str, Answer] = {}  # targets that ran too long, and are not called again
        self._lost: StudentLost | None = None
        self._expired = False
        self._closed = False
        self._shown = 0  # characters of outputs so far
        self._process = launcher.launch(limits, directory)
        self._clock = threading.Timer(limits.total_seconds, self._expire)
        self._clock.daemon = True
        self._clock.start()
        started = self._receive(wire.CELL)
        if started != {"ready": True}:
            self._lose("crashed", f"The notebook's process could not start: {started}")
        if files:
            self._write(files)

    def run_cell(self, source: str) -> CellOutcome:
        """See `Student.run_cell`. A cell that runs too long is interrupted, and the next ones can still run."""
        seconds = self.limits.cell_seconds
        what = f"The cell that begins with `{_first_line(source)}` ran longer than {seconds:g} s"
        reply, in_time = self._ask({"do": "run", "source": source}, seconds, what)
        if not in_time:
            self.incidents.append(("timeout", f"{what} and was interrupted."))
        if isinstance(reply, dict) and reply.get("memory"):
            self._note_memory()
        try:
            return self._bounded(cell_outcome(reply))
        except wire.WireError as error:
            self._lose("crashed", f"The notebook's process sent {error}.")

    def answer(self, target: str, call: Call, forbidden: Sequence[str] = ()) -> Answer:
        """See `Student.answer`. After one call that ran too long, the target is not called again."""
        if target in self._stopped:
            return self._stopped[target]
        seconds = self.limits.call_seconds
        message = {"do": "answer", "target": target, "call": wire.call_to_body(call), "forbidden": list(forbidden)}
        reply, in_time = self._ask(message, seconds, f"`{target}` ran longer than {seconds:g} s")
        if not in_time:
            sentence = f"`{target}` ran longer than {seconds:g} s and was stopped."
            self.incidents.append(("timeout", sentence))
            self._stopped[target] = Answer(error=f"{sentence} Is there a loop that never ends?")
            return self._stopped[target]
        if not isinstance(reply, dict) or "answer" not in reply:
            return Answer(error=f"`{target}` returned something that could not be passed on.")
        if reply.get("memory"):
            self._note_memory()
        try:
            return wire.answer_from_body(reply["answer"])
        except wire.WireError as error:
            self._lose("crashed", f"The notebook's process sent {error}.")

    def attest(
        self,
        cells: Sequence[tuple[str, str]],
        files: Mapping[str, str],
        target: str,
        calls: Sequence[Call],
        forbidden: Sequence[str],
    ) -> Any:
        """In a process that has run nothing else: takes these cells and files, then judges `target` in a clean room.

        Raises:
            StudentLost: as `answer`.
        """
        self._ask({"do": "take", "cells": cells, "files": files}, self.limits.cell_seconds, "Reading the code")
        seconds = self.limits.call_seconds
        bodies = [wire.call_to_body(call) for call in calls]
        message = {"do": "attest", "target": target, "calls": bodies, "forbidden": forbidden, "seconds": seconds}
        reply, _ = self._ask(message, seconds + self.limits.grace_seconds, f"`{target}` in the clean room")
        return reply

    def close(self) -> None:
        """See `Student.close`."""
        if self._closed:
            return
        self._closed = True
        self._clock.cancel()
        self._launcher.forget(self._process)

    def _write(self, files: Mapping[str, bytes]) -> None:
        content = [[name, np.frombuffer(data, np.uint8)] for name, data in files.items()]
        reply, in_time = self._ask({"do": "write", "files": content}, self.limits.cell_seconds, "Copying the files")
        if not in_time or reply != {"written": True}:
            why = reply.get("error") if isinstance(reply, dict) else None
            self._lose("crashed", f"The files beside the notebook could not be copied ({why or 'it took too long'}).")

    def _bounded(self, outcome: CellOutcome) -> CellOutcome:
        self._shown += sum(len(repr(output)) for output in outcome.outputs)
        if self._shown <= self.limits.output:
            return outcome
        text = f"Left out: the notebook shows more than {self.limits.output / 2**20:g} MiB.\n"
        return CellOutcome(({"output_type": "stream", "name": "stdout", "text": text},), outcome.error)

    def _too_much_memory(self) -> str:
        return f"The notebook needed more than the {self.limits.memory / 2**30:g} GiB of memory that it may use."

    def _note_memory(self) -> None:
        self.incidents.append(("memory", self._too_much_memory()))

    def _expire(self) -> None:
        self._expired = True
        self._launcher.kill(self._process)

    def _ask(self, message: dict[str, Any], seconds: float, what: str) -> tuple[Any, bool]:
        if self._lost:
            raise self._lost
        try:
            wire.send(self._process.connection, message)
        except OSError:
            self._lose_to_end()
        in_time = self._comes_within(seconds)
        if not in_time:
            self._launcher.interrupt(self._process)
            if not self._comes_within(self.limits.grace_seconds):
                self._lose("timeout", f"{what} and could not be interrupted.")
        return self._receive(BOUNDS.get(message["do"], wire.CELL)), in_time

    def _comes_within(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._process.connection], [], [], seconds)
        return bool(ready)

    def _receive(self, bounds: wire.Bounds) -> Any:
        try:
            return wire.receive(self._process.connection, bounds)
        except wire.WireError as error:
            self._lose_to_end(f"The notebook's process sent {error}.")

    def _lose_to_end(self, otherwise: str = "The notebook's process hung up.") -> NoReturn:
        """The connection is of no more use: find out why."""
        if self._expired:
            self._lose("timeout", f"The notebook ran longer than the {self.limits.total_seconds:g} s that it may take.")
        deadline = time.monotonic() + LAST_WORDS
        while (ending := self._launcher.ended(self._process)) is None and time.monotonic() < deadline:
            time.sleep(0.01)
        if ending is None:
            self._lose("crashed", otherwise)
        if ending.exceeded == "memory":
            self._lose("memory", self._too_much_memory())
        if ending.exceeded == "processor":
            self._lose("timeout", "The notebook used more processor time than it may.")
        status = ending.status
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            if number == signal.SIGXCPU:
                self._lose("timeout", "The notebook used more processor time than it may.")
            by = f" by {signal.Signals(number).name}" if number in TOLD_SIGNALS else ""
            self._lose("crashed", f"The notebook's process was killed{by}.")
        # The code chooses its exit status, and could say a number of a hidden case with it.
        self._lose("crashed", "The notebook's code ended its process.")

    def _lose(self, outcome: str, reason: str) -> NoReturn:
        self._lost = StudentLost(outcome, reason)
        self.close()
        raise self._lost


def _first_line(source: str) -> str:
    line = next((line.strip() for line in source.splitlines() if line.strip()), "")
    return line if len(line) <= 60 else f"{line[:60]}…"


def cell_outcome(reply: Any) -> CellOutcome:
    """The cell's outcome that a student's process describes, checked for what nbformat allows.

    Raises:
        wire.WireError: it is not one.
    """
    match reply:
        case {"outputs": list() as outputs, "error": None | str() as error} if all(map(_is_output, outputs)):
            return CellOutcome(tuple(outputs), error)
    raise wire.WireError("a cell's outcome that is not one")


def _is_output(output: Any) -> bool:
    match output:
        case {"output_type": "stream", "name": "stdout" | "stderr", "text": str(), **rest}:
            return not rest
        case {"output_type": "error", "ename": str(), "evalue": str(), "traceback": list() as lines, **rest}:
            return not rest and all(isinstance(line, str) for line in lines)
        case {"output_type": "display_data", "data": dict() as data, "metadata": dict(), **rest}:
            return not rest and _is_bundle(data)
        case {
            "output_type": "execute_result",
            "data": dict() as data,
            "metadata": dict(),
            "execution_count": int(),
            **rest,
        }:
            return not rest and _is_bundle(data)
    return False


def _is_bundle(data: dict[str, Any]) -> bool:
    return all(isinstance(value, str) or mime.endswith("json") for mime, value in data.items())
