"""Every question of every assignment grades fairly: its evidence holds on 20 seeds."""

from walk import each_checked

from classroom.questions.evidence import weaknesses

SEEDS = range(20)


@each_checked
def test_evidence_holds_on_20_seeds(assignment, question):
    assert weaknesses(question, SEEDS) == []
