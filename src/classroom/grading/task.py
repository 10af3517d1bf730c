"""What is sent to whoever judges. No nbgrader here: a process that judges does without, and starts sooner."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from classroom.processes.limits import Limits
from classroom.questions.drawn import DrawnQuestion
from classroom.submissions.official import OfficialCell


@dataclass(frozen=True)
class Task:
    """What judging a submission needs to know: plain data, which can be sent to another process or machine."""

    assignment: str
    official: Mapping[str, Sequence[OfficialCell]]  # by notebook
    questions: Mapping[str, DrawnQuestion]
    files: Mapping[str, bytes]  # what belongs beside the notebooks; a student's file of the same name does not count
    limits: Limits
