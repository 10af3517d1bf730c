"""Downloads of Moodle and Canvas, collected by the real command through nbgrader, and graded with late penalties."""

import csv
import io
import json
import shutil
import sqlite3
import zipfile
from datetime import datetime

import pytest
from servers import nbgrader
from submissions import ROWS, answered, released, run_course, solutions

from classroom.grading.course_dir import CONFIG, open_course
from classroom.late import LatePenalty
from course.cli import main

RIGHT = json.dumps(answered(released(ROWS, "rows"), solutions(ROWS, "rows")))
HALF = json.dumps(answered(released(ROWS, "rows"), {"row-means": solutions(ROWS, "rows")["row-means"]}))
STUB = json.dumps(released(ROWS, "rows"))
DUE = datetime(2026, 11, 10, 22, 59)  # UTC: a minute before midnight in Berlin
ON_TIME, LATE = (2026, 11, 10, 20, 0, 0), (2026, 11, 12, 13, 0, 0)  # in Berlin


def archive(path, members):
    """A zip file of these members: name -> content, or (content, local time)."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            content, when = content if isinstance(content, tuple) else (content, ON_TIME)
            made.writestr(zipfile.ZipInfo(name, when), content)
    return path


def zipped(members):
    made = io.BytesIO()
    archive(made, members)
    return made.getvalue()


@pytest.fixture(scope="module")
def fresh(make_course, tmp_path_factory):
    root = make_course(tmp_path_factory.mktemp("instructor") / "course")
    with open_course(root).gradebook() as gradebook:
        gradebook.update_or_create_assignment("01-rows", duedate=DUE)
    return root


@pytest.fixture
def course(fresh, tmp_path):
    return shutil.copytree(fresh, tmp_path / "course")


@pytest.fixture
def collected(course, capsys):
    """A function that runs the command and gives its status and what it wrote as JSON."""

    def run(*archives, zone="Europe/Berlin"):
        status = main(["collect", "rows", "--course", str(course), "--timezone", zone, "--json", *map(str, archives)])
        said = capsys.readouterr()
        return status, json.loads(said.out) if said.out else said.err

    return run


def student(course, name):
    """A student's files for the assignment, by path."""
    place = course / "submitted" / name / "01-rows"
    return {str(p.relative_to(place)): p.read_bytes().decode() for p in place.rglob("*") if p.is_file()}


MOODLE = "{}_{}_assignsubmission_file_"


def test_moodle_in_folders(course, collected, tmp_path):
    status, done = collected(
        archive(
            tmp_path / "ps.zip",
            {
                "Ada Lovelace_101_assignsubmission_file_/rows.ipynb": RIGHT,
                "王 小明_102_assignsubmission_file_/my rows (1).ipynb": HALF,
                "Bo Li_103_assignsubmission_file_/all.zip": zipped(
                    {"hw/rows.ipynb": RIGHT, "hw/helper.py": "x = 1", "hw/deep/data.csv": "1,2", "../evil": "x"}
                ),
                "Cy Ng_104_assignsubmission_file_/notes.pdf": "%PDF",
                "Di Ro_105_assignsubmission_file_/rows.ipynb": (STUB, (2026, 11, 10, 19, 0, 0)),
                "Di Ro_105_assignsubmission_file_/rows(1).ipynb": (RIGHT, (2026, 11, 10, 20, 0, 0)),
                "Di Ro_105_assignsubmission_onlinetext_/onlinetext.html": "<p>Please be kind.</p>",
                "Ed Po_106_assignsubmission_file_/broken.zip": "not a zip",
                "grades.csv": "a,b",
            },
        )
    )
    assert status == 1
    assert student(course, "ada-lovelace") == {"rows.ipynb": RIGHT, "timestamp.txt": "2026-11-10 19:00:00"}
    assert student(course, "王-小明")["rows.ipynb"] == HALF
    assert student(course, "bo-li").keys() == {"rows.ipynb", "helper.py", "deep/data.csv", "timestamp.txt"}
    assert student(course, "di-ro")["rows.ipynb"] == RIGHT
    assert {t["student"]: t["what"] for t in done["taken"]} == dict.fromkeys(
        ("ada-lovelace", "bo-li", "di-ro", "王-小明"), "new"
    )
    assert {t["student"]: t["renamed"] for t in done["taken"]}["王-小明"] == {"rows.ipynb": "my rows (1).ipynb"}
    problems = "\n".join(done["problems"])
    for sentence in (
        "Bo Li (Moodle 103): all.zip: ../evil was not taken: its path leads out of the archive.",
        "Cy Ng (Moodle 104): there is no notebook among notes.pdf.",
        "Di Ro (Moodle 105): rows(1).ipynb is the last version; left out: rows.ipynb.",
        "Ed Po (Moodle 106): broken.zip cannot be unpacked",
        "grades.csv was not taken: neither Moodle nor Canvas names files like this.",
    ):
        assert sentence in problems
    assert len(done["problems"]) == 5
    assert not list(course.rglob("evil"))
    with sqlite3.connect(course / "gradebook.db") as gradebook:
        rows = gradebook.execute("SELECT id, first_name, last_name, lms_user_id FROM student").fetchall()
    assert set(rows) == {
        ("ada-lovelace", "Ada", "Lovelace", "101"),
        ("王-小明", "王", "小明", "102"),
        ("bo-li", "Bo", "Li", "103"),
        ("di-ro", "Di", "Ro", "105"),
    }
    senders = json.loads((course / "results" / "01-rows" / "senders.json").read_text())
    assert senders["ada-lovelace"] == {"platform": "Moodle", "number": "101", "name": "Ada Lovelace"}


