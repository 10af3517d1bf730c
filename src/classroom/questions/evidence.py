"""The acceptance proof of a question: does it grade fairly, on every seed, with hidden and with public cases?"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from classroom.errors import ClassroomError
from classroom.questions.drawn import DrawnQuestion, draw
from classroom.questions.examiner import examine, judge
from classroom.questions.precise import Answers
from classroom.questions.question import Question
from classroom.questions.results import QuestionResult
from classroom.student_code.inprocess import InProcess


def weaknesses(question: Question, seeds: Iterable[int] = range(20)) -> list[str]:
    """What is wrong with a question, one sentence each; empty when it is accepted.

    On every seed: the reference and each alternative score full marks (the alternatives without the forbidden
    names); each misconception loses marks and is diagnosed by its own sentence; the untouched stub scores 0. And
    every implementation scores the same on all seeds, so that the public check and the grading run agree.
    """
    found: list[str] = []
    if len({m.name for m in question.misconceptions}) < len(question.misconceptions):
        found.append(f"{question.id}: two misconceptions have the same name.")
    if len({m.sentence for m in question.misconceptions}) < len(question.misconceptions):
        found.append(f"{question.id}: two misconceptions have the same sentence.")
    scores: dict[str, dict[float, int]] = {}  # by implementation: each score and the first seed that gave it
    for seed in seeds:
        try:
            drawn, native = draw(question, seed)
        except ClassroomError as error:
            return [*found, f"On seed {seed}: {error}"]
        for name, sentence in _on_one_seed(question, drawn, native, scores, seed):
            found.append(f"{question.id}, {name}: {sentence} (seed {seed})")
    for name, by_score in scores.items():
        if len(by_score) > 1:
            seen = ", ".join(f"{score:g} on seed {seed}" for score, seed in by_score.items())
            found.append(f"{question.id}, {name}: the score depends on the seed ({seen}): make the cases decisive.")
    return found


def _on_one_seed(
    question: Question,
    drawn: DrawnQuestion,
    native: Sequence[Answers],
    scores: dict[str, dict[float, int]],
    seed: int,
) -> Iterable[tuple[str, str]]:
    def noted(kind: str, result: QuestionResult) -> QuestionResult:
        scores.setdefault(kind, {}).setdefault(result.score, seed)
        return result

    def examined(implementation: Callable[..., Any]) -> QuestionResult:
        return examine(drawn, InProcess({question.target: implementation}))

    # The reference may use what students may not; the alternatives stand for students.
    honest = {"reference": noted("reference", judge(drawn, native[0]))}
    for name, implementation in question.alternatives.items():
        honest[f"alternative {name!r}"] = noted(f"alternative {name!r}", examined(implementation))
    for kind, result in honest.items():
        lost = [f"{c.name}: {c.message}" for c in result.criteria if not c.passed]
        if lost:
            yield kind, f"is right but loses marks. {' | '.join(lost)}"
    for m, answers in zip(question.misconceptions, native[1:], strict=True):
        kind = f"misconception {m.name!r}"
        result = noted(kind, judge(drawn, answers))
        if result.complete:
            yield kind, "gets full marks: add a case on which it gives another answer."
        elif result.diagnosis != m.sentence:
            others = [o.name for o in question.misconceptions if o.sentence == result.diagnosis]
            said = f"{others[0]!r}" if others else f"{result.diagnosis!r}"
            yield kind, f"is diagnosed as {said}: add a case that tells it apart."
    result = noted("stub", examined(_stub))
    if result.score != 0:
        yield "stub", f"gets {result.score:g} points without being written."


def _stub(*_: object, **__: object) -> None:
    raise NotImplementedError
