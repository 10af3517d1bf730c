import nbformat
import pytest

from classroom.authoring import demonstration
from classroom.authoring.demonstration import defined_names, digest, is_unchanged, left_out, used_names


def cell(source, released=None):
    metadata = {} if released is None else {demonstration.TAG: digest(released)}
    return nbformat.v4.new_code_cell(source, metadata=metadata)


SHOW = "x = torch.ones(3)\nplot(f(x))"


def test_an_unchanged_demonstration_is_left_out_and_a_changed_one_is_not():
    assert left_out([cell("def f(x):\n    return 2 * x"), cell(SHOW, SHOW)]) == {1}
    assert left_out([cell("def f(x):\n    return 2 * x"), cell(SHOW + "\nprint(x)", SHOW)]) == set()
    assert left_out([cell(SHOW)]) == set()
    assert is_unchanged(cell(SHOW + "\n", SHOW))  # an editor's last line break changes nothing


@pytest.mark.parametrize(
    "student",
    [
        "print(x)",
        "def g():\n    return x",
        "def g(y):\n    def inner():\n        return x + y\n    return inner",
        "class A:\n    y = x",
        "g = lambda y: x + y",
        "h = [x for _ in range(3)]",
        "%timeit f(x)",
    ],
)
def test_one_that_defines_what_the_student_s_code_reads_runs(student):
    assert left_out([cell(SHOW, SHOW), cell(student)]) == set()


@pytest.mark.parametrize(
    "student",
    ["def g(x):\n    return x", "def g():\n    x = 1\n    return x", "y.x = 3", "def g(y):\n    return [x for x in y]"],
)
def test_a_local_name_is_another_name(student):
    assert left_out([cell(SHOW, SHOW), cell(student)]) == {0}


def test_names_of_every_kind():
    source = "import a.b as c\nfrom d import e\nfor f in g: pass\nwith h as i: pass\ndef j(): global k; k = 1\n"
    source += "class L: m = 1"
    assert defined_names(source) == {"c", "e", "f", "i", "j", "k", "L"}
    assert {"g", "h"} <= used_names(source)


def test_a_text_cell_is_no_demonstration():
    made = nbformat.v4.new_markdown_cell("text", metadata={demonstration.TAG: digest("text")})
    assert not is_unchanged(made)


def test_code_that_the_compiler_cannot_take_is_read_word_by_word():
    nested, long = "shown = " + "not " * 50_000 + "seen", "shown = 1\n" + "seen\n" * 30_000
    for source, words in ((nested, {"shown", "not", "seen"}), (long, {"shown", "seen"})):
        assert defined_names(source) == used_names(source) == words
