"""Criteria on plain arrays: what passes, what fails, and the words."""

import numpy as np
import pytest

from classroom.errors import ClassroomError
from classroom.questions import criteria
from classroom.questions.criteria import Cost, Gradients, Permuted, ShapeAndDtype, Unchanged, Values
from classroom.questions.question import Case
from classroom.student_code.student import Answer, Array, Call

A = np.array([[0.1, 0.9], [0.5, 0.5]], dtype=np.float32)
ONE = Case("one", (Call((A * 7,)),), frozenset())
TWO = Case("two", (Call((A * 7,)), Call((A * 8,))), frozenset())


def answer(*arrays, dtype=None, **rest):
    return Answer(tuple(Array(np.asarray(a), dtype or np.asarray(a).dtype.name) for a in arrays), **rest)


@pytest.mark.parametrize("criterion", [Values(), ShapeAndDtype(), Gradients(), Unchanged(), Permuted(), Cost()])
@pytest.mark.parametrize("nothing", [Answer(), Answer(error="It broke.")], ids=["empty", "error"])
def test_absent_evidence_never_passes(criterion, nothing):
    case = Case("two", TWO.calls, frozenset(), {"permutation": np.array([1, 0])})
    right = answer(A, gradients={"argument 0": A}, operations=3)
    assert criterion.judge(case, [right, right], [nothing, nothing])
    assert criterion.judge(case, [right, right], [right, nothing])


def test_values_pass_within_the_tolerance_and_fail_just_outside():
    criterion = Values(rtol=0, atol=1e-3)
    assert criterion.judge(ONE, [answer(A)], [answer(A + 0.49e-3)]) is None  # the second row's largest entry is 0.5
    assert "2 of 4 entries" in criterion.judge(ONE, [answer(A)], [answer(A + 0.51e-3)])
    assert "4 of 4 entries" in criterion.judge(ONE, [answer(A)], [answer(A + 0.91e-3)])  # and the first one's 0.9


@pytest.mark.parametrize("size", [1e-12, 1e-3, 1.0, 1e6])
def test_tolerances_follow_the_size_of_what_is_compared(size):
    wide = A.astype(np.float64) * size
    assert Values().judge(ONE, [answer(wide)], [answer(wide * (1 + 0.9e-4))]) is None
    assert Values().judge(ONE, [answer(wide)], [answer(wide * (1 + 2.1e-4))])
    right = answer(A, gradients={"argument 0": wide})
    near, far = (answer(A, gradients={"argument 0": wide * (1 + e)}) for e in (0.9e-3, 2.1e-3))
    assert Gradients().judge(ONE, [right], [near]) is None
    assert "The gradient with respect to the first argument" in Gradients().judge(ONE, [right], [far])


def test_a_small_row_is_judged_as_a_tenth_of_the_largest():
    right = np.array([[1000.0, 1000.0], [1.0, 0.0]])
    for off, passes in ((0.9e-3, True), (1.1e-3, False)):  # 1e-5 of a tenth of 1000
        given = right + np.array([[0, 0], [0, off]])
        assert (Values(rtol=0).judge(ONE, [answer(right)], [answer(given)]) is None) == passes


def test_values_name_the_worst_entry_and_how_many_differ():
    given = A.copy()
    given[1, 0], given[0, 1] = 0.75, 0.91
    sentence = Values().judge(ONE, [answer(A)], [answer(given)])
    assert sentence == ("Your output is 0.75 instead of 0.5 at [1, 0], where it differs most (2 of 4 entries differ).")


def test_values_name_nan_first():
    given = A.copy()
    given[0] = [100, np.nan]
    assert "is NaN (not a number) at [0, 1], expected 0.9" in Values().judge(ONE, [answer(A)], [answer(given)])


def test_equal_infinities_agree_and_opposite_ones_do_not():
    infinite = np.array([1.0, -np.inf])
    assert Values().judge(ONE, [answer(infinite)], [answer(infinite)]) is None
    assert "infinite at [1], expected -inf" in Values().judge(ONE, [answer(infinite)], [answer(-infinite)])


def test_whole_numbers_and_truth_values_are_exact():
    numbers = np.array([10**9, 2])
    assert Values().judge(ONE, [answer(numbers)], [answer(numbers)]) is None
    assert "is 1000000001 instead of 1000000000 at [0]" in Values().judge(
        ONE, [answer(numbers)], [answer(numbers + np.array([1, 0]))]
    )
    truth = np.array([True, False])
    assert "is True instead of False at [1]" in Values().judge(ONE, [answer(truth)], [answer(truth | True)])


