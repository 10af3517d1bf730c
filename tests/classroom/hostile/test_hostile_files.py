"""What a submission's directory may hold beside regular files: links to other people's work, and names that hurt."""

import os

import pytest
from attacks import NAME, WRONG, Submission, code_cell
from stage import submit_to

from classroom.grading.judge import judge
from classroom.submissions.submitted import read_submitted

READ_EVERYTHING = """
import pathlib
for path in sorted(pathlib.Path(".").rglob("*")):
    try:
        print(path, path.read_text()[:2000])
    except (OSError, UnicodeDecodeError):
        pass
"""


@pytest.fixture
def directory(stage, request):
    """The directory of a student who answers nothing and prints every file that there is."""
    submission = Submission("reads", answers=WRONG, change=_reading)
    submit_to(stage.root, request.node.name, submission, stage.places)
    return stage.root / "submitted" / request.node.name / stage.run.assignment


def _reading(notebook):
    return notebook | {"cells": [*notebook["cells"], code_cell(READ_EVERYTHING, "read")]}


def report_on(stage, directory):
    submitted = read_submitted(stage.root, stage.run.assignment, directory.parent.name, [NAME])
    (report,) = judge(stage.run.task, stage.sandbox, submitted)
    written = report.notebook.cells[-1].get("outputs", [])
    assert stage.secret not in str(written)
    assert stage.secret not in str(report.to_json())
    return report


def test_links_to_files_are_left_out_and_told(stage, directory):
    (directory / "diary.txt").symlink_to(stage.home / "diary.txt")
    (directory / "others").symlink_to(stage.root / "submitted" / "victim", target_is_directory=True)
    (directory / "canary.py").symlink_to(stage.root / "solutions" / "canary.py")
    report = report_on(stage, directory)
    assert (report.outcome, report.score) == ("graded", 0)
    assert {"diary.txt is a link and was left out.", "canary.py is a link and was left out."} <= set(report.flags)


def test_a_notebook_that_is_a_link_is_not_followed(stage, directory):
    path = directory / f"{NAME}.ipynb"
    path.unlink()
    path.symlink_to(stage.root / "submitted" / "victim" / stage.run.assignment / path.name)
    report = report_on(stage, directory)
    assert (report.outcome, report.score) == ("invalid", 0)
    assert "is a link" in report.reason


def test_a_directory_that_is_a_link_is_not_followed(stage, directory):
    (directory / f"{NAME}.ipynb").unlink()
    directory.rmdir()
    directory.symlink_to(stage.root / "submitted" / "victim" / stage.run.assignment, target_is_directory=True)
    report = report_on(stage, directory)
    assert (report.outcome, report.score) == ("invalid", 0)


def test_names_that_no_terminal_and_no_file_should_see_are_told_harmlessly(stage, directory):
    name = os.fsencode(directory) + b"/\xff\x1b[31m\nred.py"
    os.symlink(b"/etc/hostname", name)
    report = report_on(stage, directory)
    (flag,) = [flag for flag in report.flags if "is a link" in flag]
    assert flag.isprintable()
    flag.encode()


def test_a_name_that_is_not_text_reaches_the_sandbox_or_is_told(stage, directory):
    with open(os.fsencode(directory) + b"/\xfe.txt", "wb") as file:
        file.write(b"mine")
    report = report_on(stage, directory)
    assert report.outcome == "graded"
    str(report.to_json()).encode()
