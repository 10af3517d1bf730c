"""The acceptance proof of a question: does it grade fairly, on every seed, with hidden and with public cases?"""

from collections.abc import Iterable, Iterator, Mapping

from classroom.errors import ClassroomError
from classroom.questions.drawing import draw
from classroom.questions.drawn import ORDINARY, Answers, Drawing, DrawnQuestion
from classroom.questions.examiner import examine, passed
from classroom.questions.fairness import doubts
from classroom.questions.lazy import lazy_answers
from classroom.questions.question import Question
from classroom.student_code.inprocess import InProcess

LAZY_SEEDS = 3


def weaknesses(question: Question, seeds: Iterable[int] = range(20)) -> list[str]:
    """What is wrong with a question, one sentence each; empty when it is accepted.

    On every seed: the reference and each alternative score full marks (the alternatives without the forbidden
    names); each misconception loses marks and is diagnosed by its own sentence; the untouched stub scores 0, and on
    the first three so does every lazy answer. And every implementation scores the same on all seeds, so that the
    public check and the grading run agree.
    """
    found: list[str] = []
    if len({m.name for m in question.misconceptions}) < len(question.misconceptions):
        found.append(f"{question.id}: two misconceptions have the same name.")
    if len({m.sentence for m in question.misconceptions}) < len(question.misconceptions):
        found.append(f"{question.id}: two misconceptions have the same sentence.")
    by_seed: dict[int, dict[str, float]] = {}
    for seed in seeds:
        try:
            drawing = draw(question, seed)
        except ClassroomError as error:
            return [*found, f"On seed {seed}: {error}"]
        found += [f"{question.id}, {sentence} (seed {seed})" for sentence in _on_one_seed(question, drawing)]
        if len(by_seed) < LAZY_SEEDS:  # what needs no understanding needs no luck either
            found += [f"{question.id}, {sentence} (seed {seed})" for sentence in _lazy(drawing)]
        by_seed[seed] = scores(question, drawing)
    for name, seen in differences(by_seed).items():
        told = ", ".join(f"{score:g} on seed {seed}" for score, seed in seen.items())
        found.append(f"{question.id}, {name}: the score depends on the seed ({told}): make the cases decisive.")
    return found


def scores(question: Question, drawing: Drawing) -> dict[str, float]:
    """What each of our own implementations earns, by a name that says what it is."""
    answers = {"reference": drawing.reference}
    answers |= {f"alternative {name!r}": given for name, given in drawing.alternatives.items()}
    named = zip(question.misconceptions, drawing.misconceptions, strict=True)
    answers |= {f"misconception {m.name!r}": given for m, given in named}
    return {name: _score(drawing.question, given) for name, given in answers.items()}


def lazy_scores(drawing: Drawing) -> dict[str, float]:
    """What each answer without understanding earns."""
    answers = lazy_answers(drawing.question.cases, drawing.question.expected)
    return {name: _score(drawing.question, given) for name, given in answers.items()}


def _score(drawn: DrawnQuestion, answers: Answers) -> float:
    total = sum(criterion.weight for criterion in drawn.criteria)
    earned = zip(drawn.criteria, passed(drawn, answers), strict=True)
    return round(sum(drawn.points * c.weight / total for c, holds in earned if holds), 2)


def differences(by_seed: Mapping[int, Mapping[str, float]]) -> dict[str, dict[float, int]]:
    """By implementation whose score is not the same on all seeds: each score, and the first seed that gave it."""
    seen: dict[str, dict[float, int]] = {}
    for seed, by_name in by_seed.items():
        for name, score in by_name.items():
            seen.setdefault(name, {}).setdefault(score, seed)
    return {name: by_score for name, by_score in seen.items() if len(by_score) > 1}


def _on_one_seed(question: Question, drawing: Drawing) -> Iterator[str]:
    drawn = drawing.question
    if not any(ORDINARY in case.tags for case in drawn.cases):
        yield "cases: none is ordinary: each is right for zeros, a constant or a copy of an argument."
    unfair = doubts(question, drawing)
    for doubt in unfair:
        yield f"{doubt.about}: {doubt.sentence}"
    # The reference may use what students may not; the alternatives stand for students.
    for name, alternative in question.alternatives.items():
        about = f"alternative {name!r}"
        result = examine(drawn, InProcess({question.target: alternative}))
        if not result.complete and about not in {doubt.about for doubt in unfair}:
            yield f"{about}: is right but loses marks. {result.diagnosis or result.criteria[0].message}"
    stub = examine(drawn, InProcess({question.target: _stub}))
    if stub.score:
        yield f"stub: gets {stub.score:g} points without being written."


def _lazy(drawing: Drawing) -> Iterator[str]:
    for name, score in lazy_scores(drawing).items():
        if score:
            yield f"lazy answer {name!r}: gets {score:g} points without understanding."


def _stub(*_: object, **__: object) -> None:
    raise NotImplementedError
