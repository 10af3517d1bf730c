"""The words for hidden cases: they name the mistake, and hold no number that was sent to the student's code."""

import re

import numpy as np
import pytest
import sample_questions as sample
import torch
from nbformat.v4 import new_code_cell, new_notebook
from submissions import SELF_ATTENTION

from classroom.compare import difference
from classroom.questions.drawing import materialise
from classroom.questions.examiner import examine, judge
from classroom.questions.precise import answers_of
from classroom.student_code.inprocess import InProcess
from classroom.student_code.student import Answer
from classroom.submissions.discreet import UNKNOWN, Discreet, discreet

ROWS, PREFIX, CENTRED, SCALE = (materialise(q, seed=1) for q in sample.QUESTIONS)
REAL = [q for q in SELF_ATTENTION.questions if q.id in ("project-qkv", "attention-scores", "decoder-mask", "steer")]
QUESTIONS = [*sample.QUESTIONS, *REAL]
LEFT_OUT = "its message is left out here, because it may quote hidden inputs."


def verdict(drawn, implementation, *words):
    return examine(drawn, InProcess({drawn.target: implementation}), Discreet([], {drawn.target, *words}))


def said(result):
    """Everything that a student reads: what is the diagnosis already is not shown again."""
    return " ".join(dict.fromkeys(filter(None, [result.diagnosis, *(c.message for c in result.criteria)])))


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.id)
def test_a_misconception_is_named_and_no_number_of_a_case_is_said(question):
    drawn = materialise(question, seed=5)
    for misconception in question.misconceptions:
        result = judge(drawn, answers_of(misconception.implementation, drawn.cases), Discreet([]))
        assert result.diagnosis == misconception.sentence
        lost = [c.message for c in result.criteria if not c.passed]
        assert lost
        for message in lost:
            assert not re.search(r"\d", without_names(message, drawn, misconception.sentence)), message


def without_names(message, drawn, sentence):
    """A message without what is the same for every seed: the cases' names, dtypes, torch's own names, and counts."""
    for name in (sentence, *(case.name for case in drawn.cases)):
        message = message.replace(name, "")
    message = re.sub(r"\b(int|float)\d+|batch2|mat[12]|number \d|x /= 2|x / 2", "", message)
    return re.sub(r"in call \d of \d|in \d other cases?", "", message, flags=re.IGNORECASE)


@pytest.mark.parametrize(
    ("drawn", "implementation", "criterion", "words"),
    [
        (ROWS, lambda x: x * 0 + 9, 0, "Your output differs from what it should be in every entry."),
        (ROWS, lambda x: x * torch.nan, 0, "Your output is NaN (not a number) in every entry."),
        (ROWS, lambda x: x / 0, 0, "Your output is infinite in every entry."),
        (ROWS, lambda x: sample.rows(x).T, 2, "has its axes in another order."),
        (ROWS, lambda x: sample.rows(x)[None], 0, "Your output has too many axes."),
        (ROWS, lambda x: sample.rows(x)[0], 0, "has too few axes."),
        (ROWS, lambda x: sample.rows(x)[:, :2], 0, "has the wrong length along its last axis."),
        (ROWS, lambda x: sample.rows(x)[:1, :1], 0, "has the wrong length along its first and last axes."),
        (ROWS, lambda x: sample.rows(x).double(), 2, "your output is float64 instead of float32."),
        (ROWS, lambda x: (x, x), 0, "Your code returned too many outputs."),
        (ROWS, sample.rows_looped, 3, "your code runs more torch operations on a larger input: it loops in Python."),
        (PREFIX, sample.mean_of_all, 1, "only the future changed: it differs from what it should be in every entry."),
        (CENTRED, torch.ones_like, 1, "is the same number everywhere"),
        (CENTRED, lambda x: x.sort(dim=-2).values, 1, "reordered output differs from what it should be in "),
        (SCALE, sample.ScaleWithoutShift, 1, "No gradient reaches the parameter `shift`"),
    ],
)
def test_what_is_wrong_is_said_in_words(drawn, implementation, criterion, words):
    assert words in verdict(drawn, implementation).criteria[criterion].message


def test_truth_values_may_be_said():
    right, wrong = np.array([True, False, False]), np.array([True, True, False])
    assert Discreet([]).difference(difference(right, wrong, 0, 0)) == "is True instead of False in some entries"
    assert Discreet([]).difference(difference(right, ~right, 0, 0)) == "differs from what it should be in every entry"


