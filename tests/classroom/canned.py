"""A grading run that judges nothing: `python canned.py COURSE CANNED` writes reports that were made before.

What can go wrong while a run writes can be tried many times in this way, without starting a student's process.
"""

import pickle
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from classroom.errors import ClassroomError
from classroom.grading.course_dir import open_course
from classroom.grading.course_lock import only_run
from classroom.grading.executor import Executor
from classroom.grading.grade import grade
from classroom.grading.outcome import NotebookReport
from classroom.grading.run import Run
from classroom.grading.task import Task
from classroom.submissions.submitted import Submitted


class Canned(Executor):
    """Gives each student the reports that were made for them."""

    def __init__(self, made: dict[str, list[NotebookReport]]):
        self._made = made

    def judge(self, task: Task, submissions: Iterable[Submitted]) -> Iterator[list[NotebookReport]]:
        """See `Executor.judge`."""
        for submitted in submissions:
            yield self._made[submitted.student]

    def close(self) -> None:
        """Nothing to end."""


def main(root: Path, canned: Path) -> int:
    """Runs it; the exit status, and the sentence where it is 2, are those of `course grade`."""
    run: Run
    run, made = pickle.loads(canned.read_bytes())
    run = replace(run, course=open_course(root))
    try:
        with only_run(run.course.root):
            grade(run, sorted(made), Canned(made))
    except ClassroomError as error:
        print(f"course: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