def test_half_precision_is_judged_with_its_own_tolerance():
    near = (A * 1.005).astype(np.float32)
    assert Values().judge(ONE, [answer(A)], [answer(near)])
    assert Values().judge(ONE, [answer(A, dtype="bfloat16")], [answer(near, dtype="bfloat16")]) is None


def test_values_count_the_outputs_and_name_the_one_that_differs():
    pair = answer(A, A)
    assert "one output instead of 2 outputs" in Values().judge(ONE, [pair], [answer(A)])
    assert Values().judge(ONE, [pair], [answer(A, A + 1)]).startswith("Your output number 2 is")
    assert (
        Values().judge(TWO, [pair, pair], [pair, answer(A + 1, A)]).startswith("In call 2 of 2: Your output number 1")
    )


def test_shape_and_dtype_say_both_sides():
    criterion = ShapeAndDtype()
    assert criterion.judge(ONE, [answer(A)], [answer(A.T * 3)]) is None
    assert "shape (1, 2) instead of (2, 2)" in criterion.judge(ONE, [answer(A)], [answer(A[:1])])
    assert "shape (2,) instead of ()" in criterion.judge(ONE, [answer(A[0, 0])], [answer(A[0])])
    assert "float64 instead of float32" in criterion.judge(ONE, [answer(A)], [answer(A.astype(np.float64))])


def test_a_gradient_that_is_zero_may_also_be_absent():
    right = answer(A, gradients={"argument 0": A, "argument 1": np.zeros(2)})
    assert Gradients().judge(ONE, [right], [answer(A, gradients={"argument 0": A, "argument 1": None})]) is None
    cut = answer(A, gradients={"argument 0": None, "argument 1": None})
    assert "No gradient reaches the first argument" in Gradients().judge(ONE, [right], [cut])
    wrong = answer(A, gradients={"argument 0": A, "argument 1": np.ones(2)})
    assert "gradient with respect to the second argument is 1 instead of 0" in Gradients().judge(ONE, [right], [wrong])
    assert "No gradient could be computed" in Gradients().judge(ONE, [right], [answer(A)])


def test_unchanged_looks_where_it_is_told_and_wants_the_rest_to_move():
    case = Case("two", TWO.calls, frozenset(), {"unchanged": np.array([[True], [False]])})
    moved = A.copy()
    moved[1] += 0.3
    right = [answer(A), answer(moved)]
    assert Unchanged().judge(case, right, [answer(A * 2), answer(moved * 2)]) is None
    assert "Your output changed although only" in Unchanged().judge(case, right, [answer(A), answer(moved + 1)])
    assert "0 of the 2 entries" in Unchanged().judge(case, right, [answer(A), answer(A)])


@pytest.mark.parametrize("factor", [1e-20, 1e-3, 1.0, 1e3])
def test_a_property_is_judged_in_proportion_to_the_output(factor):
    """Leaking a hundredth of what should stay is a leak, however small the output is."""
    case = Case("two", TWO.calls, frozenset(), {"unchanged": np.array([[True], [False]])})
    wide = A.astype(np.float64)
    moved = wide + np.array([[0, 0], [0.3, 0.3]])
    leak = moved + np.array([[0.01, 0], [0, 0]])
    right = [answer(wide), answer(moved)]
    assert "although only" in Unchanged().judge(case, right, [answer(wide * factor), answer(leak * factor)])
    order = Case("two", TWO.calls, frozenset(), {"permutation": np.array([1, 0])})
    reordered = [answer(wide), answer(wide[[1, 0]])]
    leaking = [answer(wide * factor), answer((wide[[1, 0]] + np.array([[0.01, 0], [0, 0]])) * factor)]
    assert "should only reorder" in Permuted().judge(order, reordered, leaking)


@pytest.mark.parametrize(("part", "passes"), [(1e-20, False), (0.12, False), (0.13, True), (1.0, True), (5.0, True)])
def test_what_must_change_has_to_change_by_as_much_as_it_should(part, passes):
    case = Case("two", TWO.calls, frozenset(), {"unchanged": np.array([[True], [False]])})
    change = np.array([[0, 0], [0.3, -0.3]])
    wide = A.astype(np.float64)
    right = [answer(wide), answer(wide + change)]
    assert (Unchanged().judge(case, right, [answer(wide), answer(wide + part * change)]) is None) == passes


def test_where_nothing_may_change_a_third_call_asks_for_a_change():
    other = A[[1, 0]]
    right = [answer(A), answer(A), answer(other)]
    three = Case("three", (*TWO.calls, Call((A * 9,))), frozenset())
    assert Unchanged().judge(three, right, right) is None
    assert "does not depend on its inputs" in Unchanged().judge(three, right, [answer(A)] * 3)
    assert "although only" in Unchanged().judge(three, right, [answer(A), answer(other), answer(other)])
    assert "add a third call" in Unchanged().judge(TWO, right[:2], right[:2])