def test_moodle_flat_gives_the_same(course, collected, tmp_path):
    status, done = collected(
        archive(
            tmp_path / "ps.zip",
            {
                MOODLE.format("Ada Lovelace", 101) + "rows.ipynb": (RIGHT, LATE),
                MOODLE.format("Ada Lovelace", 101) + "helper.py": "x = 1",
            },
        )
    )
    assert (status, done["problems"]) == (0, [])
    assert student(course, "ada-lovelace") == {
        "rows.ipynb": RIGHT, "helper.py": "x = 1", "timestamp.txt": "2026-11-12 12:00:00"
    }  # fmt: skip
    assert done["taken"][0]["late"]


def test_canvas_and_a_roster(course, collected, tmp_path):
    with open_course(course).gradebook() as gradebook:
        gradebook.add_student("ada", first_name="Ada", last_name="Lovelace", lms_user_id="900")
        gradebook.add_student("grace", first_name="Grace", last_name="Hopper")
        gradebook.add_student("idle", first_name="Ivo", last_name="Idle")
        gradebook.add_student("bob1", first_name="Bob", last_name="Ray")
        gradebook.add_student("bob2", first_name="Bob", last_name="Ray")
    download = (2026, 11, 20, 8, 0, 0)  # every file has the time of the download
    status, done = collected(
        archive(
            tmp_path / "submissions.zip",
            {
                "lovelaceada_900_5001_rows-2.ipynb": (RIGHT, download),
                "lovelaceada_900_5002_helper.py": ("x = 1", download),
                "hoppergrace_LATE_901_5003_rows.ipynb": (HALF, download),
                "raybob_902_5004_rows.ipynb": (HALF, download),
                "newnina_LATE_903_5005_rows.ipynb": HALF,
                "texttom_904_text.html": "<p>here</p>",
            },
        )
    )
    assert status == 1
    assert {t["student"]: (t["late"], t["handed_in"]) for t in done["taken"]} == {
        "ada": (False, "2026-11-10 22:59:00"),
        "grace": (True, "2026-11-20 07:00:00"),
        "newnina": (True, "2026-11-10 19:00:00"),
    }
    assert student(course, "ada").keys() == {"rows.ipynb", "helper.py", "timestamp.txt"}
    assert (done["added"], done["without"]) == (["newnina"], ["bob1", "bob2", "idle"])
    assert done["problems"] == [
        "raybob (Canvas 902): was not taken: several students have this name (bob1, bob2); put the notebook into "
        "submitted/ by hand.",
        "texttom (Canvas 904): there is no notebook among text.html.",
        "newnina (Canvas 903): Canvas marks it late, but its file is dated 2026-11-10 19:00 UTC, before the due date: "
        "correct timestamp.txt in its directory if a penalty is due.",
        "1 file is dated after the due date, but Canvas does not mark it late (ada): it counts as handed in at the "
        "due date.",
    ]


def test_again_and_again_nothing_is_lost(course, collected, tmp_path):
    name = MOODLE.format("Ada Lovelace", 101) + "rows.ipynb"
    first = archive(tmp_path / "first.zip", {name: (STUB, ON_TIME)})
    second = archive(tmp_path / "second.zip", {name: (RIGHT, LATE)})
    assert collected(first)[1]["taken"][0]["what"] == "new"
    assert collected(first)[1]["taken"][0]["what"] == "unchanged"
    assert collected(second)[1]["taken"][0]["what"] == "replaced"
    aside = course / "downloaded" / "01-rows" / "replaced" / "ada-lovelace-1"
    assert (aside / "rows.ipynb").read_text() == STUB
    status, done = collected(first)
    assert (status, done["taken"][0]["what"]) == (1, "older")
    assert done["problems"] == ["ada-lovelace: the submission that is there is newer, so it was left as it is."]
    assert student(course, "ada-lovelace")["rows.ipynb"] == RIGHT
    both = collected(first, second)[1]
    assert both["taken"][0]["what"] == "unchanged"
    kept = {p.name.rsplit("-", 1)[0]: p.read_bytes() for p in (course / "downloaded/01-rows/archive").iterdir()}
    assert kept == {"first": first.read_bytes(), "second": second.read_bytes()}


