from pathlib import Path

import pytest
from submissions import FIXTURES, ROWS

from classroom.errors import ClassroomError
from classroom.questions.assignment import (
    Assignment,
    all_assignments,
    find_assignment,
    find_solutions,
    load_questions,
    pick_name,
)

NAMES = ["01-rows", "02-self-attention", "03-multi-head-attention"]
QUESTION = """
from classroom.questions.question import Question
def question(id="a", target="a", points=1):
    return Question(id, "", target, points, abs, list, (), (), {})
"""


@pytest.mark.parametrize(
    ("part", "name"), [("rows", "01-rows"), ("01", "01-rows"), ("self", "02-self-attention"), ("01-rows/", "01-rows")]
)
def test_any_unambiguous_part_names_an_assignment(part, name):
    assert pick_name(part, NAMES) == name


def test_a_full_name_wins_over_names_that_contain_it():
    assert pick_name("02-a", ["02-a", "02-a-b"]) == "02-a"


@pytest.mark.parametrize("part", ["attention", "nothing", ""])
def test_an_ambiguous_or_unknown_name_lists_the_choices(part):
    with pytest.raises(ClassroomError, match="02-self-attention, 03-multi-head-attention"):
        pick_name(part, NAMES)


def test_finds_solutions_above_the_working_directory(tmp_path):
    home = tmp_path / "solutions" / "01-a"
    home.mkdir(parents=True)
    (home / "questions.py").write_text("QUESTIONS = ()")
    assert find_solutions(home) == tmp_path / "solutions"


def test_finds_the_checkout_from_anywhere(tmp_path):
    assert find_solutions(tmp_path) == Path(__file__).resolve().parents[3] / "solutions"


def test_lists_and_finds_assignments():
    assert all_assignments(FIXTURES) == [ROWS]
    assert find_assignment("rows", FIXTURES) == ROWS
    assert [question.id for question in ROWS.questions] == ["normalise-rows", "row-means"]
    assert [path.name for path in ROWS.notebooks] == ["rows.py"]


def test_questions_may_be_a_package_whose_modules_import_each_other(tmp_path):
    package = tmp_path / "07-package" / "questions"
    package.mkdir(parents=True)
    (package / "make.py").write_text(QUESTION)
    (package / "__init__.py").write_text("from .make import question\nQUESTIONS = (question(),)")
    assert [question.id for question in Assignment(package.parent).questions] == ["a"]


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("1/0", "cannot be imported: ZeroDivisionError"),
        ("QUESTIONS = [1]", "must export QUESTIONS"),
        ("", "must export QUESTIONS"),
        ("QUESTIONS = (question(), question(target='b'))", "two questions have the id 'a'"),
        ("QUESTIONS = (question(), question(id='b'))", "two questions grade 'a'"),
        ("QUESTIONS = (question(id='A b'),)", "lower-case words"),
        ("QUESTIONS = (question(id='a' * 60),)", "57 characters at most"),
        ("QUESTIONS = (question(points=0),)", "more than 0 points"),
    ],
)
def test_malformed_questions_get_a_sentence(tmp_path, source, sentence):
    path = tmp_path / "08-bad" / "questions.py"
    path.parent.mkdir()
    path.write_text(QUESTION + source)
    with pytest.raises(ClassroomError, match=sentence):
        load_questions(path)


def test_missing_parts_get_a_sentence(tmp_path):
    with pytest.raises(ClassroomError, match=r"questions\.py is missing"):
        load_questions(tmp_path / "09-none" / "questions.py")
    with pytest.raises(ClassroomError, match="has no notebook"):
        _ = Assignment(tmp_path).notebooks
    with pytest.raises(ClassroomError, match="has no assignment"):
        all_assignments(tmp_path)
