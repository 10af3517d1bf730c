"""An instructor's course: a standard nbgrader directory outside the repository, with a gradebook."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry, Notebook
from nbgrader.converters import GenerateAssignment
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.exc import SQLAlchemyError
from traitlets.config import Config, PyFileConfigLoader

from classroom.authoring.release import STUB, authored_files
from classroom.errors import ClassroomError
from classroom.grading.autograde import LOG, said_by_nbgrader
from classroom.questions.assignment import Assignment, pick_name
from classroom.submissions.official import OfficialCell

CONFIG = "nbgrader_config.py"
CONFIG_TEXT = f'''"""nbgrader's settings for this course. Written once by `course init`; yours to edit."""

from pathlib import Path

from classroom.grading.feedback import FEEDBACK

c = get_config()  # noqa: F821 (nbgrader defines it)
c.CourseDirectory.root = str(Path(__file__).resolve().parent)
c.CourseDirectory.course_id = "attention-is-all-you-build"
# What students find where a solution was; `course release` writes the same.
c.ClearSolutions.code_stub = {{
    "python": {STUB!r}
}}
# Students' own cells could print hidden inputs: feedback shows verdicts, code and comments.
c.GenerateFeedback.preprocessors = FEEDBACK
# Late work. nbgrader counts from the due date, which this sets (or set it in formgrader, under Edit):
#   nbgrader db assignment add ASSIGNMENT --duedate "2026-11-30 23:59 Europe/Berlin"
# Take away the # below for a penalty of 10 % for every day begun, 50 % at most, with 15 minutes of grace. After a
# change, here or of the date, run `course extend --again --course DIR`.
# from classroom.late import LatePenalty
# c.AssignLatePenalties.plugin_class = LatePenalty
# c.LatePenalty.grace_minutes = 15
# c.LatePenalty.percent_per_day = 10
# c.LatePenalty.at_most_percent = 50
# Or some days for the whole term that cost nothing, for everybody; it takes what is set for LatePenalty, too:
# from classroom.late import LateDays
# c.AssignLatePenalties.plugin_class = LateDays
# c.LateDays.days_in_a_term = 5
# c.LateDays.days_in_one_assignment = 2
'''


@dataclass(frozen=True)
class Course:
    """A course directory that exists."""

    root: Path

    @property
    def config(self) -> Config:
        """Its nbgrader settings, with the root that it was opened at."""
        config = PyFileConfigLoader(CONFIG, path=str(self.root)).load_config()
        config.CourseDirectory.root = str(self.root)
        return config

    def directory(self, **selected: str) -> CourseDirectory:
        """nbgrader's view of it; `assignment_id` and `student_id` select."""
        return CourseDirectory(config=self.config, log=LOG, **selected)

    def gradebook(self) -> Gradebook:
        """Its gradebook, to be used in a `with` statement.

        Raises:
            ClassroomError: it cannot be opened.
        """
        directory = self.directory()
        try:
            return Gradebook(directory.db_url, directory.course_id)
        except SQLAlchemyError as error:
            said = str(getattr(error, "orig", error)).splitlines()[0]
            raise ClassroomError(
                f"the gradebook of {self.root} cannot be opened ({said}); "
                "try again, or put a copy of gradebook.db that works in its place"
            ) from error

    def pick_assignment(self, part: str) -> str:
        """The assignment of this course that any unambiguous part of its name means.

        Raises:
            ClassroomError: none or several match; the message lists the choices.
        """
        with self.gradebook() as gradebook:
            return pick_name(part, sorted(a.name for a in gradebook.assignments), "assignment in this course")

    def official(self, assignment: str) -> dict[str, list[OfficialCell]]:
        """The official cells of every notebook of an assignment, by notebook."""
        with self.gradebook() as gradebook:
            return {n.name: _official(n) for n in gradebook.find_assignment(assignment).notebooks}

    def students(self, assignment: str) -> list[str]:
        """Everybody in the gradebook, and everybody who submitted."""
        with self.gradebook() as gradebook:
            known = {student.id for student in gradebook.students}
        submitted = (path.parent.name for path in self.root.glob(f"submitted/*/{assignment}") if path.is_dir())
        return sorted(known | set(submitted))


def open_course(root: Path) -> Course:
    """The course in a directory.

    Raises:
        ClassroomError: there is none.
    """
    root = root.resolve()
    if not (root / CONFIG).is_file():
        raise ClassroomError(
            f"{root} is not a course directory: it has no {CONFIG}; make one with `course init {root}`"
        )
    return Course(root)


def init_course(root: Path, assignments: Sequence[Assignment]) -> tuple[list[str], list[str]]:
    """Makes a course directory, or adds to one the assignments that it lacks. Overwrites nothing.

    Gives what it did, and what an instructor should look at.

    Raises:
        ClassroomError: the directory holds something else, or lies in a Git repository.
    """
    root = root.resolve()
    if not (root / CONFIG).exists():
        _check_place(root)
        root.mkdir(parents=True, exist_ok=True, mode=0o700)  # students' work and grades are nobody else's business
        (root / CONFIG).write_text(CONFIG_TEXT, encoding="utf-8")
    for name in ("source", "submitted"):
        (root / name).mkdir(exist_ok=True)
    course = Course(root)
    done, noted = [], []
    for assignment in assignments:
        files = authored_files(assignment)
        if _is_known(course, assignment.name):
            done.append(f"{assignment.name}: already there, left as it is")
            changed = [n for n, content in files.items() if not _holds(root / "source" / assignment.name / n, content)]
            if changed:
                noted.append(
                    f"{assignment.name}: {', '.join(changed)} in source/ differ from solutions/; to take the new "
                    f"version over, delete {root / 'source' / assignment.name} and run `course init` again"
                )
            continue
        _add(course, assignment.name, files)
        done.append(f"{assignment.name}: added")
    return done, noted


def _official(notebook: Notebook) -> list[OfficialCell]:
    points = {cell.name: cell.max_score for cell in notebook.grade_cells}
    solutions = {cell.name for cell in notebook.solution_cells}
    return [
        OfficialCell(c.name, c.source, c.cell_type, points.get(c.name), c.name in solutions)
        for c in notebook.source_cells
    ]


def _check_place(root: Path) -> None:
    if root.is_file():
        raise ClassroomError(f"{root} is a file; name a directory for the course")
    if root.is_dir() and any(root.iterdir()):
        raise ClassroomError(
            f"{root} is not empty and not a course directory; nothing was written; name a new or empty directory"
        )
    for parent in (root, *root.parents):
        if (parent / ".git").exists():
            raise ClassroomError(
                f"{root} is inside the Git repository {parent}; students' work must never enter it, "
                "so name a directory outside"
            )


def _is_known(course: Course, name: str) -> bool:
    if not (course.root / "source" / name).is_dir():
        return False
    with course.gradebook() as gradebook:
        try:
            gradebook.find_assignment(name)
        except MissingEntry:
            return False
    return True


def _holds(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content


def _add(course: Course, name: str, files: dict[str, bytes]) -> None:
    source = course.root / "source" / name
    source.mkdir(parents=True, exist_ok=True)
    for file, content in files.items():
        if (source / file).exists() and not _holds(source / file, content):
            raise ClassroomError(f"{source / file} exists and differs from solutions/; move it away, then try again")
        (source / file).write_bytes(content)
    converter = GenerateAssignment(coursedir=course.directory(assignment_id=name), config=course.config, log=LOG)
    converter.force = True  # `release/` holds nothing but what is generated from `source/`
    with said_by_nbgrader() as said:
        try:
            converter.start()
        except (NbGraderException, SystemExit) as error:
            raise ClassroomError(f"nbgrader could not generate {name}: {' '.join(said) or error}") from error
