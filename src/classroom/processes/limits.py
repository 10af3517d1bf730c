"""What one submission may use. No torch here: the command line reads its defaults from this module."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What one submission may use; times in seconds, memory and files in bytes."""

    cell_seconds: float = 30.0  # one cell, before it is interrupted
    call_seconds: float = 10.0  # one call by the examiner, before it is interrupted
    total_seconds: float = 120.0  # everything together, before the process is killed
    grace_seconds: float = 2.0  # from an interrupt to the kill
    memory: int = 4 * 2**30  # beyond what torch itself maps; of a sandbox, all its processes together
    output: int = 16 * 2**20  # what the cells of a notebook show, all together, in characters
    figures: bool = True  # whether matplotlib's figures are drawn, or only named
    # What only a sandbox limits: outside one, a student's other programs would count too.
    processor_seconds: float = 180.0  # of all processes together
    processes: int = 128  # and threads
    # By one process. Of open files on their way between processes the kernel counts all of a user's together, and the
    # instructor, with a limit of 1024 as a rule, may be the same user.
    open_files: int = 512
    disk: int = 256 * 2**20  # everything that is written, in memory
