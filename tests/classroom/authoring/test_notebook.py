import pytest
from submissions import IN_WORDS, ROWS

from classroom.authoring.notebook import author_notebook, check_source, checked_question
from classroom.errors import ClassroomError

TEXT = (ROWS.directory / "rows.py").read_text(encoding="utf-8")
CHECK = '# %%\ncheck("row-means")\n'
ANSWER = TEXT[TEXT.index("# %%\ndef row_means") : TEXT.index(CHECK)]
SETUP = TEXT[TEXT.index("# %%\nimport torch") : TEXT.index("# %%\ndef normalise_rows")]


def author(tmp_path, text):
    path = tmp_path / "rows.py"
    path.write_text(text, encoding="utf-8")
    return author_notebook(path, ROWS.asked)


def test_metadata_is_derived_from_the_cells(tmp_path):
    cells = {cell.id: cell for cell in author(tmp_path, TEXT).cells}
    grading = {name: cell.metadata.get("nbgrader", {}) for name, cell in cells.items()}
    check, answer, setup = grading["row-means"], grading["row-means-answer"], grading["setup"]
    assert (check["grade"], check["locked"], check["solution"], check["points"]) == (True, True, False, 2)
    assert (answer["grade"], answer["locked"], answer["solution"]) == (False, False, True)
    assert (setup["grade"], setup["locked"], setup["solution"]) == (False, True, False)
    assert grading["cell-06"] == {}
    assert len(cells) == 8


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (TEXT.replace(CHECK, ""), "'row-means' has no check cell; add a cell with check"),
        (TEXT.replace(ANSWER, ""), "'row-means' has no answer cell"),
        (TEXT + CHECK, "the check cell of 'row-means' is there twice, first as cell 8"),
        (TEXT.replace(CHECK, ANSWER + CHECK), "the answer cell of 'row-means' is there twice"),
        (TEXT.replace('check("row-means")', 'check("rows-mean")'), "unknown question 'rows-mean'; there are: norm"),
        (TEXT.replace("def row_means", "def other"), "it defines none"),
        (TEXT.replace(SETUP, ""), "must build its checker in exactly one cell"),
        (TEXT.replace(SETUP, "") + SETUP, "before it builds its checker"),
        (TEXT.replace(ANSWER, "").replace(CHECK, CHECK + ANSWER), "checks question 'row-means' before its answer"),
        (TEXT.replace("# # Rows", "# ### BEGIN SOLUTION"), "is text, but has a solution region"),
        (SETUP, "checks no question"),
    ],
)
def test_what_an_author_forgot_gets_a_sentence(tmp_path, text, sentence):
    with pytest.raises(ClassroomError, match=sentence):
        author(tmp_path, text)


@pytest.mark.parametrize(
    ("source", "question"),
    [
        ('check("a-b")', "a-b"),
        ("# see below\ncheck('a')", "a"),
        ('check("a", 1)', None),
        ('x = check("a")', None),
        ("check()", None),
        ('check("a")\nprint()', None),
        ("%magic", None),
    ],
)
def test_recognises_check_cells(source, question):
    assert checked_question(source) == question


WORDS = (IN_WORDS.directory / "in-words.py").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (WORDS.replace("answer:why-rows", "answer:why"), "unknown written question 'why'; there are: why-rows"),
        (WORDS.replace("answer:why-rows", "answer:row-ranges"), "unknown written question 'row-ranges'"),
        (WORDS.replace("answer:plot-rows", "answer:why-rows"), "'why-rows' is there twice"),
        (WORDS.replace(' tags=["answer:why-rows"]', ""), "solutions belong in code cells, or in a cell with the tag"),
        (
            WORDS.replace("# ### BEGIN SOLUTION", "#").replace("# ### END SOLUTION", "#"),
            "answers 'why-rows' without a solution region",
        ),
    ],
)
def test_a_written_answer_s_cell_that_is_not_as_it_should_be(tmp_path, text, sentence):
    path = tmp_path / "in-words.py"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ClassroomError, match=sentence):
        author_notebook(path, IN_WORDS.asked)


def test_the_guide_stands_right_above_the_answer(tmp_path):
    ids = [cell.id for cell in author_notebook(IN_WORDS.directory / "in-words.py", IN_WORDS.asked).cells]
    assert ids[ids.index("row-ranges-answer") - 1] == "row-ranges-guide"
    place = ids.index("why-rows")
    assert ids[place - 2 : place] == ["why-rows-guide", "why-rows-rubric"]
    assert len(set(ids)) == len(ids)


def test_a_check_cell_says_what_to_do_after_a_restart(tmp_path):
    (cell,) = (cell for cell in author(tmp_path, TEXT).cells if cell.id == "row-means")
    assert cell.source == check_source("row-means")
    assert checked_question(cell.source) == "row-means"
    advice, call = cell.source.splitlines()
    assert advice.startswith("# ")
    assert "After a restart, run the cells above" in advice
    assert call == 'check("row-means")'
    with pytest.raises(NameError) as raised:
        exec(cell.source, {})
    assert advice.split('"')[1] == str(raised.value).replace("name 'check'", "check")
