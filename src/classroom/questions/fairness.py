"""Whether drawn cases are fair to our own answers: right ones lose nothing, wrong ones lose marks and get their name.

Both with room to spare: a student's float32 rounds otherwise than ours.
"""

from dataclasses import dataclass, replace

from classroom.questions.drawn import Answers, Drawing, DrawnQuestion
from classroom.questions.examiner import judge, passed
from classroom.questions.question import Criterion, Question

ROOM = 4.0  # right answers hold within the tolerances divided by this, wrong ones differ by this many times them
ROOM_TO_RESPOND = 2.0  # and what has to change does so by this many times less or more than is enough


@dataclass(frozen=True)
class Doubt:
    """What is unfair in a drawing: to whom (`misconception 'overflow'`), and one sentence."""

    about: str
    sentence: str


def doubts(question: Question, drawing: Drawing) -> list[Doubt]:
    """What is unfair in a drawing, in the order reference, alternatives, misconceptions."""
    found = []
    strict, loose = scaled(drawing.question, 1 / ROOM), scaled(drawing.question, ROOM)
    honest = {"reference": drawing.reference}
    honest |= {f"alternative {name!r}": answers for name, answers in drawing.alternatives.items()}
    for about, answers in honest.items():
        if sentence := _loses_marks(strict, answers):
            found.append(Doubt(about, sentence))
    for misconception, answers in zip(question.misconceptions, drawing.misconceptions, strict=True):
        about = f"misconception {misconception.name!r}"
        at_least, at_most = passed(strict, answers), passed(loose, answers)
        result = judge(drawing.question, answers)
        if result.complete or all(at_most):
            found.append(Doubt(about, "gets full marks, or nearly: add a case on which it gives another answer."))
        elif result.diagnosis != misconception.sentence:
            others = [m.name for m in question.misconceptions if m.sentence == result.diagnosis]
            said = f"{others[0]!r}" if others else f"{result.diagnosis!r}"
            found.append(Doubt(about, f"is diagnosed as {said}: add a case that tells it apart."))
        elif at_least != at_most:
            near = [c.name for c, few, many in zip(question.criteria, at_least, at_most, strict=True) if few != many]
            found.append(Doubt(about, f"passes or fails {near[0]!r} by a hair: make the cases decisive."))
    return found


def _loses_marks(drawn: DrawnQuestion, answers: Answers) -> str | None:
    if all(passed(drawn, answers)):
        return None
    lost = [f"{c.name}: {c.message}" for c in judge(drawn, answers).criteria if not c.passed]
    return f"is right but loses marks. {' | '.join(lost)}"


def scaled(drawn: DrawnQuestion, factor: float) -> DrawnQuestion:
    """The question with every tolerance multiplied by `factor`: stricter below 1, looser above."""
    return replace(drawn, criteria=tuple(_scaled(criterion, factor) for criterion in drawn.criteria))


def _scaled(criterion: Criterion, factor: float) -> Criterion:
    changes = {name: getattr(criterion, name) * factor for name in ("rtol", "atol") if hasattr(criterion, name)}
    if hasattr(criterion, "enough"):
        changes["enough"] = criterion.enough * (ROOM_TO_RESPOND if factor < 1 else 1 / ROOM_TO_RESPOND)
    return replace(criterion, **changes)  # type: ignore[type-var]
