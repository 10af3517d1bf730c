"""The zip files for Moodle and Canvas: every page under its student's number, and nobody else's."""

import json
import os
import zipfile

import pytest

from course.cli import main

SENDERS = {
    "ada": {"platform": "Moodle", "number": "101", "name": "Ada_M Lovelace"},
    "bo": {"platform": "Moodle", "number": "102", "name": "Bo Li"},
    "cy": {"platform": "Moodle", "number": "103", "name": "王 小明"},
    "di": {"platform": "Canvas", "number": "104", "name": "rodi", "attachment": 5001},
    "ed": {"platform": "Canvas", "number": "105", "name": "poed"},
}


@pytest.fixture
def course(make_course, tmp_path):
    return make_course(tmp_path / "course")


def page(course, student, graded=1_790_000_000, made=1_790_000_100):
    """A student's graded notebook and feedback page, at these times."""
    for folder, name, when in (("autograded", "rows.ipynb", graded), ("feedback", "rows.html", made)):
        path = course / folder / student / "01-rows" / name
        path.parent.mkdir(parents=True)
        path.write_text(f"{name} of {student}")
        os.utime(path, (when, when))


def returned(course):
    return main(["return", "rows", "--course", str(course)])


def test_pages_go_to_the_numbers_that_the_download_had(course, capsys):
    (course / "results" / "01-rows").mkdir(parents=True)
    (course / "results" / "01-rows" / "senders.json").write_text(json.dumps(SENDERS))
    page(course, "ada")
    page(course, "bo", graded=1_790_000_200)
    page(course, "di")
    page(course, "ed")
    (course / "feedback" / "ada" / "01-rows" / "mine.html").write_text("what Ada handed in beside the notebook")
    assert returned(course) == 1
    said = capsys.readouterr().out
    path = course / "reports" / "01-rows" / "feedback-for-moodle.zip"
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name).decode() for name in archive.namelist()}
    # As Moodle takes names apart: NAME, NUMBER, plugin's type, plugin, rest, at the first four underscores.
    assert [name.split("/")[0].split("_", 4) for name in content] == [
        ["Ada M Lovelace", "101", "assignsubmission", "file", ""]
    ]
    assert list(content.values()) == ["rows.html of ada"]
    assert f"{path}: the feedback of 1 student\n" in said
    assert "bo: rows.html is older than the grade; run `nbgrader generate_feedback 01-rows --force`" in said
    with zipfile.ZipFile(path.with_name("feedback-for-canvas.zip")) as archive:
        (name,) = archive.namelist()
    assert [part for part in name.split("_") if part.isdecimal()][:2] == ["104", "5001"]  # as Canvas takes it apart
    assert "ed: Canvas's numbers for this submission are not known; collect it again." in said
    assert "cy: there is no feedback page; run" in said


@pytest.mark.parametrize(
    ("senders", "sentence"),
    [(None, "no submission of 01-rows was collected with `course collect`"), (SENDERS, "nobody has a feedback page")],
)
def test_nothing_to_return_gets_a_sentence(course, capsys, senders, sentence):
    if senders:
        (course / "results" / "01-rows").mkdir(parents=True)
        (course / "results" / "01-rows" / "senders.json").write_text(json.dumps(senders))
    assert returned(course) == 2
    assert sentence in capsys.readouterr().err
