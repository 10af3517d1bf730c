"""Every honest submission keeps its full marks among the hostile ones, however unusual, and nothing is said of it."""

import pytest
from attacks import EVERY
from everyone import HONEST


@pytest.mark.parametrize("student", HONEST, ids=[submission.name for submission in HONEST.values()])
def test_it_has_full_marks_and_no_flag(graded, student):
    report = graded.reports[student]
    assert [question["id"] for question in report["questions"]] == list(EVERY)
    lost = [(q["id"], c["name"], c["message"]) for q in report["questions"] for c in q["criteria"] if not c["passed"]]
    assert lost == []
    assert report["score"] == report["max_score"] == 20
    assert (report["outcome"], report["reason"], report["flags"]) == ("graded", None, [])


def test_there_are_enough_of_them():
    assert len({submission.name for submission in HONEST.values()}) == len(HONEST) >= 60
