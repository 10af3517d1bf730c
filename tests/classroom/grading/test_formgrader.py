"""What an instructor does by hand, in a real browser: nbgrader's formgrader on a course that `course grade` graded."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from executors import InThreads
from playwright.sync_api import Page, expect
from servers import formgrader
from submissions import ROWS, answered, released, solutions, submit

from classroom.grading.course_dir import CONFIG, open_course
from classroom.grading.grade import grade
from classroom.grading.run import prepare
from classroom.processes.limits import Limits

TOKEN = "only-for-this-test"
COMMENT = "Look at the *last* axis again."
SUBMISSION = """
    SELECT submitted_notebook.id FROM submitted_notebook
    JOIN submitted_assignment ON submitted_assignment.id = submitted_notebook.assignment_id WHERE student_id = 'amy'
"""
SLOW = 60_000  # milliseconds; a server that has just started

pytestmark = pytest.mark.browser


@pytest.fixture
def course(make_course, tmp_path, launcher) -> Path:
    """A course with two graded submissions, and a place to release feedback to."""
    root = make_course(tmp_path / "course")
    with (root / CONFIG).open("a") as config:
        config.write(f"c.Exchange.root = {str(tmp_path / 'exchange')!r}\n")
    (tmp_path / "exchange").mkdir(mode=0o777)
    (tmp_path / "exchange").chmod(0o777)
    wrong = "def row_means(x):\n    return x.mean(dim=0)"
    for student, row_means in {"amy": wrong, "bob": solutions(ROWS, "rows")["row-means"]}.items():
        answers = solutions(ROWS, "rows") | {"row-means": row_means}
        path = submit(root, student, ROWS, "rows", answered(released(ROWS, "rows"), answers))
        path.with_name("timestamp.txt").write_text("2026-11-10 19:00:00")
        path.with_name("submission_secret.txt").write_text(f"secret of {student}")  # as `nbgrader submit` does
    graded(root, launcher)
    return root


def graded(root, launcher, force=False):
    course = open_course(root)
    run = prepare(course, ROWS, 3, Limits())
    return grade(run, course.students("01-rows"), InThreads(launcher), force=force)


def stored(root: Path, query: str) -> list[tuple]:
    with sqlite3.connect(root / "gradebook.db") as gradebook:
        return gradebook.execute(query).fetchall()


def eventually(page: Page, condition: Callable[[], object]) -> None:
    """Waits until what a page sends has arrived."""
    for _ in range(200):
        if condition():
            return
        page.wait_for_timeout(50)
    raise AssertionError("The page's request had no effect.")


def row(page: Page, text: str):
    """The row of a table that holds this text."""
    return page.locator("tbody tr").filter(has_text=text)


def test_a_grade_and_a_comment_by_hand_reach_the_student_and_stay(course, launcher, browser, tmp_path):
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    with formgrader(course, runtime, TOKEN) as address:
        page = browser.new_page()  # nbgrader's pages ask another host for MathJax, and complain where there is none
        refused = page.goto(f"{address}/formgrader/manage_assignments", timeout=SLOW)
        assert "/login" in refused.url  # without the token
        page.goto(f"{address}/formgrader/manage_assignments?token={TOKEN}", timeout=SLOW)
        expect(row(page, "01-rows")).to_contain_text("2", timeout=SLOW)

        # The assignment: its submissions, with the scores that the run gave.
        row(page, "01-rows").get_by_role("link", name="2", exact=True).click()
        expect(row(page, "amy")).to_contain_text("3 / 5", timeout=SLOW)
        expect(row(page, "bob")).to_contain_text("5 / 5")

        # A submission: the panel names the mistake; a score and a comment are written by hand.
        (submission,) = stored(course, SUBMISSION)[0]
        page.goto(f"{address}/formgrader/submissions/{submission}/", timeout=SLOW)
        panel = page.get_by_role("region", name="Result of row-means")
        panel.get_by_text("You averaged columns.").wait_for(timeout=SLOW)
        score = page.locator("input.score#row-means")
        expect(score).to_have_attribute("placeholder", "0", timeout=SLOW)  # what is typed before that is lost
        score.fill("1.5")
        page.locator("textarea#row-means-answer-comment").fill(COMMENT)
        page.keyboard.press("Tab")
        eventually(page, lambda: stored(course, "SELECT manual_score FROM grade WHERE manual_score IS NOT NULL"))
        eventually(page, lambda: stored(course, f"SELECT 1 FROM comment WHERE manual_comment = '{COMMENT}'"))

        # The totals have changed, feedback is made and released.
        page.goto(f"{address}/formgrader/manage_submissions/01-rows", timeout=SLOW)
        expect(row(page, "amy")).to_contain_text("4.5 / 5", timeout=SLOW)
        for action, done in (("generate-feedback", "successfully generated"), ("release-feedback", "released")):
            row(page, "amy").locator(f"td.{action} a").click()
            modal = page.locator(".modal-dialog").filter(has_text="amy")
            expect(modal).to_contain_text(done, timeout=SLOW, ignore_case=True)
            modal.get_by_role("button", name="Close").last.click()
            expect(modal).to_be_hidden()
        page.close()
    html = (course / "feedback" / "amy" / "01-rows" / "rows.html").read_text()
    assert "Look at the <em>last</em> axis again." in html
    assert "Score: 4.5 / 5.0" in html
    (sent,) = (tmp_path / "exchange").rglob("*.html")
    assert sent.read_text() == html

    # Grading again changes nothing that was done by hand.
    assert {report["student"]: report["score"] for report in graded(course, launcher, force=True)} == {
        "amy": 3,
        "bob": 5,
    }
    with open_course(course).gradebook() as gradebook:
        assert gradebook.find_submission("01-rows", "amy").score == 4.5
        assert gradebook.find_comment("row-means-answer", "rows", "01-rows", "amy").comment == COMMENT
