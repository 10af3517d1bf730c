"""The report as data: everything that the page, the summary and the JSON show, computed once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from sqlalchemy.exc import SQLAlchemyError

from classroom.class_report.attention import Notice, notices
from classroom.class_report.finals import Finals, read_finals
from classroom.class_report.item_analysis import (
    Bin,
    Correlation,
    Distribution,
    difficulty,
    discriminations,
    distribution,
    histogram,
)
from classroom.class_report.misconceptions import FailedCriterion, Finding, failed_criteria, findings, not_written
from classroom.class_report.similarity import Group
from classroom.class_report.standing import NO_RECORD, Standing, standings
from classroom.class_report.submitted_code import alike, not_compared, without_team_mates
from classroom.errors import ClassroomError
from classroom.grading.course_dir import Course
from classroom.students.details import read_details


@dataclass(frozen=True)
class QuestionFacts:
    """One question, and how the class did."""

    number: int  # in the notebook's order, from 1
    id: str
    title: str
    points: float
    earned: float | None  # share of the points
    correlation: Correlation | None
    not_written: int
    failed: tuple[FailedCriterion, ...]


@dataclass(frozen=True)
class ReturnedFeedback:
    """Where the feedback pages stand: of the graded notebooks how many have one, and have one that is older."""

    graded: int
    made: int
    outdated: int


@dataclass(frozen=True)
class ClassReport:
    """An assignment of a course at a glance."""

    course: Course
    assignment: str
    notebooks: tuple[str, ...]
    built: datetime
    max_score: float
    points: Mapping[str, float]
    standings: tuple[Standing, ...]
    distribution: Distribution | None
    histogram: tuple[Bin, ...]
    questions: tuple[QuestionFacts, ...]
    findings: tuple[Finding, ...]
    notices: tuple[Notice, ...]
    groups: tuple[Group, ...]
    feedback: ReturnedFeedback

    @property
    def judged(self) -> tuple[Standing, ...]:
        """Whom statistics count: those whose code could be judged."""
        return tuple(s for s in self.standings if s.judged)

    @property
    def unsandboxed(self) -> tuple[Standing, ...]:
        """Whose code ran without a sandbox."""
        return tuple(s for s in self.standings if s.sandboxed is False)

    @property
    def needs_attention(self) -> bool:
        """Whether somebody should look at something."""
        return bool(self.notices or self.groups or self.unsandboxed)


def build(
    course: Course, assignment: str, solutions: Path | None = None, against: Sequence[Course] = ()
) -> ClassReport:
    """Reads the records, the gradebook and the submitted code; `against` are courses to compare that with.

    Raises:
        ClassroomError: nothing of this assignment has been graded yet, or the gradebook cannot be read.
    """
    try:
        finals = read_finals(course, assignment)
    except SQLAlchemyError as error:
        said = str(getattr(error, "orig", error)).splitlines()[0]
        raise ClassroomError(f"the gradebook of {course.root} cannot be read ({said}); try again") from error
    everybody = standings(course, assignment, finals)
    if not any(s.reports or s.outcome == NO_RECORD for s in everybody):
        raise ClassroomError(
            f"{assignment} has no grades yet: run `course grade {assignment} --course {course.root}` first"
        )
    teams = {student: of.team for student, of in read_details(course).items()}
    compared = [s.person.id for s in everybody if s.judged]
    groups = alike(course, assignment, compared, solutions, against)
    groups = without_team_mates(groups, teams)
    feedback = _feedback(course, assignment, everybody)
    left_out = not_compared(course, assignment, compared)
    return assemble(course, assignment, finals, everybody, groups, feedback, left_out)


def assemble(
    course: Course,
    assignment: str,
    finals: Finals,
    everybody: Sequence[Standing],
    groups: Sequence[Group],
    feedback: ReturnedFeedback,
    left_out: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> ClassReport:
    """Computes what there is to say about them."""
    judged = [s for s in everybody if s.judged]
    scores = [s.score for s in judged]
    found = findings(everybody)
    return ClassReport(
        course=course,
        assignment=assignment,
        notebooks=finals.notebooks,
        built=datetime.now(UTC),
        max_score=finals.max_score,
        points=finals.points,
        standings=tuple(everybody),
        distribution=distribution(scores),
        histogram=tuple(histogram(scores, finals.max_score)),
        questions=_questions(finals.points, judged),
        findings=tuple(found),
        notices=tuple(notices(everybody, found, left_out)),
        groups=tuple(groups),
        feedback=feedback,
    )


def _questions(points: Mapping[str, float], judged: Sequence[Standing]) -> tuple[QuestionFacts, ...]:
    titles = {q["id"]: q["title"] for s in judged for r in s.reports for q in r["questions"]}
    items = {question: [s.questions.get(question, 0.0) for s in judged] for question in points}
    correlations = discriminations(items)
    failed, untouched = failed_criteria(judged), not_written(judged)
    return tuple(
        QuestionFacts(
            number=number,
            id=question,
            title=titles.get(question, question),
            points=worth,
            earned=difficulty(items[question], worth),
            correlation=correlations[question],
            not_written=untouched[question],
            failed=tuple(c for c in failed.get(question, ()) if c.failed),
        )
        for number, (question, worth) in enumerate(points.items(), start=1)
    )


def _feedback(course: Course, assignment: str, everybody: Sequence[Standing]) -> ReturnedFeedback:
    graded = made = outdated = 0
    for standing in everybody:
        student = standing.person.id
        for marked in (course.root / "autograded" / student / assignment).glob("*.ipynb"):
            graded += 1
            page = course.root / "feedback" / student / assignment / f"{marked.stem}.html"
            if page.is_file():
                made += 1
                outdated += page.stat().st_mtime < marked.stat().st_mtime
    return ReturnedFeedback(graded, made, outdated)
