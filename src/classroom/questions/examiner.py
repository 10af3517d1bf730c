"""The examiner: asks a student's code the question's calls, judges the answers, names the mistake."""

from collections.abc import Sequence

from classroom.questions.criteria import Cost, Permuted, ShapeAndDtype, Unchanged, Values
from classroom.questions.diagnosis import diagnose, explains_all
from classroom.questions.drawn import ORDINARY, DrawnQuestion
from classroom.questions.question import Case, Criterion
from classroom.questions.results import NOT_WRITTEN, CriterionResult, QuestionResult
from classroom.questions.wording import EXACT, Wording
from classroom.student_code.mistakes import is_not_written
from classroom.student_code.student import Answer, Student

# How the criteria's own sentences begin; an exception's name keeps its capital letter.
SENTENCE_STARTS = ("Your ", "The ", "No ", "Not ", "Only ", "In ", "Too ", "Reordering ")
NOT_YET = "Not counted yet: first the values have to be right in at least one ordinary case."
# Anything could satisfy these; they say something only of code that computes what was asked.
NEEDS_VALUES = (ShapeAndDtype, Unchanged, Permuted, Cost)
SOMETHING_ELSE = "That is not all: some answers differ for another reason as well."


def examine(question: DrawnQuestion, student: Student, wording: Wording = EXACT) -> QuestionResult:
    """Judges one question. The same for public and hidden cases, for any kind of student; the wording differs.

    Raises:
        StudentLost: the student's process timed out, ran out of memory or died.
    """
    actual = tuple(
        tuple(student.answer(question.target, call, question.forbidden) for call in case.calls)
        for case in question.cases
    )
    return judge(question, actual, wording)


def judge(question: DrawnQuestion, actual: Sequence[Sequence[Answer]], wording: Wording = EXACT) -> QuestionResult:
    """The verdict on answers that have arrived, by case and call."""
    total = sum(criterion.weight for criterion in question.criteria)
    messages = [_message(question, criterion, actual, wording) for criterion in question.criteria]
    if not shows_understanding(question, actual):
        messages = [
            message or (NOT_YET if isinstance(criterion, NEEDS_VALUES) else "")
            for criterion, message in zip(question.criteria, messages, strict=True)
        ]
    diagnosis = _diagnosis(question, actual, wording) if any(messages) else None
    if diagnosis and _raised_everywhere(actual):
        messages = [diagnosis for _ in messages]  # one reason for everything
    elif diagnosis:  # an error that only some cases meet is quoted once
        above = "your code raises the error named above."
        messages = [message.replace(diagnosis, above) for message in messages]
        messages = [above.capitalize() if message == above else message for message in messages]
    results = []
    for criterion, message in zip(question.criteria, messages, strict=True):
        worth = question.points * criterion.weight / total
        results.append(CriterionResult(criterion.name, not message, message, 0.0 if message else worth, worth))
    return QuestionResult(question.id, question.title, tuple(results), diagnosis)


def shows_understanding(question: DrawnQuestion, actual: Sequence[Sequence[Answer]]) -> bool:
    """Whether the values are right in at least one ordinary case (see `classroom.questions.ordinary`)."""
    judges = [criterion for criterion in question.criteria if isinstance(criterion, Values)]
    if not judges:
        return True
    marked = any(ORDINARY in case.tags for case in question.cases)
    for case, expected, answers in zip(question.cases, question.expected, actual, strict=True):
        asked = [criterion for criterion in judges if criterion.tag in case.tags]
        counts = asked and (ORDINARY in case.tags or not marked)
        if counts and not any(_judge(criterion, case, expected, answers, EXACT) for criterion in asked):
            return True
    return False


def without_evidence(question: DrawnQuestion, reason: str) -> QuestionResult:
    """The verdict when no answer arrived at all: 0 points, and the reason."""
    return judge(question, [[Answer(error=reason) for _ in case.calls] for case in question.cases])


def _message(
    question: DrawnQuestion, criterion: Criterion, actual: Sequence[Sequence[Answer]], wording: Wording
) -> str:
    failures: list[tuple[str, str]] = []
    looked_at = 0
    for case, expected, answers in zip(question.cases, question.expected, actual, strict=True):
        if criterion.tag in case.tags:
            looked_at += 1
            problem = _judge(criterion, case, expected, answers, wording)
            if problem:
                failures.append((case.name, problem))
    if not looked_at:
        return "No case tries this."
    if not failures:
        return ""
    name, problem = failures[0]
    if len(failures) == looked_at > 1 and all(other == problem for _, other in failures):
        return problem
    if problem.startswith(SENTENCE_STARTS):
        problem = problem[0].lower() + problem[1:]
    others = len(failures) - 1
    more = f" It also fails in {others} other case{'s' if others > 1 else ''}." if others else ""
    return f"With {name}: {problem}{more}"


def _raised_everywhere(actual: Sequence[Sequence[Answer]]) -> bool:
    return all(any(answer.error for answer in answers) for answers in actual)


def _judge(
    criterion: Criterion, case: Case, expected: Sequence[Answer], answers: Sequence[Answer], wording: Wording
) -> str | None:
    for answer in answers:
        if answer.error:
            return wording.error(answer.error)
    return criterion.judge(case, expected, answers, wording)


def _diagnosis(question: DrawnQuestion, actual: Sequence[Sequence[Answer]], wording: Wording) -> str | None:
    errors = [answer.error for answers in actual for answer in answers if answer.error]
    if errors and all(is_not_written(error) for error in errors) and _raised_everywhere(actual):
        return NOT_WRITTEN
    known = {m.name: m for m in question.misconceptions}
    name = diagnose(question.expected, {n: m.answers for n, m in known.items()}, actual)
    if name is None:
        return wording.error(errors[0]) if errors else None
    if explains_all(known[name].answers, actual):
        return known[name].sentence
    return f"{known[name].sentence} {SOMETHING_ELSE}"
