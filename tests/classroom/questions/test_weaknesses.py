"""The acceptance proof accepts fair questions, and says what is wrong with unfair ones."""

from dataclasses import replace

import pytest
import sample_questions as sample

from classroom.errors import ClassroomError
from classroom.questions.criteria import ShapeAndDtype, Values
from classroom.questions.drawing import materialise
from classroom.questions.evidence import weaknesses
from classroom.questions.question import Case, Misconception
from classroom.student_code.student import Call


@pytest.mark.parametrize("question", sample.QUESTIONS, ids=lambda q: q.id)
def test_fair_questions_are_accepted(question):
    assert weaknesses(question, range(5)) == []


def test_a_misconception_that_no_case_tells_apart_is_named():
    weak = replace(
        sample.ROWS,
        cases=lambda rng: sample.row_cases(rng)[1:2] * 1,
        criteria=(Values(), ShapeAndDtype()),
    )
    found = weaknesses(weak, [3])
    assert any("'cut graph'" in s and "full marks" in s and "seed 3" in s for s in found), found


def test_two_misconceptions_with_the_same_answers_are_named():
    double = Misconception("columns again", "Another sentence.", sample.rows_over_columns)
    found = weaknesses(replace(sample.ROWS, misconceptions=(*sample.ROWS.misconceptions, double)), [0])
    assert any("'columns again'" in s and "tells it apart" in s for s in found), found


def test_an_alternative_that_loses_marks_is_named():
    found = weaknesses(replace(sample.ROWS, alternatives={"columns": sample.rows_over_columns}), [0])
    assert len(found) == 1
    assert "alternative 'columns'" in found[0]
    assert "loses marks" in found[0]


def test_an_alternative_must_obey_what_is_forbidden():
    def forbidden(x):
        import torch

        return torch.softmax(x.log(), dim=-1)

    assert "torch.softmax" in weaknesses(replace(sample.ROWS, alternatives={"softmax": forbidden}), [0])[0]


def test_a_score_that_depends_on_the_seed_is_named():
    def moody(x):
        return sample.rows(x) + 0.1 * (x.flatten()[0] > 1.25)

    mood = Misconception("moody", "It depends on the first number.", moody)
    found = weaknesses(replace(sample.ROWS, misconceptions=(*sample.ROWS.misconceptions, mood)), range(8))
    assert len(found) == 1
    assert "'moody'" in found[0]
    assert "depends on the seed" in found[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"reference": lambda x: None}, "reference fails"),
        ({"reference": lambda x: x / 0 * 0}, "reference fails"),  # NaN
        ({"criteria": (Values(tag="elsewhere"),)}, "tags"),
        ({"criteria": (*sample.ROWS.criteria, Values(tag="nowhere"))}, "no case is tagged 'nowhere'"),
        ({"criteria": (*sample.ROWS.criteria, Values(weight=0, name="free"))}, "must be positive"),
        ({"forbidden": ("torch.no_such_function",)}, "does not exist"),
    ],
)
def test_a_malformed_question_is_refused_in_one_sentence(change, words):
    with pytest.raises(ClassroomError, match=words):
        materialise(replace(sample.ROWS, **change), 0)


def test_a_gradient_case_without_cotangent_is_refused():
    def forgotten(rng):
        case = Case("no cotangent", (Call((sample.positive(rng, 2, 2),)),), frozenset({"gradients"}))
        return [*sample.row_cases(rng), case]

    with pytest.raises(ClassroomError, match="needs a cotangent"):
        materialise(replace(sample.ROWS, cases=forgotten), 0)


def test_a_question_that_a_lazy_answer_gets_right_is_refused():
    """With columns of one number alone, each share is 1: no case is ordinary, and `ones` has everything."""

    def columns(rng):
        return [
            Case(
                "a column",
                (Call((sample.positive(rng, n, 1),), cotangent=sample.positive(rng, n, 1)),),
                frozenset({"values", "shape"}),
            )
            for n in (2, 3)
        ]

    question = replace(sample.ROWS, cases=columns, criteria=(Values(), ShapeAndDtype()), misconceptions=())
    found = weaknesses(question, [0])
    assert any("none is ordinary" in sentence for sentence in found), found
    assert any("lazy answer 'ones': gets 4 points" in sentence for sentence in found), found
