"""What keeps a cell from running is found in its text."""

import pytest

from classroom.submissions.syntax import syntax_error


@pytest.mark.parametrize("source", ["", "x = 1", "%matplotlib inline\nx = 1", "%%time\nx = 1", "!ls", "await f()"])
def test_what_could_run_is_none(source):
    assert syntax_error(source) is None


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def f(x):\n    return (x", "SyntaxError in line 2 of your answer (`return (x`): '(' was never closed."),
        ("def f(x):\nreturn x", "IndentationError in line 2 of your answer (`return x`): expected an indented block"),
        ("def f(x)\n    return x", "SyntaxError in line 1 of your answer (`def f(x)`): expected ':'."),
        ("x = " + "(" * 2000, "of your answer"),
        ("x\0y", "could be read"),
    ],
)
def test_what_could_not_is_one_sentence(source, words):
    assert words in syntax_error(source)
