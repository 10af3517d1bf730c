"""Every question of every assignment: its solution, its worked example, and what becomes of students' code."""

import time

import numpy as np
import pytest
from walk import CHECKED, drawn, each_asked, each_checked, imports, named, solutions

from classroom.authoring.release import PUBLIC_SEED
from classroom.questions.examiner import examine
from classroom.questions.precise import answers_of
from classroom.questions.question import Case
from classroom.student_code.inprocess import InProcess

ATTEMPTS = [
    pytest.param(assignment, question, attempt, id=f"{named((assignment, question))}-{number}")
    for assignment, question in CHECKED
    for number, attempt in enumerate(question.attempts)
]


@each_checked
def test_question_is_worth_asking(assignment, question):
    assert len(question.misconceptions) >= 4
    assert len(question.alternatives) >= 2
    assert {criterion.name for criterion in question.criteria} >= {"values", "shape and dtype"}


@each_asked
def test_question_has_a_guide(assignment, question):
    assert question.guide is not None, f"{question.id}: say how hard it is, how long it takes, where to read, and hints"
    hints = question.guide.hints
    assert len({hint.strip() for hint in hints}) == len(hints)
    assert all(len(hint) > 20 for hint in hints)


@each_checked
@pytest.mark.parametrize("seed", [PUBLIC_SEED, 0])
def test_written_out_solution_equals_the_reference(assignment, question, seed):
    """Outputs within 1e-5 + 1e-5·|expected| of the library's, which is stricter than what students are held to."""
    public = drawn(assignment, question, seed)
    result = examine(public, solutions(assignment))
    assert [c.message for c in result.criteria if not c.passed] == []
    for case, expected in zip(public.cases, public.expected, strict=True):
        for call, right in zip(case.calls, expected, strict=True):
            given = solutions(assignment).answer(question.target, call)
            for a, b in zip(right.outputs, given.outputs, strict=True):
                np.testing.assert_allclose(b.values, a.values, rtol=1e-5, atol=1e-5, err_msg=case.name)
                assert b.dtype == a.dtype


@each_checked
def test_worked_example_has_the_numbers_that_were_made_by_hand(assignment, question):
    """By the reference and by the solution, to half a unit of the last digit that is written."""
    example = question.example
    assert example is not None, f"{question.id}: compute a small example by hand, as question.example"
    ((reference,),) = answers_of(question.reference, [Case(example.call, (example.asked,), frozenset())])
    for answer in (reference, solutions(assignment).answer(question.target, example.asked)):
        assert answer.error is None, answer.error
        for output, right in zip(answer.outputs, example.right, strict=True):
            assert output.values.shape == right.shape
            if right.dtype.kind in "biu":
                np.testing.assert_array_equal(output.values, right)
            else:
                np.testing.assert_allclose(output.values, right, rtol=0, atol=example.tolerance + 1e-6)


@pytest.mark.parametrize(("assignment", "question", "attempt"), ATTEMPTS)
def test_attempts_end_as_they_should(assignment, question, attempt):
    student = InProcess({})
    assert student.run_cell(f"{imports(assignment)}\n{attempt.code}").error is None
    result = examine(drawn(assignment, question), student)
    if attempt.forbidden:
        assert (result.score, attempt.forbidden in (result.diagnosis or "")) == (0, True), result.diagnosis
    elif attempt.named:
        sentences = {m.name: m.sentence for m in question.misconceptions}
        assert result.diagnosis == sentences[attempt.named]
        assert result.score < result.max_score
    else:
        assert [c.message for c in result.criteria if not c.passed] == []


@each_checked
def test_a_check_takes_less_than_a_second(assignment, question):
    public = drawn(assignment, question)
    start = time.process_time()
    examine(public, solutions(assignment))
    assert time.process_time() - start < 1
