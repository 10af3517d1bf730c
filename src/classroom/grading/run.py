"""What is the same for every submission of a grading run: the course, the official cells, the hidden cases."""

import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path

from classroom.errors import ClassroomError
from classroom.grading import records
from classroom.grading.course_dir import Course
from classroom.grading.task import Task
from classroom.processes.limits import Limits
from classroom.questions.assignment import Assignment
from classroom.questions.cases import to_bytes
from classroom.questions.drawing import materialise


@dataclass(frozen=True)
class Run:
    """One grading run of an assignment, for whoever reads submissions and writes grades."""

    course: Course
    task: Task
    seed: int

    @property
    def assignment(self) -> str:
        """Its name."""
        return self.task.assignment

    def submitted(self, student: str) -> Path:
        """Where a student's files for this assignment are."""
        return self.course.root / "submitted" / student / self.assignment

    @property
    def digest(self) -> str:
        """Changes when the questions, their hidden cases or the official cells do."""
        task = self.task
        content = to_bytes(list(task.questions.values())) + repr(sorted(task.official.items())).encode()
        return hashlib.sha256(content).hexdigest()


def prepare(
    course: Course, assignment: Assignment, seed: int | None, limits: Limits, remember_seed: bool = True
) -> Run:
    """Draws the hidden cases and reads the official cells.

    The seed is the one given, else the one that this assignment was graded with before, else a random one; it is
    recorded (unless nothing may be written), so that everybody in a course meets the same cases.

    Raises:
        ClassroomError: the gradebook and `questions.py` do not ask the same questions.
    """
    official = course.official(assignment.name)
    graded = [cell for cells in official.values() for cell in cells if cell.points is not None]
    asked = {cell.grade_id: cell.points for cell in graded}
    written = {question.id: question for question in assignment.asked}
    for question_id, points in asked.items():
        now = f"{written[question_id].points:g} points" if question_id in written else "no such question"
        if now != f"{points:g} points":
            raise ClassroomError(
                f"the gradebook's check cell {question_id!r} has {points:g} points, and {assignment.directory} has "
                f"{now}: use the version of solutions/ that this course was made from, or, to take the new one over, "
                f"delete {course.root / 'source' / assignment.name} and run `course init {course.root}` again"
            )
    seed = records.seed(course.root, assignment.name) if seed is None else seed
    seed = secrets.randbelow(2**32) if seed is None else seed
    if remember_seed:
        records.write_seed(course.root, assignment.name, seed)
    questions = {cell.grade_id: materialise(written[cell.grade_id], seed) for cell in graded if cell.checked}
    return Run(course, Task(assignment.name, official, questions, _released_files(course, assignment), limits), seed)


def _released_files(course: Course, assignment: Assignment) -> dict[str, bytes]:
    found = sorted((course.root / "release" / assignment.name).glob("*"))
    return {path.name: path.read_bytes() for path in found if path.is_file() and path.suffix != ".ipynb"}
