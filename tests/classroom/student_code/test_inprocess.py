"""Calls into student code: what crosses the seam, what is caught, what is put back."""

import functools
import warnings

import numpy as np
import pytest
import torch

from classroom.student_code.inprocess import InProcess
from classroom.student_code.student import Call

X = np.array([[1.0, 2.0], [3.0, 4.0]], dtype=np.float32)


def ask(function, call=None, forbidden=(), **names):
    return InProcess({"f": function} | names).answer("f", call or Call((X,)), forbidden)


def notebook(source):
    """A student whose code was run as a cell, so that errors have lines."""
    student = InProcess({})
    assert student.run_cell(source).error is None
    return student


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, np.int64, np.int32, np.uint8, np.bool_])
def test_arrays_keep_dtype_shape_and_values(dtype):
    array = np.arange(6).reshape(2, 3).astype(dtype)
    (output,) = ask(lambda x: x.clone(), Call((array,))).outputs
    assert output.dtype == np.dtype(dtype).name
    assert output.values.dtype == dtype
    np.testing.assert_array_equal(output.values, array)


def test_bfloat16_crosses_as_float32_and_says_so():
    (output,) = ask(lambda x: x.to(torch.bfloat16)).outputs
    assert output.dtype == "bfloat16"
    assert output.values.dtype == np.float32


def test_scalars_go_in_and_come_out():
    answer = ask(lambda x, n, flag: (n + 1, flag, 0.5), Call((X, 3, True)))
    assert [o.values.item() for o in answer.outputs] == [4, True, 0.5]
    assert [o.dtype for o in answer.outputs] == ["int64", "bool", "float64"]


def test_gradients_are_those_of_autograd_in_closed_form():
    direction = np.array([[1.0, -1.0], [0.5, 2.0]], dtype=np.float32)
    answer = ask(lambda a, b: a**2 * 3 + b.sum() * 0, Call((X, X, None)[:2], cotangent=direction))
    np.testing.assert_allclose(answer.gradients["argument 0"], 6 * X * direction, rtol=1e-6)
    np.testing.assert_array_equal(answer.gradients["argument 1"], 0 * X)


def test_an_input_that_is_not_used_has_no_gradient():
    answer = ask(lambda a, b: a * 2, Call((X, X), cotangent=X))
    assert answer.gradients["argument 1"] is None


def test_a_cut_graph_gives_none_for_every_input():
    assert ask(lambda a: a.detach() * 2, Call((X,), cotangent=X)).gradients == {"argument 0": None}


@pytest.mark.parametrize("function", [lambda a: a.sum(), lambda a: a > 1, lambda a: a[:1]])
def test_an_output_that_the_cotangent_does_not_fit_has_no_gradients(function):
    answer = ask(function, Call((X,), cotangent=X))
    assert answer.error is None
    assert answer.gradients == {}


def test_operations_are_counted_without_importing_the_compiler():
    answer = ask(lambda x: (x + 1).exp() @ x, Call((X,), count_operations=True))
    assert answer.operations == 3
    looped = ask(lambda x: sum(row.sum() for row in x), Call((X,), count_operations=True))
    assert looped.operations > 3


def test_each_call_gets_fresh_tensors():
    call = Call((X,))
    seen = []
    student = InProcess({"f": lambda x: seen.append(x) or x * 1})
    student.answer("f", call)
    student.answer("f", call)
    assert seen[0].data_ptr() != seen[1].data_ptr()
    assert seen[0].data_ptr() != X.ctypes.data


@pytest.mark.parametrize("edit", ["x += 1", "x[0, 0] = 9", "x.zero_()", "x.resize_(4)", "x.t_()"])
def test_changing_an_argument_in_place_is_said(edit):
    student = notebook(f"import torch\ndef f(x):\n    out = x * 2\n    {edit}\n    return out")
    array = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], dtype=np.float32)
    answer = student.answer("f", Call((array,)))
    assert "changes the first argument in place" in answer.error
    np.testing.assert_array_equal(array, [[1, 2, 3], [4, 5, 6]])


def test_changing_an_argument_in_place_is_said_where_gradients_are_asked_for():
    """Autograd itself would refuse, in words about leaves that say nothing to a student."""
    student = notebook("def f(x):\n    x[..., 0] *= 2\n    return x")
    answer = student.answer("f", Call((X,), cotangent=np.ones_like(X)))
    assert "changes the first argument in place" in answer.error


