"""Which questions need the clean room, and what becomes of their points without it.

Where a question forbids names of packages, all its criteria ask for work of one's own, and each is earned only where
the clean room's answers earn it too. What an answer costs is counted there and nowhere else.
"""

from dataclasses import replace

from classroom.clean_room.listed import MODULES
from classroom.questions.criteria import Cost
from classroom.questions.drawn import DrawnQuestion
from classroom.questions.results import CriterionResult, QuestionResult


def asks_for_own_work(question: DrawnQuestion) -> bool:
    """Whether it forbids names that an answer could reach; the course's own library is not there when it is judged."""
    return any(name.partition(".")[0] in MODULES for name in question.forbidden)


def needs_a_clean_room(question: DrawnQuestion) -> bool:
    """Whether something in the question must not be attested by the process that has run all of the notebook."""
    return asks_for_own_work(question) or any(isinstance(c, Cost) for c in question.criteria)


def not_listed(question: DrawnQuestion, what: str, result: QuestionResult) -> QuestionResult:
    """The verdict on an answer that is outside the list."""
    sentence = (
        f"Your code uses {what}. Answers to this question may not, because it cannot be seen then that they are your "
        "own work: use ordinary operations of torch."
    )
    return without(question, sentence, result)


def without(question: DrawnQuestion, sentence: str, result: QuestionResult) -> QuestionResult:
    """Without the points that need work of one's own, or a known cost."""
    own = asks_for_own_work(question)
    criteria = tuple(
        CriterionResult(c.name, False, sentence, 0.0, c.max_score) if own or isinstance(kind, Cost) else c
        for kind, c in zip(question.criteria, result.criteria, strict=True)
    )
    return replace(result, criteria=criteria, diagnosis=sentence if own else result.diagnosis)
