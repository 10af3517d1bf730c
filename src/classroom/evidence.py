"""The acceptance proof of a question: does it grade fairly, on every seed, with hidden and with public cases?"""

from collections.abc import Callable, Iterable
from typing import Any

from classroom.drawn import DrawnQuestion, materialise
from classroom.errors import ClassroomError
from classroom.examiner import examine
from classroom.inprocess import InProcess
from classroom.question import Question
from classroom.results import QuestionResult


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
            drawn = materialise(question, seed)
        except ClassroomError as error:
            return [*found, f"On seed {seed}: {error}"]
        for name, sentence in _on_one_seed(question, drawn, scores, seed):
            found.append(f"{question.id}, {name}: {sentence} (seed {seed})")
    for name, by_score in scores.items():
        if len(by_score) > 1:
            seen = ", ".join(f"{score:g} on seed {seed}" for score, seed in by_score.items())
            found.append(f"{question.id}, {name}: the score depends on the seed ({seen}): make the cases decisive.")
    return found


def _on_one_seed(
    question: Question, drawn: DrawnQuestion, scores: dict[str, dict[float, int]], seed: int
) -> Iterable[tuple[str, str]]:
    def result_of(kind: str, implementation: Callable[..., Any]) -> QuestionResult:
        result = examine(drawn, _Ours({question.target: implementation}, kind.startswith("alternative")))
        scores.setdefault(kind, {}).setdefault(result.score, seed)
        return result

    honest = {"reference": question.reference}
    honest |= {f"alternative {name!r}": f for name, f in question.alternatives.items()}
    for kind, implementation in honest.items():
        result = result_of(kind, implementation)
        lost = [f"{c.name}: {c.message}" for c in result.criteria if not c.passed]
        if lost:
            yield kind, f"is right but loses marks. {' | '.join(lost)}"
    for m in question.misconceptions:
        kind = f"misconception {m.name!r}"
        result = result_of(kind, m.implementation)
        if all(c.passed for c in result.criteria):
            yield kind, "gets full marks: add a case on which it gives another answer."
        elif result.diagnosis != m.sentence:
            others = [o.name for o in question.misconceptions if o.sentence == result.diagnosis]
            said = f"{others[0]!r}" if others else f"{result.diagnosis!r}"
            yield kind, f"is diagnosed as {said}: add a case that tells it apart."
    result = result_of("stub", _stub)
    if result.score != 0:
        yield "stub", f"gets {result.score:g} points without being written."


class _Ours(InProcess):
    """Runs our own implementations. Only alternatives, which stand for students, meet the forbidden names."""

    def __init__(self, namespace: dict[str, Any], obey: bool):
        super().__init__(namespace)
        self.obey = obey

    def answer(self, target, call, forbidden=()):
        return super().answer(target, call, forbidden if self.obey else ())


def _stub(*_: object, **__: object) -> None:
    raise NotImplementedError
