"""Guides, worked examples and written questions: what they refuse, and what the notebook shows of them."""

import numpy as np
import pytest

from classroom.authoring.guided import BOOK, example_text, guide_text, rubric_text
from classroom.errors import ClassroomError
from classroom.questions.guide import Guide, Section, WorkedExample
from classroom.questions.written import Row, WrittenQuestion

SECTION = Section("self-attention", "Why divide by $\\sqrt{d_k}$?")
GUIDE = Guide(2, 8, SECTION, ("A nudge.", "More."))


def test_an_anchor_is_the_one_that_the_book_has():
    """As docutils makes ids of headings."""
    from docutils.nodes import make_id

    for heading in (SECTION.heading, "2. Shapes, and what `@` does", "From scores to weights", "Encoder–decoder"):
        assert Section("page", heading).anchor == make_id(heading)


@pytest.mark.parametrize(
    "change", [{"difficulty": 4}, {"minutes": 0}, {"hints": ()}, {"hints": ("a", "b", "c", "d")}, {"hints": "one"}]
)
def test_a_guide_out_of_range_is_refused(change):
    with pytest.raises(ClassroomError):
        Guide(**{"difficulty": 1, "minutes": 5, "section": SECTION, "hints": ("a",)} | change)


def test_the_guide_is_one_line_and_folded_hints():
    text = guide_text(GUIDE)
    head, first, *_ = text.split("\n\n")
    assert head.startswith("●●○ medium · about 8 minutes · read again: [Why divide")
    assert f"({BOOK}self-attention.html#why-divide-by-sqrt-d-k)" in head
    assert first == "<details>\n<summary>Hint 1 of 2</summary>"
    assert text.count("<details>") == text.count("</details>") == 2
    assert "\n\nA nudge.\n\n</details>" in text


def test_one_hint_is_not_numbered():
    assert "<summary>Hint</summary>" in guide_text(Guide(1, 1, SECTION, ("Only.",)))
    assert "about 1 minute ·" in guide_text(Guide(1, 1, SECTION, ("Only.",)))


def test_a_worked_example_is_shown_with_its_digits():
    example = WorkedExample("f(X)", ([[1.0]],), ([[0.5, 2]], [[True, False]], 3), digits=2)
    assert example_text(example) == "```text\nf(X)\n\n[[0.50, 2.00]]\n\n[[ True, False]]\n\n3\n```"
    assert example.tolerance == 0.005


def test_lists_become_arrays_and_scalars_stay():
    call = WorkedExample("f", ([[1.0, 2.0]], [1, 2], 0, None, 0.5, "left"), ()).asked
    first, second, *others = call.arguments
    assert (first.dtype, second.dtype) == (np.float32, np.int64)
    assert others == [0, None, 0.5, "left"]


def test_a_rubric_is_a_table_and_its_sum_the_points():
    question = WrittenQuestion("why", "Why?", (Row(2, "says why"), Row(0.5, "names it")), GUIDE)
    assert question.points == 2.5
    assert rubric_text(question).splitlines()[0] == "**What is looked for** (2.5 points, given by a person)"
    assert rubric_text(question).splitlines()[-1] == "| names it | 0.5 |"


@pytest.mark.parametrize("rubric", [(), (Row(0, "nothing"),)])
def test_a_rubric_without_points_is_refused(rubric):
    with pytest.raises(ClassroomError, match="rubric"):
        WrittenQuestion("why", "Why?", rubric, GUIDE)
