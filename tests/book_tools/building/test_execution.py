"""Executing one chapter: what fails, and how it says where."""

import pytest

from book_tools.building.execution import CellError, Executor

from .conftest import Project, page


def execute(project: Project, *cells: str, timeout: float = 60):
    project.write("book/one.md", page("One", *cells))
    (chapter,) = project.chapters()
    return chapter, Executor(project.root, timeout).execute(chapter)


def failure(project: Project, *cells: str, timeout: float = 60) -> CellError:
    with pytest.raises(CellError) as caught:
        execute(project, *cells, timeout=timeout)
    return caught.value


def line_of(project: Project, text: str) -> int:
    """Counted in the source by hand: the only line that is this text."""
    lines = (project.root / "book" / "one.md").read_text(encoding="utf-8").splitlines()
    assert lines.count(text) == 1
    return lines.index(text) + 1


def test_outputs_counts_and_language_are_those_of_the_chapter(project):
    chapter, executed = execute(project, "x = 2", "x + 1", "print('a')\nprint('b')")
    assert [cell.execution_count for cell in chapter.code_cells] == [1, 2, 3]
    assert chapter.code_cells[1].outputs[0]["data"]["text/plain"] == "3"
    assert "".join(output.text for output in chapter.code_cells[2].outputs) == "a\nb\n"
    assert chapter.notebook.metadata.language_info.pygments_lexer == "ipython3"
    assert executed.seconds > 0
    assert executed.reads == []


def test_the_names_of_the_recorder_are_not_the_chapters(project):
    chapter, _ = execute(project, "sorted(name for name in dir() if not name.startswith('_'))")
    assert (
        chapter.code_cells[0].outputs[0]["data"]["text/plain"] == "['In', 'Out', 'exit', 'get_ipython', 'open', 'quit']"
    )


def test_options_above_the_code_do_not_move_the_line(project):
    error = failure(project, "x = 1", ":tags: [hide-input]\n\ny = 1\nx = 'here' + y")
    assert error.line == line_of(project, "x = 'here' + y")
    assert str(error).startswith(f"one.md, cell 2, line {error.line}: TypeError: ")


def test_an_error_in_a_function_of_an_earlier_cell_is_of_the_cell_that_calls_it(project):
    error = failure(project, "def divide(x):\n    return 1 / x", "a = 0\nb = divide(a)")
    assert error.line == line_of(project, "b = divide(a)")


def test_an_error_in_a_function_of_the_same_cell_is_where_it_arose(project):
    error = failure(project, "def divide(x):\n    return 1 / x\n\ndivide(0)")
    assert error.line == line_of(project, "    return 1 / x")


def test_code_that_is_no_python(project):
    error = failure(project, "x = 1\ny = = 2")
    assert error.line == line_of(project, "y = = 2")
    assert "SyntaxError" in str(error)


def test_a_warning_is_a_failure(project):
    error = failure(project, "import warnings\nwarnings.warn('take care')")
    assert error.line is not None
    assert "cell 1" in str(error)
    assert "wrote to standard error" in str(error)
    assert "take care" in str(error)


def test_a_cell_that_takes_too_long(project):
    error = failure(project, "1", "import time\ntime.sleep(60)", timeout=1)
    assert str(error) == f"one.md, cell 2, line {line_of(project, 'import time')}: took longer than 1 s"


def test_a_kernel_that_dies(project):
    error = failure(project, "import os\nos._exit(1)")
    assert "cell 1" in str(error)
    assert "its kernel died" in str(error)


def test_an_error_that_is_expected(project):
    chapter, _ = execute(project, ":tags: [raises-exception]\n\n1 / 0", "2")
    assert chapter.code_cells[0].outputs[0].ename == "ZeroDivisionError"
    assert chapter.code_cells[1].outputs[0]["data"]["text/plain"] == "2"
