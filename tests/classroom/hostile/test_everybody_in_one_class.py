"""All hostile submissions and all honest ones in one class, graded by the real command into a real gradebook."""

import sqlite3

import nbformat
import pytest
from attacks import ANSWERS, CRITERIA, EVERY, NAME
from everyone import ATTACKS, HONEST, HOSTILE
from nbconvert import HTMLExporter

from classroom.grading.outcome import OUTCOMES


def test_every_submission_ends_with_a_stated_outcome(graded):
    assert graded.reports.keys() == HONEST.keys() | HOSTILE.keys()
    for student, report in graded.reports.items():
        assert report["outcome"] in OUTCOMES.keys() - {"failed", "missing"}, (student, report["reason"])
        assert (report["reason"] is None) == (report["outcome"] == "graded")
        assert report["sandboxed"] is True


def test_no_point_is_undeserved(graded):
    for student, attack in HOSTILE.items():
        for question in graded.reports[student]["questions"]:
            passed = {criterion["name"] for criterion in question["criteria"] if criterion["passed"]}
            deserved = set(attack.deserved.get(question["id"], ()))
            assert passed <= deserved, (attack.name, question["id"])
            if deserved == CRITERIA[question["id"]] and attack.answers[question["id"]] == ANSWERS[question["id"]]:
                assert passed == deserved, (attack.name, question["id"])


@pytest.mark.parametrize("student", HONEST, ids=[submission.name for submission in HONEST.values()])
def test_honest_work_has_full_marks_and_no_flag_however_unusual(graded, student):
    report = graded.reports[student]
    assert [question["id"] for question in report["questions"]] == list(EVERY)
    lost = [(q["id"], c["name"], c["message"]) for q in report["questions"] for c in q["criteria"] if not c["passed"]]
    assert lost == []
    assert report["score"] == report["max_score"] == 20
    assert (report["outcome"], report["reason"], report["flags"]) == ("graded", None, [])


def test_there_are_enough_honest_ones():
    assert len({submission.name for submission in HONEST.values()}) == len(HONEST) >= 60


def test_the_gradebook_holds_these_scores_and_nobody_s_own(graded):
    with sqlite3.connect(graded.root / "gradebook.db") as gradebook:
        scores = dict(
            gradebook.execute(
                "SELECT student_id, SUM(auto_score) FROM grade"
                " JOIN submitted_notebook ON submitted_notebook.id = grade.notebook_id"
                " JOIN submitted_assignment ON submitted_assignment.id = submitted_notebook.assignment_id"
                " GROUP BY student_id"
            )
        )
        assert gradebook.execute("SELECT COUNT(*) FROM grade WHERE manual_score IS NOT NULL").fetchone() == (0,)
        assert gradebook.execute("SELECT COUNT(*) FROM grade WHERE extra_credit IS NOT NULL").fetchone() == (0,)
        assert gradebook.execute("SELECT COUNT(*) FROM comment WHERE manual_comment IS NOT NULL").fetchone() == (0,)
        names = {name for (name,) in gradebook.execute("SELECT name FROM base_cell")}
        assert "bonus-0" not in names
        assert gradebook.execute("SELECT SUM(max_score) FROM grade_cells").fetchone() == (20,)
    expected = {report["student"]: report["score"] for report in graded.reports.values()}
    assert {s: score for s, score in scores.items() if score} == pytest.approx(
        {s: score for s, score in expected.items() if score}, abs=0.01
    )


def test_what_is_stored_is_a_notebook_and_tells_no_secret(graded, stage):
    stored = sorted(graded.root.glob(f"autograded/*/*/{NAME}.ipynb"))
    assert len(stored) == len(graded.reports)
    for path in stored:
        content = path.read_text(encoding="utf-8")
        nbformat.validate(nbformat.reads(content, as_version=4))
        assert stage.secret not in content
        assert len(content) < 40 * 2**20
    assert stage.traces() == []
    assert stage.reached == []


@pytest.mark.browser
@pytest.mark.parametrize(
    "name", ["forging: shows what acts in a page", "tampering: holds scripts in text and metadata"]
)
def test_nothing_acts_in_the_page_that_shows_it(graded, page, name):
    student = next(student for student, attack in HOSTILE.items() if attack is ATTACKS[name])
    (path,) = graded.root.glob(f"autograded/*-{student}/*/{NAME}.ipynb")
    html, _ = HTMLExporter(template_name="classic").from_notebook_node(nbformat.read(path, as_version=4))
    page.set_content(html, wait_until="load")
    page.wait_for_timeout(300)
    assert page.title() != "owned"
    assert page.locator("iframe").count() == 0
    handlers = (
        "Array.from(document.querySelectorAll('body *')).filter(e => e.getAttributeNames().some(n => /^on/.test(n)))"
    )
    assert page.evaluate(f"{handlers}.map(e => e.outerHTML.slice(0, 80))") == []
    links = page.evaluate("Array.from(document.links).map(a => a.protocol)")
    assert "javascript:" not in links
    fixed = "Array.from(document.querySelectorAll('.output *')).filter(e => getComputedStyle(e).position === 'fixed')"
    assert page.evaluate(f"{fixed}.length") == 0