def test_two_people_of_one_name_are_never_mixed(course, collected, tmp_path):
    members = {MOODLE.format("Ann Lee", number) + "rows.ipynb": text for number, text in ((7, RIGHT), (8, STUB))}
    status, done = collected(archive(tmp_path / "a.zip", members))
    assert status == 1
    assert [t["sender"] for t in done["taken"]] == ["Ann Lee (Moodle 7)"]
    assert student(course, "ann-lee")["rows.ipynb"] == RIGHT
    assert done["problems"] == [
        "Ann Lee (Moodle 8): was not taken: Ann Lee (Moodle 7) was taken for the same student, ann-lee; put the right "
        "notebook into submitted/ by hand."
    ]


def test_hidden_names_are_refused(collected, tmp_path):
    status, done = collected(archive(tmp_path / "a.zip", {MOODLE.format("Participant", 7) + "rows.ipynb": RIGHT}))
    assert (status, done["taken"]) == (1, [])
    assert "this download hides the names; reveal identities in Moodle" in done["problems"][0]


def test_wrong_usage_gets_a_sentence(course, tmp_path, capsys):
    (tmp_path / "text.zip").write_text("text")
    for arguments, sentence in (
        ([tmp_path / "none.zip"], "there is no file"),
        ([tmp_path / "text.zip"], "cannot be unpacked"),
    ):
        assert main(["collect", "rows", "--course", str(course), *map(str, arguments)]) == 2
        assert sentence in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["collect", "rows", "--course", str(course), "--timezone", "Mars/Base", str(tmp_path / "text.zip")])
    assert "'Mars/Base' is not a time zone; try Europe/Berlin or UTC" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("minutes", "penalty"),
    [(1, None), (15, None), (15.1, 0.5), (24 * 60, 0.5), (24 * 60 + 1, 1.0), (10 * 24 * 60, 2.5)],
)
def test_the_penalty_grows_by_the_day(minutes, penalty):
    plugin = LatePenalty(grace_minutes=15, percent_per_day=10, at_most_percent=50)
    assert plugin.late_submission_penalty("ada", 5.0, 60 * minutes) == penalty


def test_late_work_loses_points_all_the_way_to_the_feedback(course, collected, tmp_path):
    config = (course / CONFIG).read_text()
    example = config[config.index("# from classroom.late") :]
    (course / CONFIG).write_text(config.replace(example, example.replace("# ", "")))
    assert collected(
        archive(
            tmp_path / "ps.zip",
            {
                MOODLE.format("Ada Lovelace", 101) + "rows.ipynb": (RIGHT, (2026, 11, 11, 0, 10, 0)),  # in the grace
                MOODLE.format("Bo Li", 103) + "rows.ipynb": (RIGHT, LATE),  # its second day
                MOODLE.format("Cy Ng", 104) + "rows.ipynb": (HALF, (2026, 11, 30, 12, 0, 0)),
            },
        )
    )[0] == 0  # fmt: skip
    graded = run_course("grade", "rows", "--course", course, "--solutions", ROWS.directory.parent, "--json",
                        course / "out")  # fmt: skip
    assert graded.returncode == 0, graded.stderr
    assert nbgrader(course, "export", "--to", "grades.csv").returncode == 0
    with (course / "grades.csv").open(newline="") as file:
        rows = {
            r["student_id"]: (float(r["raw_score"]), float(r["score"]), r["timestamp"]) for r in csv.DictReader(file)
        }
    assert rows == {
        "ada-lovelace": (5.0, 5.0, "2026-11-10 23:10:00"),
        "bo-li": (5.0, 4.0, "2026-11-12 12:00:00"),
        "cy-ng": (2.0, 1.0, "2026-11-30 11:00:00"),
    }
    made = nbgrader(course, "generate_feedback", "01-rows")
    assert made.returncode == 0, made.stderr
    page = (course / "feedback" / "bo-li" / "01-rows" / "rows.html").read_text()
    assert "late submission penalty" in page.lower()
