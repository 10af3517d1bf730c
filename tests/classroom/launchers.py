"""Launchers that fail: made by name in judging processes, which find this module on their path."""

import os
from pathlib import Path

from classroom.processes.launcher import ForkServer


class Deadly(ForkServer):
    """Ends the judging process whenever it is made."""

    def __init__(self) -> None:
        os._exit(9)


class DeadlyOnce(ForkServer):
    """Ends the judging process the first time; a file says that it has."""

    def __init__(self) -> None:
        mark = Path(os.environ["DEADLY_ONCE"])
        if not mark.exists():
            mark.touch()
            os._exit(9)
        super().__init__()
