"""Assignments: the directories of `solutions/`, named by a number and a topic, with the questions that they pose."""

import importlib.util
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from classroom.errors import ClassroomError
from classroom.questions.question import Question
from classroom.questions.written import WrittenQuestion

Asked = Question | WrittenQuestion

NAME = re.compile(r"\d\d-[a-z0-9]+(-[a-z0-9]+)*")
QUESTION_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
# Cell ids and nbgrader's grade ids hold 64 characters; the answer cell's adds "-answer" to the question's.
LONGEST_QUESTION_ID = 64 - len("-answer")


@dataclass(frozen=True)
class Assignment:
    """One assignment as its instructor writes it: notebooks in py:percent, and `questions.py` beside them."""

    directory: Path

    @property
    def name(self) -> str:
        """Number and topic: `02-self-attention`."""
        return self.directory.name

    @property
    def notebooks(self) -> tuple[Path, ...]:
        """The sources of its notebooks: every Python file here that has py:percent cells.

        Raises:
            ClassroomError: there is none.
        """
        sources = sorted(self.directory.glob("*.py"))
        found = tuple(path for path in sources if "\n# %%" in "\n" + path.read_text(encoding="utf-8"))
        if not found:
            raise ClassroomError(
                f"{self.directory} has no notebook: write one as a Python file with `# %%` cells (py:percent)"
            )
        return found

    @property
    def asked(self) -> tuple[Asked, ...]:
        """What `questions.py` exports as QUESTIONS, in its order; it may also be a package, `questions/`.

        Raises:
            ClassroomError: the file is missing, fails to import, or exports something else.
        """
        return load_questions(questions_file(self.directory))

    @property
    def questions(self) -> tuple[Question, ...]:
        """The questions that are checked by calling the student's code; raises as `asked` does."""
        return tuple(question for question in self.asked if isinstance(question, Question))

    @property
    def written(self) -> tuple[WrittenQuestion, ...]:
        """The questions that a person grades by their rubric; raises as `asked` does."""
        return tuple(question for question in self.asked if isinstance(question, WrittenQuestion))


@cache
def load_questions(path: Path) -> tuple[Asked, ...]:
    """Imports a `questions.py` by its path, once in a process, under a name of its own.

    Raises:
        ClassroomError: it is missing, fails to import, or QUESTIONS is not what it should be.
    """
    if not path.is_file():
        raise ClassroomError(f"{path} is missing: an assignment defines its questions there, as QUESTIONS")
    home = path.parent.parent if path.name == "__init__.py" else path.parent
    name = "classroom_questions_" + re.sub(r"\W", "_", home.name)
    # As a package, so that its modules can import each other: `from .references import …`.
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=[str(path.parent)])
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise ClassroomError(f"{path} cannot be imported: {type(error).__name__}: {error}") from error
    questions = getattr(module, "QUESTIONS", None)
    if not isinstance(questions, Sequence) or not all(isinstance(q, Asked) for q in questions):
        raise ClassroomError(
            f"{path} must export QUESTIONS, a tuple of classroom.questions.question.Question "
            "(or classroom.questions.written.WrittenQuestion)"
        )
    _check(tuple(questions), path)
    return tuple(questions)


def _check(questions: tuple[Asked, ...], path: Path) -> None:
    ids = [question.id for question in questions]
    targets = [question.target for question in questions if isinstance(question, Question)]
    for question in questions:
        if not QUESTION_ID.fullmatch(question.id) or len(question.id) > LONGEST_QUESTION_ID:
            raise ClassroomError(
                f"{path}: the question id {question.id!r} must be lower-case words joined by hyphens, "
                f"{LONGEST_QUESTION_ID} characters at most"
            )
        if ids.count(question.id) > 1:
            raise ClassroomError(f"{path}: two questions have the id {question.id!r}; give each its own")
        if isinstance(question, Question) and targets.count(question.target) > 1:
            raise ClassroomError(
                f"{path}: two questions grade {question.target!r}; a notebook defines it only once, "
                "so give each question its own target"
            )
        if not question.points > 0:
            raise ClassroomError(f"{path}: question {question.id!r} must be worth more than 0 points")


def find_solutions(start: Path | None = None) -> Path:
    """The `solutions` directory: of the working directory or one above it, else of the installed checkout.

    Raises:
        ClassroomError: there is none.
    """
    start = (start or Path.cwd()).resolve()
    for parent in (start, *start.parents, Path(__file__).resolve().parents[3]):
        if any(is_assignment(child) for child in (parent / "solutions").glob("*")):
            return parent / "solutions"
    raise ClassroomError(
        f"no solutions/ with assignments in {start} or above it: run this in a checkout of the course, "
        "or say where they are with --solutions"
    )


def is_assignment(directory: Path) -> bool:
    """Whether a directory is an assignment: its name is a number and a topic, and it has questions."""
    return bool(NAME.fullmatch(directory.name)) and questions_file(directory).is_file()


def questions_file(directory: Path) -> Path:
    """Where an assignment's questions are: `questions/__init__.py` if there is one, else `questions.py`."""
    package = directory / "questions" / "__init__.py"
    return package if package.is_file() else directory / "questions.py"


def all_assignments(solutions: Path) -> list[Assignment]:
    """Every assignment of a `solutions` directory, in order.

    Raises:
        ClassroomError: there is none.
    """
    found = [Assignment(child) for child in sorted(solutions.glob("*")) if is_assignment(child)]
    if not found:
        raise ClassroomError(f"{solutions} has no assignment: each is a directory NN-topic with a questions.py")
    return found


def pick_name(part: str, names: Sequence[str], kind: str = "assignment") -> str:
    """The one name that `part` means: the name itself, or the only one that contains it.

    Raises:
        ClassroomError: none or several do; the message lists the choices.
    """
    part = part.rstrip("/")
    if part in names:
        return part
    found = [name for name in names if part and part in name]
    if len(found) == 1:
        return found[0]
    choices = ", ".join(found or names) or "none yet"
    if found:
        raise ClassroomError(f"{part!r} could be several {kind}s: {choices}; write more of the name")
    raise ClassroomError(f"there is no {kind} {part!r}; there are: {choices}")


def find_assignment(part: str, solutions: Path) -> Assignment:
    """The assignment that any unambiguous part of its name means.

    Raises:
        ClassroomError: none or several match; the message lists the choices.
    """
    return Assignment(solutions / pick_name(part, [a.name for a in all_assignments(solutions)]))
