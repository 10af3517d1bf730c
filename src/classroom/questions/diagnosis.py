"""Naming the mistake: a name is given only where it explains every answer that differs from the right one.

In this order: a misconception of the question that gives the student's answers everywhere; a general mistake that
turns the right answers into the student's (`classroom.questions.detectors`); a slip made by machine
(`classroom.questions.mutants`); two mistakes that do so together. An
explanation that leaves one answer over is no explanation.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations

from classroom.questions.detectors import ON_TOP, VAGUE, detect
from classroom.questions.question import Case
from classroom.questions.sameness import Answers, is_exception, raised, same_case, same_everywhere
from classroom.questions.slips import Slip, named_slip

TWO_MISTAKES = "Two things. First: {} Second: {}"


def diagnose(
    cases: Sequence[Case],
    expected: Answers,
    misconceptions: Mapping[str, Answers],
    actual: Answers,
    slips: Sequence[Slip] = (),
) -> str | None:
    """The sentence that explains all that is wrong with the answers, or None. `misconceptions` are by sentence."""
    full = [sentence for sentence, answers in misconceptions.items() if same_everywhere(answers, actual)]
    if all(raised(answers) for answers in actual):
        # An exception's kind alone is no evidence; a sentence of our own (wrong parameters, …) is.
        full = [s for s in full if not any(is_exception(a) for answers in actual for a in answers)]
        return full[0] if len(full) == 1 else None
    if full:
        return full[0] if len(full) == 1 else None
    return (
        detect(cases, expected, actual)
        or named_slip(slips, actual)
        or _two(cases, expected, misconceptions, actual)
        or detect(cases, expected, actual, VAGUE)
    )


def _two(
    cases: Sequence[Case],
    expected: Answers,
    misconceptions: Mapping[str, Answers],
    actual: Answers,
) -> str | None:
    """Two mistakes: one that changes the answers of another, or each alone in cases of its own."""
    found = []
    for sentence, answers in misconceptions.items():
        general = None if any(map(raised, actual)) else detect(cases, answers, actual, ON_TOP)
        if general and any(_shown(answers, expected)):
            found.append(TWO_MISTAKES.format(sentence, general))
    if len(found) == 1:
        return found[0]
    known = {
        sentence: [same_case(a, b) for a, b in zip(answers, actual, strict=True)]
        for sentence, answers in misconceptions.items()
    }
    shown = {sentence: _shown(answers, expected) for sentence, answers in misconceptions.items()}
    pairs = [
        (one, other)
        for one, other in combinations(known, 2)
        if _cover(shown[one], known[one], shown[other], known[other])
        and not any(raised(given) and not raised(right) for right, given in zip(expected, actual, strict=True))
    ]
    return TWO_MISTAKES.format(*pairs[0]) if len(pairs) == 1 else None


def _shown(answers: Answers, expected: Answers) -> list[bool]:
    return [not same_case(a, b) for a, b in zip(answers, expected, strict=True)]


def _cover(shown: Sequence[bool], same: Sequence[bool], other_shown: Sequence[bool], other: Sequence[bool]) -> bool:
    """Whether each case is as one of the two would have it, and each of them is seen where the other is not."""
    alone = [s and k and not o for s, k, o in zip(shown, same, other_shown, strict=True)]
    other_alone = [s and k and not o for s, k, o in zip(other_shown, other, shown, strict=True)]
    return any(alone) and any(other_alone) and all(a or b for a, b in zip(same, other, strict=True))
