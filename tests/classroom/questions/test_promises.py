"""The walk through a question's text: what is promised and not tested is found, and what is named must exist."""

from dataclasses import replace

import nbformat
import numpy as np
import pytest
import sample_questions as sample

from classroom.questions.promises import NOTHING, gaps, promising, signature_gaps
from classroom.questions.question import Case
from classroom.student_code.student import Call

TEXT = """## Another question

This must not be read.

## 1. Rows

A row must sum to 1. Why? Because shares do.

**Write** `normalise(x)`. It survives rows of any
size, e.g. wide ones. You may call `sum`.

**By hand:** it must not be looked at."""
ANSWER = "def normalise(x):\n    return x"
PROMISES = {"must sum to 1": "values", "`normalise(x)`": "values", "any size": "a square matrix", "You may": NOTHING}


def notebook(text=TEXT, answer=ANSWER):
    return [nbformat.v4.new_markdown_cell(text), nbformat.v4.new_code_cell(answer)]


def found(promises=PROMISES, text=TEXT, answer=ANSWER):
    question = replace(sample.ROWS, promises=promises)
    return gaps(question, notebook(text, answer), sample.row_cases(np.random.default_rng(0)))


def test_the_sentences_that_bind_are_those_of_the_task_and_musts_before_it():
    assert promising(notebook(), "normalise") == [
        "A row must sum to 1.",
        "**Write** `normalise(x)`.",
        "It survives rows of any size, e.g. wide ones.",
        "You may call `sum`.",
    ]


def test_a_text_whose_promises_are_all_named_has_no_gap():
    assert found() == []


@pytest.mark.parametrize("words", PROMISES)
def test_each_sentence_needs_a_promise(words):
    (gap,) = found({key: value for key, value in PROMISES.items() if key != words})
    assert "no promise is named for" in gap


@pytest.mark.parametrize(
    ("words", "tested_by", "gap"),
    [
        ("any size", "a round matrix", "'any size' names 'a round matrix', which is no case"),
        ("any size", "a square matrix; nobody", "names 'nobody', which is no case"),
        ("every size", "values", "does not say 'every size'"),
    ],
)
def test_what_is_named_must_be_there(words, tested_by, gap):
    assert any(gap in sentence for sentence in found(PROMISES | {words: tested_by}))


def test_misconceptions_and_forbidden_names_test_as_well():
    assert found(PROMISES | {"any size": "misconception columns; forbidden names; no Python loop"}) == []


def test_a_question_without_a_task_is_told():
    assert "no text with **Write**" in found(text="Do it.")[0]


SIGNATURE = 'def f(x: Float[Tensor, "*batch n d"], mask: Bool[Tensor, "#n"] | None = None):\n    return x'


def calls(*arguments):
    return [Case("c", (Call(given),), frozenset()) for given in arguments]


def array(*shape, dtype=np.float32):
    return np.zeros(shape, dtype)


def test_a_signature_is_held_to_its_batch_axes_none_and_precision():
    mask = array(2, dtype=bool)
    full = [(array(2, 3), None), (array(4, 2, 3), mask), (array(1, 4, 2, 3, dtype=np.float64), mask)]
    assert list(signature_gaps(SIGNATURE, "f", calls(*full))) == []
    assert "`x` may have any number of batch axes, and no case has [2]" in str(
        list(signature_gaps(SIGNATURE, "f", calls(*full[:2])))
    )
    assert "any precision" in str(list(signature_gaps(SIGNATURE, "f", calls(*full[:2]))))
    assert "`mask` may be None or not" in str(list(signature_gaps(SIGNATURE, "f", calls(*full[1:]))))
    assert "`mask` may be None or not" in str(list(signature_gaps(SIGNATURE, "f", calls(full[0]))))


def test_a_class_is_held_to_the_signature_of_forward():
    source = "class F(nn.Module):\n    def __init__(self, d: int):\n        pass\n" + "\n".join(
        "    " + line for line in SIGNATURE.replace("def f(", "def forward(self, ").splitlines()
    )
    assert len(list(signature_gaps(source, "F", calls((array(2, 3), None))))) == 3