# As torch and Python say it today: where a release words it otherwise, it is left out, and this test says so.
RAISING = {
    "The size of tensor a (…) must match the size of tensor b (…) at non-singleton dimension …": lambda x: x + x[:, :2],
    "mat1 and mat2 shapes cannot be multiplied (…x… and …x…)": lambda x: x @ x[:2],
    "expected m1 and m2 to have the same dtype, but got: float != …": lambda x: x.float() @ x.double().T,
    "shape '…' is invalid for input of size …": lambda x: x.view(7, 11),
    "Dimension out of range (expected to be in range of …, but got …)": lambda x: x.sum(5),
    "index … is out of bounds for dimension … with size …": lambda x: x[99],
    "too many indices for tensor of dimension …": lambda x: x[0, 0, 0],
    "Sizes of tensors must match except in dimension …. Expected size … but got size … for tensor number … in the "
    "list": lambda x: torch.cat([x, x[:, :1]]),
    "stack expects each tensor to be equal size, but got … at entry … and … at entry …": lambda x: torch.stack(
        [x, x[:1]]
    ),
    "Boolean value of Tensor with more than one value is ambiguous": lambda x: x if x > 0 else -x,
    "masked_fill_ only supports boolean masks, but got mask with dtype float": lambda x: x.float().masked_fill(
        x.float(), 0
    ),
    "The expanded size of the tensor (…) must match the existing size (…) at non-singleton dimension …. "
    "Target sizes: …. Tensor sizes: …": lambda x: x.expand(9, 9),
    "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead": lambda x: (
        x.requires_grad_().numpy()
    ),
    "name '…' is not defined": lambda x: undefined,
    "'Tensor' object has no attribute '…'": lambda x: x.undefined,
    "unsupported operand type(s) for @: '…' and '…'": lambda x: x @ [1],
    "'int' object is not callable": lambda x: len(x)(x),
    "'NoneType' object is not subscriptable": lambda x: x.grad[0],
    "division by zero": lambda x: 1 / 0,
    "list index out of range": lambda x: [][3],
    "not enough values to unpack (expected …, got …)": lambda x: (lambda a, b: a)(*_pair(x)),
    "maximum recursion depth exceeded": lambda x: _endless(x),
    "your code ends the program; return the result instead": lambda x: exit(),
}


def _pair(x):
    a, b = [x]
    return a, b


def _endless(x):
    return _endless(x)


@pytest.mark.parametrize("message", RAISING)
def test_errors_that_are_known_are_said_without_their_numbers(message):
    assert f": {message}." in verdict(ROWS, RAISING[message]).diagnosis


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        (lambda x: None, "Your code returned None (is a `return` missing?); return a torch.Tensor."),
        (lambda x: "1.0", "Your code returned a str; return a torch.Tensor."),
        (lambda x: x.detach().numpy(), "Your code returned a numpy array; return a torch.Tensor."),
        (lambda x: (), "Your code returned too many values, or none; return the tensors that are asked for."),
        (lambda x: torch.zeros(1).expand(10**12), "far more numbers"),
        (lambda x: x.to_sparse(), "tensor of an unusual kind"),
        (lambda x: x.detach().mul_(2), "changes the first argument in place"),
        (lambda x: torch.softmax(x, -1), "your code calls torch.softmax, which is not allowed"),
    ],
)
def test_our_own_sentences_stay(returned, words):
    assert words in verdict(ROWS, returned, "torch", "softmax").diagnosis


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (lambda size: sample.rows, "`Scale` must be a subclass of torch.nn.Module."),
        (lambda size: torch.nn.Linear(size, size), "parameters do not have the names that they must have"),
        (lambda size: sample.Scale(size + 1), "Your module's parameter gain has the wrong shape."),
    ],
)
def test_sentences_about_a_module_stay(layer, words):
    layer.__name__ = "Scale"
    assert words in verdict(SCALE, layer, "gain").diagnosis


def test_the_task_s_own_words_are_those_of_its_questions():
    told = discreet(new_notebook(cells=[new_code_cell("loss = 1")]), {"scale": SCALE, "rows": ROWS})
    assert told.error("`normalise` must be a subclass of torch.nn.Module.").startswith("`normalise` must")
    assert told.error("Your module's parameter gain has shape (2,) instead of (3,).").startswith(
        "Your module's parameter gain has the wrong shape"
    )
    assert told.error("Your module's parameter loss has shape (2,) instead of (3,).").startswith(
        "Your module's parameter … has the wrong shape"
    )


