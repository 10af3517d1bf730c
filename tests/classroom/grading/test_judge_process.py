"""A judge is a process that may die or hang on a submission: then the reports say so, and the run goes on."""

import os
import subprocess
import sys
import time
from functools import partial

import pytest

from classroom.grading import judge_process
from classroom.grading.judge_process import JudgeProcess
from classroom.grading.task import Task
from classroom.processes.limits import Limits
from classroom.submissions.submitted import Submitted

TASK = Task("02-topic", {"topic": []}, {}, {}, Limits(total_seconds=0.1))


@pytest.fixture
def judging():
    judges = []

    def start(make_launcher):
        judges.append(JudgeProcess(make_launcher))
        return judges[-1].judge(TASK, Submitted("amy", "submitted/amy/02-topic"))[0]

    yield start
    for judge in judges:
        judge.close()


def test_one_that_hangs_is_stopped(judging, monkeypatch):
    monkeypatch.setattr(judge_process, "PATIENCE", 0.4)
    report = judging(partial(time.sleep, 60))
    assert (report.student, report.notebook_name, report.outcome, report.score) == ("amy", "topic", "failed", 0)
    assert report.reason.startswith("Judging took longer than 0.5 s and was stopped")


def test_one_that_dies_is_tried_again_and_then_told(judging):
    report = judging(partial(os._exit, 1))
    assert (report.outcome, report.score) == ("failed", 0)
    assert report.reason.startswith("The process that judges died 2 times")


def test_a_process_that_judges_imports_no_nbgrader():
    """It would take longer than all else of its start; what is written for nbgrader is written elsewhere."""
    code = "import sys, classroom.grading.judge_process; sys.exit('nbgrader' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
