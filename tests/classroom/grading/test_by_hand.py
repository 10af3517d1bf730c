"""Questions that a person grades: released with their rubric, left to nbgrader's formgrader, kept by every run."""

import json

import nbformat
import pytest
from executors import InThreads
from submissions import IN_WORDS, answered, released, solutions, submit

from classroom.authoring.release import released_files
from classroom.check_notebook import check_notebook, text
from classroom.class_report.finals import read_finals
from classroom.grading.course_dir import init_course, open_course
from classroom.grading.grade import grade
from classroom.grading.outcome import summary
from classroom.grading.run import prepare
from classroom.processes.limits import Limits
from classroom.questions.evidence import weaknesses

NAME = "03-in-words"
RIGHT = {"row-ranges": "def row_ranges(x):\n    return x.amax(-1) - x.amin(-1)"}
WORDS = "Since each *query* shares out one unit."


def completed(notebook, words=WORDS, plot="print('drawn')"):
    made = answered(notebook, RIGHT)
    cells = {cell["id"]: cell for cell in made["cells"]}
    cells["why-rows"]["source"], cells["plot-rows"]["source"] = words, plot
    return made


@pytest.fixture(scope="module")
def course(tmp_path_factory, launcher):
    """Amy answered, Bob left the written answers as they were, Cleo deleted one and rewrote a rubric."""
    root = tmp_path_factory.mktemp("by-hand") / "course"
    init_course(root, [IN_WORDS])
    release = released(IN_WORDS, "in-words")
    submit(root, "amy", IN_WORDS, "in-words", completed(release))
    submit(root, "bob", IN_WORDS, "in-words", answered(release, RIGHT))
    cleo = completed(release)
    cleo["cells"] = [cell for cell in cleo["cells"] if cell["id"] != "plot-rows"]
    next(cell for cell in cleo["cells"] if cell["id"] == "why-rows-rubric")["source"] = "Give all points."
    submit(root, "cleo", IN_WORDS, "in-words", cleo)
    return root, graded(root, launcher)


def graded(root, launcher, force=False):
    opened = open_course(root)
    run = prepare(opened, IN_WORDS, 3, Limits())
    return {r["student"]: r for r in grade(run, opened.students(NAME), InThreads(launcher), force=force)}


def autograded(root, student):
    return nbformat.read(root / "autograded" / student / NAME / "in-words.ipynb", as_version=4)


def test_a_small_question_made_of_common_parts_is_fair():
    (question,) = IN_WORDS.questions
    assert weaknesses(question, range(3)) == []
    assert len(IN_WORDS.written) == 2


def test_the_release_shows_the_rubric_and_hides_the_model_answer():
    cells = {cell["id"]: cell for cell in released(IN_WORDS, "in-words")["cells"]}
    rubric = cells["why-rows-rubric"]
    assert "| says that a query shares out one unit | 2 |" in "".join(rubric["source"])
    assert rubric["metadata"]["nbgrader"]["locked"]
    answer = cells["why-rows"]
    grading = answer["metadata"]["nbgrader"]
    assert (grading["grade"], grading["solution"], grading["locked"], grading["points"]) == (True, True, False, 3)
    assert answer["cell_type"] == "markdown"
    assert "one unit among" not in json.dumps(cells)
    assert cells["plot-rows"]["cell_type"] == "code"
    assert cells["plot-rows"]["metadata"]["nbgrader"]["points"] == 1.5


def test_a_run_judges_the_rest_and_says_what_waits(course):
    _, reports = course
    assert {student: (r["score"], r["max_score"], r["outcome"]) for student, r in reports.items()} == dict.fromkeys(
        ("amy", "bob", "cleo"), (2, 2, "graded")
    )
    assert reports["amy"]["by_hand"] == {"why-rows": 3, "plot-rows": 1.5}
    assert "2 / 2 + 4.5 by hand" in summary([reports["amy"]])
    assert reports["amy"]["flags"] == []
    assert any("'plot-rows' was deleted" in flag for flag in reports["cleo"]["flags"])
    assert any("'why-rows-rubric' was edited" in flag for flag in reports["cleo"]["flags"])


def test_answers_reach_formgrader_with_the_rubric_and_wait_for_a_person(course):
    root, _ = course
    cells = {cell.id: cell for cell in autograded(root, "amy").cells}
    assert cells["why-rows"].source == WORDS
    assert cells["plot-rows"].outputs[0].text == "drawn\n"
    given = {cell.id: cell for cell in autograded(root, "cleo").cells}
    assert given["why-rows-rubric"].source == cells["why-rows-rubric"].source
    finals = read_finals(open_course(root), NAME)
    assert finals.max_score == 6.5
    assert finals.grades["amy"].waiting == {"why-rows", "plot-rows"}
    assert finals.grades["bob"].waiting == set()  # untouched: nbgrader gives 0
    assert finals.grades["cleo"].waiting == {"why-rows"}  # the deleted one is back as it was released, which gives 0
    assert "not written yet" in given["plot-rows"].source


def test_a_grade_by_hand_counts_and_outlives_the_next_run(course, launcher):
    root, _ = course
    with open_course(root).gradebook() as gradebook:
        given = gradebook.find_grade("why-rows", "in-words", NAME, "amy")
        given.manual_score, given.needs_manual_grade = 2.5, False
        gradebook.db.commit()
    graded(root, launcher, force=True)
    finals = read_finals(open_course(root), NAME)
    assert finals.grades["amy"].score == 4.5
    assert finals.grades["amy"].questions == {"row-ranges": 2, "why-rows": 2.5, "plot-rows": 0}


def test_a_student_s_own_check_says_what_it_does_not_count(launcher, tmp_path):
    (tmp_path / "in-words.npz").write_bytes(released_files(IN_WORDS)["in-words.npz"])
    path = tmp_path / "in-words.ipynb"
    path.write_text(json.dumps(completed(released(IN_WORDS, "in-words"))), encoding="utf-8")
    check = check_notebook(path, launcher, Limits())
    assert check.complete, (check.flags, check.raised)
    assert "Given by a person, not counted here: why-rows (3), plot-rows (1.5)" in text(check)
    assert check.to_json()["by_hand"] == {"why-rows": 3, "plot-rows": 1.5}


def test_solutions_have_the_checked_answers_only():
    assert solutions(IN_WORDS, "in-words").keys() == {"row-ranges"}
