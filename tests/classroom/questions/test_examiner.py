"""Verdicts and diagnoses: what a student's code, right, wrong, lazy or hostile, is given."""

from dataclasses import replace

import numpy as np
import pytest
import sample_questions as sample
import torch

from classroom.questions.drawing import materialise
from classroom.questions.drawn import ORDINARY
from classroom.questions.examiner import NOT_YET, examine, without_evidence
from classroom.questions.question import Case
from classroom.questions.results import NOT_WRITTEN
from classroom.student_code.inprocess import InProcess
from classroom.student_code.student import Call

ROWS, PREFIX, CENTRED, SCALE = (materialise(q, seed=1) for q in sample.QUESTIONS)


def verdict(drawn, implementation):
    return examine(drawn, InProcess({drawn.target: implementation}))


def passed(result):
    return [c.name for c in result.criteria if c.passed]


def test_points_are_shared_by_weight():
    result = verdict(ROWS, sample.rows_cut)
    assert passed(result) == ["values", "shape and dtype", "no Python loop"]
    assert (result.score, result.max_score) == (3.0, 4.0)
    assert result.diagnosis == "No gradient comes back: `detach` cuts the graph."


def test_a_mistake_is_named_and_located():
    result = verdict(ROWS, sample.rows_over_columns)
    assert result.diagnosis == "Your *columns* sum to 1; sum over the last axis."
    values = result.criteria[0]
    x = torch.from_numpy(ROWS.cases[0].calls[0].arguments[0])
    worst = (sample.rows_over_columns(x) - sample.rows(x)).abs().argmax().item()
    assert f"at [{worst // 3}, {worst % 3}]" in values.message
    assert "With a square matrix: your output is" in values.message
    assert "9 of 9 entries" in values.message


def test_two_mistakes_at_once_are_both_named():
    # Columns in single precision; in float32 it is the misconception "columns", in float64 it is neither.
    result = verdict(ROWS, lambda x: sample.rows_over_columns(x.float()))
    assert result.diagnosis.startswith("Two things. First: Your *columns* sum to 1; sum over the last axis. Second:")
    assert "their dtype is float32 where it should be float64" in result.diagnosis


def test_what_explains_a_part_only_is_not_named():
    # The misconception "columns" in the square matrix, something that has no name in the wide one.
    result = verdict(ROWS, lambda x: sample.rows_over_columns(x) if len(x) == x.shape[-1] else x.cos() + x.sin())
    assert result.diagnosis is None


def test_an_unknown_mistake_gets_no_guess():
    assert verdict(ROWS, lambda x: x * 3 - 1).diagnosis is None


@pytest.mark.parametrize(
    ("drawn", "lazy"),
    [
        (ROWS, lambda x: x),
        (ROWS, torch.zeros_like),
        (ROWS, torch.rand_like),
        (ROWS, lambda x: x.sum(-1, keepdim=True).expand_as(x)),
        (ROWS, lambda x: 1e-20 * sample.rows(x)),
        (PREFIX, lambda x: x),
        (PREFIX, torch.zeros_like),
        (PREFIX, torch.ones_like),
        (PREFIX, lambda x: torch.arange(x.numel()).view(x.shape) / 7),
        (PREFIX, lambda x: x[:1].expand_as(x)),
        (PREFIX, lambda x: 1e-20 * sample.running_mean(x)),
        (PREFIX, lambda x: 1 + 1e-6 * sample.running_mean(x)),
        (CENTRED, lambda x: x),
        (CENTRED, torch.zeros_like),
        (CENTRED, lambda x: torch.full_like(x, torch.nan)),
        (CENTRED, lambda x: 1e-20 * x),
    ],
)
def test_laziness_earns_nothing(drawn, lazy):
    assert verdict(drawn, lazy).score == 0


def test_a_property_is_earned_only_with_right_values_in_an_ordinary_case():
    result = verdict(PREFIX, sample.running_sum)
    assert passed(result) == []
    assert result.criteria[1].message == NOT_YET
    assert passed(verdict(CENTRED, lambda x: 2 * sample.centred(x))) == []
    # Right in float32 alone: the ordinary case "a square matrix" is right, the one in double precision is not.
    result = verdict(ROWS, lambda x: sample.rows(x) * (1 + (x.dtype == torch.float64)))
    assert passed(result) == ["gradients", "shape and dtype", "no Python loop"]


def test_a_case_that_needs_no_understanding_is_not_ordinary():
    """Of a single column each share is 1, which is what `ones` answers as well."""

    def with_a_column(rng):
        column = Case("a column", (Call((sample.positive(rng, 3, 1),)),), frozenset({"values", "shape"}))
        return [column, *sample.row_cases(rng)]

    drawn = materialise(replace(sample.ROWS, cases=with_a_column), 0)
    assert [ORDINARY in case.tags for case in drawn.cases] == [False, True, True, False]
    assert verdict(drawn, torch.ones_like).score == 0


