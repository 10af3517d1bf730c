"""The examiner: asks a student's code the question's calls, judges the answers, names the mistake."""

from collections.abc import Sequence

from classroom.questions.criteria import Cost, Permuted, ShapeAndDtype, Unchanged, Values
from classroom.questions.diagnosis import diagnose
from classroom.questions.drawn import ORDINARY, DrawnQuestion
from classroom.questions.explained import explanation
from classroom.questions.once import NOT_YET, Diagnosis, Failure, told_once
from classroom.questions.question import Case, Criterion
from classroom.questions.results import NOT_WRITTEN, CriterionResult, QuestionResult
from classroom.questions.wording import EXACT, SILENT, Wording
from classroom.student_code.mistakes import is_not_written
from classroom.student_code.student import Answer, Student

# Anything could satisfy these; they say something only of code that computes what was asked.
NEEDS_VALUES = (ShapeAndDtype, Unchanged, Permuted, Cost)
SOMETHING_ELSE = "That is not all: some answers differ for another reason as well."  # in records of earlier runs


def examine(question: DrawnQuestion, student: Student, wording: Wording = EXACT) -> QuestionResult:
    """Judges one question. The same for public and hidden cases, for any kind of student; the wording differs.

    Raises:
        StudentLost: the student's process timed out, ran out of memory or died.
    """
    return judge(question, asked(question, student), wording)


def asked(question: DrawnQuestion, student: Student) -> tuple[tuple[Answer, ...], ...]:
    """What the student's code answers to the question's calls, by case; raises as `examine`."""
    return tuple(
        tuple(student.answer(question.target, call, question.forbidden) for call in case.calls)
        for case in question.cases
    )


def judge(question: DrawnQuestion, actual: Sequence[Sequence[Answer]], wording: Wording = EXACT) -> QuestionResult:
    """The verdict on answers that have arrived, by case and call."""
    total = sum(criterion.weight for criterion in question.criteria)
    understood = shows_understanding(question, actual)
    verdicts = [_verdict(question, criterion, actual, wording, understood) for criterion in question.criteria]
    diagnosis = _diagnosis(question, actual, wording) if any(verdicts) else None
    results = []
    for criterion, message in zip(question.criteria, told_once(question, verdicts, diagnosis), strict=True):
        worth = question.points * criterion.weight / total
        results.append(CriterionResult(criterion.name, not message, message, 0.0 if message else worth, worth))
    return QuestionResult(question.id, question.title, tuple(results), diagnosis and diagnosis.sentence)


def is_not_defined(result: QuestionResult, target: str) -> bool:
    """Whether the verdict is only that the notebook defines no such name."""
    return (result.diagnosis or "").startswith(f"`{target}` is not defined")


def passed(question: DrawnQuestion, actual: Sequence[Sequence[Answer]]) -> tuple[bool, ...]:
    """Which criteria are earned: `judge` without words, in half the time."""
    understood = shows_understanding(question, actual)
    return tuple(not _verdict(question, criterion, actual, SILENT, understood) for criterion in question.criteria)


def shows_understanding(question: DrawnQuestion, actual: Sequence[Sequence[Answer]]) -> bool:
    """Whether the values are right in at least one ordinary case (see `classroom.questions.ordinary`)."""
    judges = [criterion for criterion in question.criteria if isinstance(criterion, Values)]
    if not judges:
        return True
    marked = any(ORDINARY in case.tags for case in question.cases)
    for case, expected, answers in zip(question.cases, question.expected, actual, strict=True):
        asked = [criterion for criterion in judges if criterion.tag in case.tags]
        counts = asked and (ORDINARY in case.tags or not marked)
        if counts and not any(judge_case(criterion, case, expected, answers, SILENT) for criterion in asked):
            return True
    return False


def without_evidence(question: DrawnQuestion, reason: str) -> QuestionResult:
    """The verdict when no answer arrived at all: 0 points, and the reason."""
    return judge(question, [[Answer(error=reason) for _ in case.calls] for case in question.cases])


def _verdict(
    question: DrawnQuestion,
    criterion: Criterion,
    actual: Sequence[Sequence[Answer]],
    wording: Wording,
    understood: bool,
) -> list[Failure]:
    """Where a criterion fails, ordinary cases first; empty where it is earned."""
    failures = []
    looked_at = 0
    for case, expected, answers in zip(question.cases, question.expected, actual, strict=True):
        if criterion.tag in case.tags:
            looked_at += 1
            problem = judge_case(criterion, case, expected, answers, wording)
            if problem:
                raised = next((answer.error for answer in answers if answer.error), None)
                failures.append(Failure(case, problem, raised))
    if not looked_at:
        return [Failure(None, "No case tries this.")]
    if not failures and not understood and isinstance(criterion, NEEDS_VALUES):
        return [Failure(None, NOT_YET)]
    if len(failures) == looked_at > 1 and len({failure.problem for failure in failures}) == 1:
        return [Failure(None, failures[0].problem, failures[0].raised)]  # it is the same everywhere
    return sorted(failures, key=lambda failure: ORDINARY not in failure.case.tags)


def judge_case(
    criterion: Criterion, case: Case, expected: Sequence[Answer], answers: Sequence[Answer], wording: Wording
) -> str | None:
    """What one criterion says of one case; an error is what there is to say of it."""
    for answer in answers:
        if answer.error:
            return wording.error(answer.error)
    return criterion.judge(case, expected, answers, wording)


def _diagnosis(question: DrawnQuestion, actual: Sequence[Sequence[Answer]], wording: Wording) -> Diagnosis | None:
    errors = _errors(question, actual)
    everywhere = all(any(answer.error for answer in answers) for answers in actual)
    if errors and all(is_not_written(error) for error in errors) and everywhere:
        return Diagnosis(NOT_WRITTEN, NOT_WRITTEN, everywhere)
    known = {m.sentence: m.answers for m in question.misconceptions}
    named = diagnose(question.cases, question.expected, known, actual, question.slips)
    if named or not errors:
        return Diagnosis(named) if named else None
    raised = wording.error(errors[0])
    meaning = explanation(errors[0])
    return Diagnosis(f"{raised} {meaning}" if meaning else raised, raised, everywhere)


def _errors(question: DrawnQuestion, actual: Sequence[Sequence[Answer]]) -> list[str]:
    """Every error, those of ordinary cases first: a corner case is a poor place to learn from."""
    cases = sorted(zip(question.cases, actual, strict=True), key=lambda pair: ORDINARY not in pair[0].tags)
    return [answer.error for _, answers in cases for answer in answers if answer.error]
