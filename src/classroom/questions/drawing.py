"""Drawing a question's cases: inputs, the right answers, and every misconception's answers.

Some random inputs are unfair: on them float32 loses a right answer its marks, or a wrong answer happens to be right.
So all our own answers are judged on what was drawn, and it is drawn again, from the same seed, until nobody is hurt.
Instructors draw; a student's check reads what was drawn.
"""

import hashlib
import inspect
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from classroom.errors import ClassroomError
from classroom.questions.drawn import Answers, Drawing, DrawnMisconception, DrawnQuestion
from classroom.questions.fairness import doubts
from classroom.questions.mutants import SWAP, mutants
from classroom.questions.ordinary import marked
from classroom.questions.precise import answers_of, answers_until_error, precise, settled_on
from classroom.questions.question import Case, Question
from classroom.questions.slips import Slip, slip, worth_a_name
from classroom.student_code.forbidden import resolve

ATTEMPTS = 20  # a question that needs more is weak, and its evidence says so


def materialise(question: Question, seed: int, exact: bool = False) -> DrawnQuestion:
    """Draws the question's cases from `seed` and computes every answer, in this process.

    The same seed gives each question its own stream of random numbers, by its id. With `exact`, the sketches of slips
    have the digits that they have on every machine, in twice the time; everything else always has.

    Raises:
        ClassroomError: the question is malformed: the reference fails, or a case and a criterion do not fit.
    """
    drawn = draw(question, seed).question
    return replace(drawn, slips=_slips(question, drawn, exact))


def _slips(question: Question, drawn: DrawnQuestion, exact: bool) -> tuple[Slip, ...]:
    kinds = _kinds(question, drawn.cases)
    made: dict[bytes, Slip] = {}
    for implementation in (question.reference, *question.alternatives.values()):
        for mutant in mutants(implementation):
            swapped = SWAP.fullmatch(mutant.sentence)
            if swapped and kinds.get(swapped[1]) != kinds.get(swapped[2]):
                continue  # nobody takes a tensor for a number
            answers = answers_until_error(mutant.implementation, drawn.cases)
            found = answers and slip(mutant.sentence, answers)
            if found and found.rows.tobytes() not in made:
                key = found.rows.tobytes()
                digits = precise(mutant.implementation, drawn.cases, answers) if exact else answers
                made[key] = slip(mutant.sentence, digits)
    return worth_a_name(list(made.values()), drawn.expected, [m.answers for m in drawn.misconceptions])


def _kinds(question: Question, cases: Sequence[Case]) -> dict[str, bool]:
    """By name of an argument: whether it is an array, in any case."""
    function = question.reference.forward if isinstance(question.reference, type) else question.reference
    names = [name for name in inspect.signature(function).parameters if name != "self"]
    calls = [call for case in cases for call in case.calls]
    return {
        name: any(len(c.arguments) > i and isinstance(c.arguments[i], np.ndarray) for c in calls)
        for i, name in enumerate(names)
    }


def draw(question: Question, seed: int) -> Drawing:
    """As `materialise`, with the answers that the fairness of the drawing was judged by.

    A question that is unfair in each of `ATTEMPTS` drawings gets the least unfair.

    Raises:
        ClassroomError: as `materialise`.
    """
    best: tuple[int, Drawing] | None = None
    for attempt in range(ATTEMPTS):
        drawing = drawn_once(question, seed, attempt)
        number = len(doubts(question, drawing))
        if best is None or number < best[0]:
            best = (number, drawing)
        if not number:
            break
    return best[1]


def drawn_once(question: Question, seed: int, attempt: int = 0) -> Drawing:
    """One drawing, fair or not.

    Raises:
        ClassroomError: as `materialise`.
    """
    stream = int.from_bytes(hashlib.sha256(question.id.encode()).digest()[:8], "big")
    cases = tuple(question.cases(np.random.default_rng([seed, stream, *([attempt] if attempt else [])])))
    reference = answers_of(question.reference, cases)
    expected = precise(question.reference, cases, reference)
    _check(question, cases, expected)
    wrong = tuple(answers_of(m.implementation, cases) for m in question.misconceptions)
    drawn = DrawnQuestion(
        id=question.id,
        title=question.title,
        target=question.target,
        points=question.points,
        criteria=question.criteria,
        forbidden=question.forbidden,
        cases=marked(cases, expected, question.criteria),
        expected=expected,
        misconceptions=tuple(
            DrawnMisconception(m.name, m.sentence, settled_on(expected, precise(m.implementation, cases, answers)))
            for m, answers in zip(question.misconceptions, wrong, strict=True)
        ),
    )
    alternatives = {name: answers_of(alternative, cases) for name, alternative in question.alternatives.items()}
    return Drawing(drawn, reference, wrong, alternatives, attempt)


def _check(question: Question, cases: Sequence[Case], expected: Answers) -> None:
    """A question's own mistakes, found before a student could meet them."""
    for name in question.forbidden:
        resolve(name)
    known = {criterion.tag for criterion in question.criteria}
    for case, answers in zip(cases, expected, strict=True):
        where = f"question {question.id}, case {case.name!r}"
        if not case.tags or not case.tags <= known:
            raise ClassroomError(f"{where}: its tags {sorted(case.tags)} must be among {sorted(known)}.")
        for answer in answers:
            if answer.error:
                raise ClassroomError(f"{where}: the reference fails: {answer.error}")
        for criterion in question.criteria:
            problem = criterion.judge(case, answers, answers) if criterion.tag in case.tags else None
            if problem:
                raise ClassroomError(f"{where}: the reference fails {criterion.name!r}: {problem}")
    for criterion in question.criteria:
        if not any(criterion.tag in case.tags for case in cases):
            raise ClassroomError(f"question {question.id}: no case is tagged {criterion.tag!r} for {criterion.name!r}.")
        if criterion.weight <= 0:
            raise ClassroomError(f"question {question.id}: the weight of {criterion.name!r} must be positive.")