def test_where_the_code_raised_is_quoted_from_the_notebook_alone():
    source = "def normalise(x):\n    return x / unknown"
    sentence = "NameError in `normalise`, line 2 (`return x / unknown`): name 'unknown' is not defined."
    place = "NameError in {}, line 2 (`return x / unknown`): name '…' is not defined."
    assert Discreet([source], {"normalise"}).error(sentence) == place.format("`normalise`")
    assert Discreet([source]).error(sentence) == place.format("your code")  # one name of many could spell a number
    assert Discreet(["another"]).error(sentence) == "NameError: name '…' is not defined."
    assert Discreet([source]).error(sentence.replace("line 2", "line 7")).startswith("NameError: ")


X = ROWS.cases[0].calls[0].arguments[0]


@pytest.mark.parametrize(
    "sentence",
    [
        f"ValueError: {X.tolist()}.",
        f"E{X[0, 0]}: x.",
        f"{str(X[0, 0]).replace('.', 'p')}: x.",
        f"NameError: name 'x{str(X[0, 0])[2:]}' is not defined.",
        f"NameError in `v{str(X[0, 0])[2:]}`, line {str(X[0, 1])[2:]} (`{X[0, 2]}`): name 'x' is not defined.",
        f"RuntimeError: The size of tensor a ({X[0, 0]}) must match the size of tensor b ({X[0, 1]}) at "
        "non-singleton dimension 1.",
        f"`{str(X[0, 0])[2:]}` is not defined: run the cell that defines it, then check again.",
        f"Your code returned a {str(X[0, 0])[2:]}; return a torch.Tensor.",
        f"Your module's parameters are {X[0, 0]}, but they must be {X[0, 1]}: the attributes' names are part of the "
        "task.",
        f"Your module's parameter {X[0, 0]} has shape {X.tolist()[0]} instead of (3,).",
        f"`normalise` ran longer than {X[0, 0]} s and was stopped. Is there a loop that never ends?",
        f"{X.tolist()}",
        "\n".join(map(str, X.ravel())),
    ],
)
def test_a_process_cannot_spell_its_inputs(sentence):
    actual = [[Answer(error=sentence) for _ in case.calls] for case in ROWS.cases]
    told = said(judge(ROWS, actual, Discreet(["def normalise(x): return x"], {"normalise"})))
    for number in X.ravel():
        digits = str(number).replace("-", "").replace(".", "")[1:5]
        assert digits not in re.sub(r"\D", "", told)
    assert len(told) < 1000


@pytest.mark.parametrize(
    "sentence",
    [
        "NameError: name 'd116' is not defined.",
        "AttributeError: 'd116' object has no attribute 'd117'.",
        "TypeError: d116() got an unexpected keyword argument 'd117'.",
        "d116 in `d117`, line 118 (`1 / (d116)`): division by zero.",
        "`d116` is not defined: run the cell that defines it, then check again.",
        "Your code returned a d116; return a torch.Tensor.",
        "Your module's parameter d116 has shape (1,) instead of (3,).",
        "This question asks you to write it yourself: your code calls d116, which is not allowed.",
    ],
)
def test_a_notebook_that_holds_a_thousand_names_and_lines_chooses_none_for_the_reader(sentence):
    names = "\n".join(f"1 / (d{number})" for number in range(1000))
    told = Discreet([names], {"normalise"}).error(sentence)
    assert not re.search(r"\d", told), told


def test_of_several_types_only_the_first_is_said():
    said = Discreet([]).error("TypeError: unsupported operand type(s) for @: 'Tensor' and 'list'.")
    assert said == "TypeError: unsupported operand type(s) for @: '…' and '…'."
    assert (
        Discreet([])
        .error("TypeError: 'NoneType' object is not callable.")
        .endswith("'NoneType' object is not callable.")
    )


def test_an_unknown_error_says_its_kind_and_that_something_is_left_out():
    def normalise(x):
        raise ValueError(f"I saw {x.tolist()}")

    assert verdict(ROWS, normalise).diagnosis == f"ValueError: {LEFT_OUT}"
    assert Discreet([]).error("I saw it") == UNKNOWN
