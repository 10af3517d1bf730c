"""One mistake is told once, and its consequences point to it."""

from dataclasses import replace

import sample_questions as sample
import torch

from classroom.panel import panel
from classroom.questions.criteria import ShapeAndDtype
from classroom.questions.drawing import materialise
from classroom.questions.drawn import ORDINARY
from classroom.questions.examiner import examine
from classroom.questions.explained import explanation
from classroom.questions.once import ABOVE, NOT_COUNTED, NOT_YET
from classroom.questions.question import Case
from classroom.student_code.inprocess import InProcess
from classroom.student_code.student import Call

ROWS, SCALE = (materialise(q, seed=1) for q in (sample.ROWS, sample.SCALE))


def verdict(drawn, implementation):
    return examine(drawn, InProcess({drawn.target: implementation}))


def messages(result):
    return [criterion.message for criterion in result.criteria]


def test_what_waits_for_values_says_why_once():
    assert messages(verdict(ROWS, lambda x: x * 2))[2:] == [
        NOT_YET,
        "With three rows, then thirty: not counted yet: the values have to be right first.",
    ]

    prefix = materialise(replace(sample.PREFIX, criteria=(*sample.PREFIX.criteria, ShapeAndDtype(tag="values"))), 1)
    assert messages(verdict(prefix, lambda x: x.cumsum(dim=-2)))[1:] == [NOT_YET, NOT_COUNTED]


def test_a_wrong_shape_is_told_once_and_no_gradient_follows_from_it():
    told = messages(verdict(ROWS, lambda x: sample.rows(x)[None]))
    assert "shape (1, 3, 3) instead of (3, 3)" in told[0]
    assert told[1] == "Follows from what is said under 'values': no gradient can be computed."
    assert told[2] == "The same as under 'values'."


def test_one_exception_in_every_case_is_the_diagnosis_and_nothing_else():
    result = verdict(ROWS, lambda x: x.no_such_thing)
    assert set(messages(result)) == {result.diagnosis}
    assert panel(result).count("no_such_thing") == 1


def test_an_exception_in_some_cases_is_told_once_with_where_it_happens():
    def normalise(x):
        return sample.rows(x) if len(x) == 3 and x.shape[-1] == 3 else sample.rows(x).no_such_thing

    told = messages(verdict(ROWS, normalise))
    assert told[0] == f"{ABOVE}, with a wide matrix in double precision."
    assert told[1] == ""
    assert told[2:] == [f"{ABOVE}."] * 2


def test_the_exception_that_is_told_comes_from_an_ordinary_case():
    """A column comes first, and is no ordinary case: its exception is not the one to learn from."""

    def with_a_column(rng):
        column = Case("a column", (Call((sample.positive(rng, 3, 1),)),), frozenset({"values", "shape"}))
        return [column, *sample.row_cases(rng)]

    drawn = materialise(replace(sample.ROWS, cases=with_a_column), 0)
    assert ORDINARY not in drawn.cases[0].tags

    def normalise(x):
        return x[:, 1] if x.shape[-1] == 1 else x @ x.T[:1]

    assert "shapes cannot be multiplied" in verdict(drawn, normalise).diagnosis


def test_a_failure_of_an_ordinary_case_is_told_before_that_of_a_corner():
    def with_a_column(rng):
        column = Case("a column", (Call((sample.positive(rng, 3, 1),)),), frozenset({"values", "shape"}))
        return [column, *sample.row_cases(rng)]

    drawn = materialise(replace(sample.ROWS, cases=with_a_column), 0)
    assert messages(verdict(drawn, lambda x: sample.rows(x) + 1))[0].startswith("With a square matrix:")


def test_exceptions_are_explained_and_our_own_sentences_are_not():
    result = verdict(ROWS, lambda x: x.sum(dim=2))
    assert result.diagnosis.endswith("count from the end (`-1`, `-2`).")
    assert explanation("`normalise` is not defined: run the cell that defines it, then check again.") is None
    assert explanation("ValueError: something else.") is None
    told = verdict(SCALE, lambda size: None).diagnosis
    assert told == "`<lambda>` must be a subclass of torch.nn.Module."


def test_a_tensor_of_the_wrong_kind_is_explained():
    def masked(x):
        return x.masked_fill((x > 1).to(torch.uint8), 0.0)

    assert "A mask has to be boolean" in verdict(ROWS, masked).diagnosis
