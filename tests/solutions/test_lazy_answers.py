"""The best answer without understanding, question by question: 0 points.

Two independent lists: the engine's own (`classroom.questions.lazy`), whose answers know the right shapes, and the
code below, as somebody would write it who has read the signature alone.
"""

from functools import cache

import pytest
import torch

from classroom.authoring.release import PUBLIC_SEED
from classroom.questions.assignment import all_assignments, find_solutions
from classroom.questions.drawing import draw
from classroom.questions.evidence import lazy_scores
from classroom.questions.examiner import examine
from classroom.student_code.inprocess import InProcess

QUESTIONS = {
    f"{assignment.name}: {question.id}": question
    for assignment in all_assignments(find_solutions())
    for question in assignment.questions
}
SEEDS = (PUBLIC_SEED, 0, 1)
each_question = pytest.mark.parametrize("name", QUESTIONS)


@cache
def drawing(name, seed):
    return draw(QUESTIONS[name], seed)


def tensors(arguments):
    return [a for a in arguments if isinstance(a, torch.Tensor)] or [torch.zeros(())]


# Each gets the arguments and gives the output.
WRITTEN = {
    "nothing": lambda *a: None,
    "a number": lambda *a: 0.0,
    "no numbers": lambda *a: torch.zeros(0),
    "True": lambda *a: torch.tensor(True),
    "the first argument": lambda *a: tensors(a)[0],
    "the last argument": lambda *a: tensors(a)[-1],
    "all arguments": lambda *a: tuple(tensors(a)),
    "zeros like the first": lambda *a: torch.zeros_like(tensors(a)[0]),
    "ones like the first": lambda *a: torch.ones_like(tensors(a)[0]),
    "zeros like the last": lambda *a: torch.zeros_like(tensors(a)[-1]),
    "ones like the last": lambda *a: torch.ones_like(tensors(a)[-1]),
    "random like the first": lambda *a: torch.rand(tensors(a)[0].shape),
    "the first made tiny": lambda *a: tensors(a)[0] * 1e-20,
    "the last made tiny": lambda *a: tensors(a)[-1] * 1e-20,
    "mean": lambda *a: tensors(a)[0].double().mean(-1, keepdim=True),
    "uniform weights": lambda *a: torch.full_like(tensors(a)[0].double(), 1 / max(1, tensors(a)[0].shape[-1])),
    "the same zeros three times": lambda *a: (torch.zeros_like(tensors(a)[0]),) * 3,
}


def written(question, answer):
    """The answer as a function, or as the class that the question asks for with its `forward` replaced."""
    if not isinstance(question.reference, type):
        return answer
    return type("Lazy", (question.reference,), {"forward": lambda self, *arguments: answer(*arguments)})


def table(scores):
    best = sorted(scores.items(), key=lambda entry: -entry[1])[:3]
    return ", ".join(f"{name}: {score:g}" for name, score in best)


@each_question
@pytest.mark.parametrize("seed", SEEDS)
def test_the_best_of_the_engines_lazy_answers_earns_nothing(name, seed):
    scores = lazy_scores(drawing(name, seed))
    assert len(scores) >= 14 + 15  # all that look at nothing, and those that copy one argument
    assert max(scores.values()) == 0, table(scores)


@each_question
@pytest.mark.parametrize("seed", SEEDS)
def test_the_best_of_the_written_lazy_answers_earns_nothing(name, seed):
    question, drawn = QUESTIONS[name], drawing(name, seed).question
    scores = {
        lazy: examine(drawn, InProcess({question.target: written(question, answer)})).score
        for lazy, answer in WRITTEN.items()
    }
    assert max(scores.values()) == 0, table(scores)