def test_a_copy_of_an_argument_satisfies_no_property():
    case = Case("two", TWO.calls, frozenset(), {"unchanged": np.array([[False], [False]])})
    copies = [answer(A * 7), answer(A * 8)]
    assert "copy of the first argument" in Unchanged().judge(case, [answer(A), answer(A + 1)], copies)
    assert Unchanged().judge(case, copies, copies) is None  # unless the reference copies it too


def test_a_property_needs_two_calls():
    assert "compares two calls, and this case has 1" in Unchanged().judge(ONE, [answer(A)], [answer(A)])


def test_permuted_follows_the_order_along_its_axis():
    case = Case("two", TWO.calls, frozenset(), {"permutation": np.array([1, 0])})
    right = [answer(A), answer(A[[1, 0]])]
    assert Permuted().judge(case, right, right) is None
    assert "should only reorder" in Permuted().judge(case, right, [answer(A), answer(A)])
    columns = [answer(A), answer(A[:, [1, 0]])]
    assert Permuted(axis=-1).judge(case, columns, columns) is None


def test_cost_counts_only_for_right_values():
    right = [answer(A, operations=4), answer(A, operations=4)]
    assert Cost().judge(TWO, right, [answer(A, operations=5), answer(A, operations=7)]) is None
    looped = [answer(A, operations=5), answer(A, operations=8)]
    assert "5 torch operations on a small input and 8" in Cost().judge(TWO, right, looped)
    assert "values have to be right first" in Cost().judge(
        TWO, right, [answer(A, operations=4), answer(A + 1, operations=4)]
    )
    assert "No torch operation was seen" in Cost().judge(TWO, right, [answer(A, operations=0), answer(A, operations=0)])
    assert "No torch operation was seen" in Cost().judge(TWO, right, [answer(A), answer(A)])


@pytest.mark.parametrize(
    "criterion",
    [
        Values(2, rtol=1e-6),
        Gradients(tag="g"),
        ShapeAndDtype(name="form"),
        Unchanged(what="the rest"),
        Permuted(axis=0),
        Cost(slack=5),
    ],
)
def test_criteria_survive_json(criterion):
    assert criteria.from_json(criteria.to_json(criterion)) == criterion


@pytest.mark.parametrize("data", [{"kind": "Magic"}, {}, {"kind": "Values", "colour": 3}])
def test_unknown_criteria_are_refused(data):
    with pytest.raises(ClassroomError):
        criteria.from_json(data)


def costs(*pairs, operations=4):
    """The verdict on right values whose calls cost these operations and repeats; the reference's are 4."""
    right = [answer(A, operations=operations, repeats=1) for _ in pairs]
    case = Case("many", tuple(Call((A * (7 + i),)) for i in range(len(pairs))), frozenset())
    return Cost().judge(case, right, [answer(A, operations=o, repeats=r) for o, r in pairs])


def test_cost_may_not_grow_along_any_axis():
    """The first call is the small one; each other call is larger along an axis of its own."""
    assert costs((5, 1), (5, 1), (7, 1), (5, 1)) is None
    assert "5 torch operations on a small input and 8" in costs((5, 1), (8, 1), (5, 1))
    assert "5 torch operations on a small input and 8" in costs((5, 1), (5, 1), (8, 1))
    assert "5 torch operations on a small input and 8" in costs((8, 1), (5, 1))  # fewer is a loop as well


def test_cost_counts_repeated_lines_too():
    assert costs((5, 3), (5, 3)) is None
    assert "same line again and again" in costs((5, 3), (5, 4))
    assert "same line again and again" in costs((5, 3), (5, 3), (5, 4))
    assert "same line again and again" in costs((5, 4), (5, 3))


@pytest.mark.parametrize(("repeats", "passes"), [(24, True), (25, False)])
def test_a_loop_of_fixed_length_is_a_loop_too(repeats, passes):
    assert (costs((5, repeats), (5, repeats)) is None) == passes


@pytest.mark.parametrize(
    ("reference", "given", "passes"), [(4, 60, True), (4, 61, False), (9, 90, True), (9, 91, False)]
)
def test_as_many_operations_as_no_straight_answer_needs_are_a_loop(reference, given, passes):
    """However equal they are in both sizes: a loop over places up to a largest size."""
    assert (costs((given, 1), (given, 1), operations=reference) is None) == passes
