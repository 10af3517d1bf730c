"""The sandbox that starts sooner, for a few submissions, holds as the other does, and judges alike."""

from dataclasses import replace

import pytest
from everyone import FAMILIES, HONEST
from proof import weaknesses
from stage import PATIENT, STEADY

from classroom.processes.sandbox import QuickSandbox

OPTIMISES = next(one for one in HONEST.values() if "torch.optim" in one.last + one.before_checks + one.after_setup)
# Of each family the first that is judged to its end: what runs out of a limit may do so elsewhere next time.
JUDGED = [next(a for a in family.ATTACKS if list(a.outcomes) == ["graded"]) for family in FAMILIES.values()]


@pytest.fixture(scope="module")
def quick():
    with QuickSandbox() as sandbox:
        yield sandbox


def test_it_holds(stage, quick):
    assert weaknesses(quick, STEADY, [str(stage.home), str(stage.root)]) == []


@pytest.mark.parametrize("submission", [OPTIMISES, *JUDGED], ids=lambda submission: submission.name)
def test_it_judges_as_the_one_for_many_does(stage, quick, submission):
    """Also where a notebook imports what only the other has imported beforehand."""
    limits = PATIENT if submission is OPTIMISES else STEADY  # the import alone takes two seconds of the processor
    reports = []
    for kind, sandbox in (("few", quick), ("many", stage.sandbox)):
        report = replace(stage, sandbox=sandbox).grade(replace(submission, name=f"{kind} {submission.name}"), limits)
        assert report.sandboxed
        reports.append((report.outcome, report.reason, report.flags, report.questions))
    assert reports[0] == reports[1]
    assert reports[0][0] == "graded"
