"""Machine-made mistakes: small changes of a reference that always come to an end."""

import numpy as np
import pytest

from classroom.questions.mutants import TURNS, mutants
from classroom.questions.precise import answers_until_error
from classroom.questions.question import Case
from classroom.student_code.student import Call


def halvings(x):
    """How often the largest entry can be halved before it is below 1."""
    largest, count = float(x.max()), 0
    while largest >= 1:
        largest = largest / 2
        count = count + 1
    return x * 0 + count


def test_a_mutant_whose_loop_never_ends_has_no_answer():
    case = Case("one", (Call((np.array([5.0, 40.0], dtype=np.float32),)),), frozenset({"values"}))
    answers = [answers_until_error(mutant.implementation, [case]) for mutant in mutants(halvings)]
    assert answers, "the reference has mutants"
    assert any(found is None for found in answers)  # `largest * 2` never gets below 1
    assert any(found is not None for found in answers)
    assert answers_until_error(halvings, [case])[0][0].outputs[0].values == pytest.approx(6)


def test_an_honest_long_loop_of_a_mutant_is_within_the_bound():
    assert TURNS > 10 * 33 * 33  # positions times positions of the longest case of a question
