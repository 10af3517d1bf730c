import pytest
from submissions import ROWS, released, submit

from classroom.authoring.notebook import check_source
from classroom.authoring.release import released_files
from classroom.errors import ClassroomError
from classroom.grading.course_dir import init_course, open_course
from classroom.questions.assignment import Assignment
from classroom.submissions.official import OfficialCell


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("instructor") / "course"
    assert init_course(root, [ROWS]) == (["01-rows: added"], [])
    return root


def test_its_release_is_what_the_repository_holds(root):
    made = {path.name: path.read_bytes() for path in (root / "release" / "01-rows").iterdir()}
    expected = released_files(ROWS)
    assert made["rows.npz"] == expected["rows.npz"]
    assert made["rows.ipynb"].rstrip() == expected["rows.ipynb"].rstrip()


def test_the_gradebook_knows_the_official_cells(root):
    course = open_course(root)
    assert course.pick_assignment("rows") == "01-rows"
    official = {cell.grade_id: cell for cell in course.official("01-rows")["rows"]}
    assert list(official) == ["setup", "normalise-rows-answer", "normalise-rows", "row-means-answer", "row-means"]
    assert official["row-means"] == OfficialCell("row-means", check_source("row-means"), "code", 2, False)
    assert official["row-means-answer"].solution
    with course.gradebook() as gradebook:
        assert gradebook.find_assignment("01-rows").max_score == 5


def test_students_are_who_is_in_the_gradebook_or_has_submitted(root):
    course = open_course(root)
    with course.gradebook() as gradebook:
        gradebook.add_student("zoe")
    submit(root, "amy", ROWS, "rows", released(ROWS, "rows"))
    assert course.students("01-rows") == ["amy", "zoe"]


def test_repeating_changes_nothing(root):
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.suffix != ".db"}
    assert init_course(root, [ROWS]) == (["01-rows: already there, left as it is"], [])
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.suffix != ".db"} == before


def test_repeating_says_what_has_changed_in_the_repository(root, tmp_path):
    copy = tmp_path / "01-rows"
    copy.mkdir()
    (copy / "questions.py").write_text((ROWS.directory / "questions.py").read_text())
    (copy / "rows.py").write_text((ROWS.directory / "rows.py").read_text().replace("# Rows", "# Rows, again"))
    done, noted = init_course(root, [Assignment(copy)])
    assert done == ["01-rows: already there, left as it is"]
    assert len(noted) == 1
    assert "rows.ipynb in source/ differ from solutions/" in noted[0]


def test_overwrites_nothing(tmp_path):
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(ClassroomError, match="is not empty and not a course directory; nothing was written"):
        init_course(tmp_path, [ROWS])
    with pytest.raises(ClassroomError, match="is a file"):
        init_course(tmp_path / "thesis.tex", [ROWS])
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_refuses_to_put_students_work_into_a_repository(tmp_path):
    (tmp_path / ".git").mkdir()
    with pytest.raises(ClassroomError, match="inside the Git repository"):
        init_course(tmp_path / "deep" / "course", [ROWS])
    assert not (tmp_path / "deep").exists()


def test_what_is_no_course_gets_a_sentence(tmp_path, root):
    with pytest.raises(ClassroomError, match="not a course directory"):
        open_course(tmp_path)
    with pytest.raises(ClassroomError, match="no assignment in this course 'x'; there are: 01-rows"):
        open_course(root).pick_assignment("x")
