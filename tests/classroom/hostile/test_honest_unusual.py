"""Every honest submission keeps its full marks, however unusual it is, and nothing is said against it."""

from concurrent.futures import ThreadPoolExecutor

import honest_answers_written
import honest_habits
import honest_notebooks
import pytest
from attacks import EVERY
from stage import PATIENT

MODULES = (honest_answers_written, honest_notebooks, honest_habits)
SUBMISSIONS = {submission.name: submission for module in MODULES for submission in module.SUBMISSIONS}


@pytest.fixture(scope="module")
def reports(stage):
    """The report on each, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        made = pool.map(lambda submission: stage.grade(submission, PATIENT), SUBMISSIONS.values())
        return dict(zip(SUBMISSIONS, made, strict=True))


@pytest.mark.parametrize("name", SUBMISSIONS)
def test_it_has_full_marks_and_no_flag(reports, name):
    report = reports[name]
    assert [question.id for question in report.questions] == list(EVERY)
    lost = [(q.id, c.name, c.message) for q in report.questions for c in q.criteria if not c.passed]
    assert lost == []
    assert report.score == report.max_score == 20
    assert (report.outcome, report.reason) == ("graded", None)
    assert report.flags == ()


def test_there_are_enough_of_them():
    assert len(SUBMISSIONS) == sum(len(module.SUBMISSIONS) for module in MODULES) >= 60