def test_a_broken_property_says_what_moved():
    message = verdict(PREFIX, sample.mean_of_all).criteria[1].message
    assert "your output changed although only the future changed" in message


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        (lambda x: None, "returned None (is a `return` missing?)"),
        (lambda x: "1.0", "returned a str"),
        (lambda x: {"a": x}, "returned a dict"),
        (lambda x: x.detach().numpy(), "returned a numpy array"),
        (lambda x: (), "returned 0 values"),
        (lambda x: (x,) * 99, "returned 99 values"),
        (lambda x: (x, x), "returned 2 outputs instead of one output"),
        (lambda x: torch.zeros(1).expand(10**12), "far more numbers"),
        (lambda x: x.to_sparse(), "unusual kind"),
        (lambda x: x * 1j, "unusual kind"),
        (lambda x: torch.empty(x.shape, device="meta"), "unusual kind"),
        (lambda x: rows_in_place(x), "in place"),
        (lambda x: exit(), "SystemExit"),
        (lambda x: rows_recursive(x), "RecursionError"),
        (lambda x: 1 / 0, "ZeroDivisionError"),
    ],
)
def test_what_cannot_be_judged_is_no_point_and_one_sentence(returned, words):
    result = verdict(ROWS, returned)
    assert result.score == 0
    assert words in result.criteria[0].message
    assert "Traceback" not in result.criteria[0].message


def rows_in_place(x):
    with torch.no_grad():
        x /= x.sum(dim=-1, keepdim=True)
    return x * 1


def rows_recursive(x):
    return rows_recursive(x)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_are_not_finite_never_pass(number):
    result = verdict(ROWS, lambda x: torch.full_like(x, number))
    assert passed(result) == []
    assert ("NaN" if number != number else "infinite") in result.criteria[0].message


def test_a_forged_tensor_is_judged_by_its_numbers():
    class Agreeable(torch.Tensor):
        def __eq__(self, other):
            return True

        def __array__(self, *_):
            return np.ones(3)

        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            return True if func is torch.allclose else super().__torch_function__(func, types, args, kwargs)

    assert verdict(ROWS, lambda x: x.as_subclass(Agreeable)).score <= 0.5
    assert verdict(ROWS, lambda x: sample.rows(x).as_subclass(Agreeable)).score == 4


def test_the_stub_is_told_so_kindly():
    def normalise(x):
        raise NotImplementedError("not written yet")

    result = verdict(ROWS, normalise)
    assert result.score == 0
    assert result.diagnosis == NOT_WRITTEN
    assert {c.message for c in result.criteria} == {NOT_WRITTEN}
    assert result.not_written


def test_a_stub_in_one_branch_only_is_an_error_like_any_other():
    def normalise(x):
        if x.dtype == torch.float64:
            raise NotImplementedError
        return sample.rows(x)

    result = verdict(ROWS, normalise)
    assert result.score == 4 * (1 + 0.5) / 4
    assert result.diagnosis != NOT_WRITTEN


def test_an_undefined_target_is_named():
    result = examine(ROWS, InProcess({}))
    assert result.score == 0
    assert result.diagnosis == "`normalise` is not defined: run the cell that defines it, then check again."


def test_no_evidence_is_no_points_and_the_reason():
    result = without_evidence(ROWS, "Time ran out.")
    assert result.score == 0
    assert {c.message for c in result.criteria} == {"Time ran out."}
    assert result.diagnosis == "Time ran out."


def test_a_class_is_built_filled_and_called():
    assert verdict(SCALE, sample.Scale).score == 3
    assert verdict(SCALE, sample.ScaleWithBuffer).score == 3
    wrong = verdict(SCALE, sample.ScaleWithoutShift)
    assert wrong.diagnosis == "`shift` is never used."
    assert "No gradient reaches the parameter `shift`" in wrong.criteria[1].message


def test_a_class_with_other_parameters_is_told_which():
    class Biased(sample.Scale):
        def __init__(self, size):
            super().__init__(size)
            self.bias = torch.nn.Parameter(torch.zeros(size))

    assert "parameters are bias, gain, shift, but they must be gain, shift" in verdict(SCALE, Biased).diagnosis
    assert "must be a subclass of torch.nn.Module" in verdict(SCALE, lambda size: sample.rows).diagnosis


def test_judging_is_deterministic_and_leaves_no_trace():
    def noisy(x):
        print("noise")
        return x + torch.rand_like(x) * 1e-3

    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, second = verdict(ROWS, noisy), verdict(ROWS, noisy)
    assert first == second
    assert torch.equal(before, torch.get_rng_state())


def test_an_error_that_some_cases_meet_is_quoted_once():
    def normalise(x):
        return x / x.sum(dim=-1)  # fits a square matrix only

    result = verdict(ROWS, normalise)
    assert result.diagnosis.startswith("RuntimeError: The size of tensor")
    assert (
        result.criteria[2].message == "Your code raises the error named above, with a wide matrix in double precision."
    )