def test_gradients_through_several_outputs_joined():
    """Of 1·2x + 10·3y, with outputs of widths 2 and 1; a detached output sends nothing back."""
    y = np.array([[1.0], [2.0]], dtype=np.float32)
    cotangent = np.array([[1, 1, 10], [1, 1, 10]], dtype=np.float32)
    answer = ask(lambda x, y: (x * 2, y * 3), Call((X, y), cotangent=cotangent))
    np.testing.assert_array_equal(answer.gradients["argument 0"], np.full((2, 2), 2))
    np.testing.assert_array_equal(answer.gradients["argument 1"], np.full((2, 1), 30))
    answer = ask(lambda x, y: (x * 2, y.detach() * 3), Call((X, y), cotangent=cotangent))
    assert answer.gradients["argument 1"] is None


def test_an_error_names_the_students_line():
    student = notebook("def helper(x):\n    y = x + 1\n    return y @ x[0, 0]\n\ndef f(x):\n    return helper(x)")
    error = student.answer("f", Call((X,))).error
    assert error.startswith("RuntimeError in `helper`, line 3: ")
    assert "\n" not in error


def test_a_long_error_is_cut():
    def f(x):
        raise ValueError("many words " * 1000)

    assert len(ask(f).error) < 400


def test_torchs_own_not_implemented_is_not_taken_for_the_stub():
    def f(x):
        raise NotImplementedError("\"softmax\" not implemented for 'Long'")

    assert ask(f).error == "NotImplementedError: \"softmax\" not implemented for 'Long'."


def test_what_is_missing_or_cannot_be_called_is_named():
    assert "`f` is not defined" in InProcess({}).answer("f", Call((X,))).error
    assert ask(3).error == "`f` is an int, but must be something to call: def or class."


def test_ctrl_c_reaches_the_person():
    def f(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask(f)


def test_nothing_is_printed_or_warned_and_everything_global_is_put_back(capfd):
    def f(x):
        print("to stdout" * 100_000)
        warnings.warn("a warning", stacklevel=1)
        torch.manual_seed(99)
        np.random.seed(99)
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)
        return x * 1

    torch.manual_seed(1)
    np.random.seed(1)
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()
    assert ask(f).error is None
    assert torch.equal(torch_state, torch.get_rng_state())
    np.testing.assert_array_equal(numpy_state, np.random.get_state()[1])
    assert torch.get_default_dtype() is torch.float32
    assert torch.is_grad_enabled()
    assert capfd.readouterr() == ("", "")


SOFTMAX = ("torch.softmax", "torch.nn.functional.softmax", "torch.Tensor.softmax")


@pytest.mark.parametrize(
    "body",
    [
        "torch.softmax(x, -1)",
        "x.softmax(-1)",
        "F.softmax(x, dim=-1)",
        "alias(x, dim=-1)",
        "partial(x)",
        "sneaky(x)",
    ],
)
def test_a_forbidden_name_raises_however_it_is_reached(body):
    student = notebook(
        "import functools, torch\nimport torch.nn.functional as F\nfrom torch.nn.functional import softmax as alias\n"
        "partial = functools.partial(F.softmax, dim=-1)\n"
        "def sneaky(x):\n    try:\n        return torch.softmax(x, -1)\n    except Exception:\n        return x * 1\n"
        f"def f(x):\n    return {body}"
    )
    before = (torch.softmax, torch.nn.functional.softmax, "softmax" in vars(torch.Tensor), student.namespace["alias"])
    error = student.answer("f", Call((X,)), SOFTMAX).error
    assert error.startswith("This question asks you to write it yourself: your code calls torch.")
    after = (torch.softmax, torch.nn.functional.softmax, "softmax" in vars(torch.Tensor), student.namespace["alias"])
    assert before == after
    assert student.answer("f", Call((X,))).error is None


def test_a_forbidden_class_is_caught_in_subclasses_and_older_instances():
    made = torch.nn.Linear(2, 2)

    class Mine(torch.nn.Linear):
        pass

    for function in (lambda x: Mine(2, 2)(x), lambda x: made(x), lambda x: torch.nn.Linear(2, 2)(x)):
        assert "torch.nn.Linear" in ask(function, forbidden=("torch.nn.Linear",)).error
        assert ask(function).error is None


def test_a_forbidden_name_that_is_not_installed_is_passed_over():
    assert ask(lambda x: x * 2, forbidden=("no_such_library.attention",)).error is None


def test_names_are_put_back_after_an_error():
    before = torch.softmax
    assert "ZeroDivisionError" in ask(lambda x: 1 / 0, forbidden=SOFTMAX).error
    assert torch.softmax is before


def test_a_cell_that_raises_is_an_outcome():
    student = InProcess({})
    assert student.run_cell("x = 1\nx / 0").error == "ZeroDivisionError in your code, line 2: division by zero."
    assert student.run_cell("def broken(:").error.startswith("SyntaxError in line 1")
    assert student.run_cell("y = x + 1").error is None
    assert student.namespace["y"] == 2
    with student:
        pass


def test_partial_objects_are_callable_targets():
    assert ask(functools.partial(torch.mul, other=2)).error is None
