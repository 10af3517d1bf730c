"""Every hostile submission on its own: what it may earn, how it ends, what it leaves and what it learns."""

import json
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest
from attacks import ANSWERS, CRITERIA, EVERY
from everyone import ATTACKS
from stage import HASTY, STEADY

from classroom.grading.outcome import OUTCOMES

every_attack = pytest.mark.parametrize("name", ATTACKS)


@pytest.fixture(scope="module")
def reports(stage):
    """The report on each, judged one by one, two at a time as on a machine with two cores."""
    before = stage.canaries(), stage.settled()
    limits = [HASTY if "timeout" in attack.outcomes else STEADY for attack in ATTACKS.values()]
    with ThreadPoolExecutor(2) as pool:
        made = dict(zip(ATTACKS, pool.map(stage.grade, ATTACKS.values(), limits), strict=True))
    assert stage.canaries() == before[0]
    assert stage.processes() == before[1]
    return made


def passed(report):
    return {q.id: {c.name for c in q.criteria if c.passed} for q in report.questions}


@every_attack
def test_it_earns_no_point_that_it_does_not_deserve(reports, name):
    attack, report = ATTACKS[name], reports[name]
    assert {question.id for question in report.questions} == set(EVERY)
    for question, criteria in passed(report).items():
        assert criteria <= set(attack.deserved.get(question, ())), question
        if attack.answers[question] == ANSWERS[question] and attack.deserved.get(question) == CRITERIA[question]:
            assert criteria == CRITERIA[question]  # what was earned elsewhere stays
    for question in report.questions:
        assert question.score == pytest.approx(sum(c.max_score for c in question.criteria if c.passed), abs=0.005)


@every_attack
def test_it_ends_with_a_stated_outcome(reports, name):
    attack, report = ATTACKS[name], reports[name]
    assert report.outcome in attack.outcomes, report.reason
    assert report.outcome in OUTCOMES
    assert (report.reason is None) == (report.outcome == "graded")
    assert report.sandboxed is True
    assert attack.flag in "\n".join(report.flags)


@every_attack
def test_it_learns_nothing(stage, reports, name):
    report = reports[name]
    written = json.dumps(report.to_json()) + nbformat.writes(report.notebook)
    assert stage.secret not in written
    shown = json.dumps([cell.get("outputs", []) for cell in report.notebook.cells])
    assert "REACHED" not in shown


def test_nobody_was_called(stage, reports):
    assert stage.reached == []


def test_nothing_was_written(stage, reports):
    assert stage.traces() == []


def test_there_are_enough_of_them():
    assert len(ATTACKS) >= 60
    assert len({a.name for a in ATTACKS.values()}) >= 60
