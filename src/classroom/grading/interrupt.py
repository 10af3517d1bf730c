"""Ctrl-C that is not lost: Python cannot raise KeyboardInterrupt inside a destructor or some callbacks of libraries."""

import signal
import threading
from types import FrameType


class Interrupt:
    """While it is open, Ctrl-C raises KeyboardInterrupt as ever; where that was swallowed, the next `check` raises it.

    Only a process's main thread is told of Ctrl-C; in another thread this does nothing.
    """

    def __init__(self) -> None:
        self._asked = False

    def __enter__(self) -> "Interrupt":
        self._heard = threading.current_thread() is threading.main_thread()
        if self._heard:
            self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *exception: object) -> None:
        if self._heard:
            signal.signal(signal.SIGINT, self._before)

    def check(self) -> None:
        """Raises KeyboardInterrupt if Ctrl-C was pressed and nothing has come of it."""
        if self._asked:
            raise KeyboardInterrupt

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self._asked = True
        raise KeyboardInterrupt
