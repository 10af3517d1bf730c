"""The process that makes clean rooms: it holds one notebook's code, runs none of it, and forks for every question."""

import os
import select
import signal
import socket
from contextlib import suppress
from typing import Any

from classroom.clean_room.needed import Sources, statements
from classroom.clean_room.room import Attested, attest
from classroom.processes import wire

DIED = "The process ended before it had answered."
LATE = "It ran too long."


class Rooms:
    """Answers the examiner's messages about one notebook."""

    def __init__(self) -> None:
        self._sources = Sources(())

    def take(self, cells: list[list[str]], files: dict[str, str]) -> dict[str, Any]:
        """The notebook's code up to the check that is next; cells and files that were taken before stay."""
        self._sources = Sources([*self._sources.cells, *map(tuple, cells)], {**self._sources.files, **files})
        for number, (where, code) in enumerate(self._sources.cells):  # read once, for all rooms
            for _ in statements(code, where, number, self._sources):
                pass
        return {"taken": True}

    def attest(self, message: dict[str, Any]) -> dict[str, Any]:
        """What a fresh process says of a target, within `seconds`."""
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            try:
                ours.close()
                _inside(self._sources, message, theirs)
            finally:
                os._exit(0)
        theirs.close()
        with ours:
            try:
                return self._reply(ours, message["seconds"])
            finally:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)

    @staticmethod
    def _reply(connection: socket.socket, seconds: float) -> dict[str, Any]:
        ready, _, _ = select.select([connection], [], [], seconds)
        if not ready:
            return {"lost": LATE}
        connection.settimeout(seconds)
        try:
            return wire.receive(connection, wire.ANSWERS)
        except (wire.WireError, OSError):
            return {"lost": DIED}


def _inside(sources: Sources, message: dict[str, Any], connection: socket.socket) -> None:
    calls = [wire.call_from_body(body) for body in message["calls"]]
    try:
        said = attest(sources, message["target"], calls, message["forbidden"])
    except Exception:  # ours, or the code's in a place where nobody expects one
        said = Attested(outside="something that the clean room cannot run")
    wire.send(connection, {"outside": said.outside, "answers": [wire.answer_to_body(a) for a in said.answers]})
