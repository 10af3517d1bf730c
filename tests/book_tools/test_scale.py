"""The plan for a very large class: arithmetic that agrees with counting."""

import pytest

from book_tools.term.scale import Measured, Plan

STORED = {
    "machine": {"cores": 2, "processor": "a processor", "load": 1.5},
    "grading": {
        "large": {"cpu_seconds_per_submission": 0.36, "seconds_per_submission": 0.2},
        "writer_submissions_per_second": 25.0,
        "large_class": 1000,
    },
}


def test_a_plan_adds_up():
    plan = Plan(Measured.from_results(STORED), 100_000)
    assert plan.core_hours == pytest.approx(10.0)
    assert plan.shortest_hours == pytest.approx(100_000 / 25 / 3600)
    assert plan.most_cores == 9  # 9 cores judge 25 a second
    assert (plan.cores(10), plan.cores(4), plan.cores(2)) == (1, 3, 5)
    for hours in (1.2, 3, 7):
        assert plan.cores(hours) * hours >= plan.core_hours > (plan.cores(hours) - 1) * hours
    with pytest.raises(ValueError, match=r"writing takes 1\.11 hours, so 1 hours are too short"):
        plan.cores(1)
