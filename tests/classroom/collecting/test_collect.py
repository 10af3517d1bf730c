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

from classroom.collecting.senders import late_without_a_time
from classroom.grading.course_dir import CONFIG, open_course
from classroom.keeping.backup import backups
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

    def run(*archives, zone=("--timezone", "Europe/Berlin")):
        status = main(["collect", "rows", "--course", str(course), *zone, "--json", *map(str, archives)])
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
        ("ada-lovelace", "Ada", "Lovelace", None),  # Moodle's number is another one in every assignment
        ("王-小明", "王", "小明", None),
        ("bo-li", "Bo", "Li", None),
        ("di-ro", "Di", "Ro", None),
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


DOWNLOADED = (2026, 11, 20, 8, 0, 0)  # the time of every file of Canvas's


@pytest.fixture
def roster(course):
    with open_course(course).gradebook() as gradebook:
        gradebook.add_student("ada", first_name="Ada", last_name="Lovelace", lms_user_id="900")
        gradebook.add_student("grace", first_name="Grace", last_name="Hopper")
        gradebook.add_student("idle", first_name="Ivo", last_name="Idle")
        gradebook.add_student("bob1", first_name="Bob", last_name="Ray")
        gradebook.add_student("bob2", first_name="Bob", last_name="Ray")


def test_canvas_and_a_roster(course, roster, collected, tmp_path):
    status, done = collected(
        archive(
            tmp_path / "submissions.zip",
            {
                "lovelaceada_900_5001_rows-2.ipynb": (RIGHT, DOWNLOADED),
                "lovelaceada_900_5002_helper.py": ("x = 1", DOWNLOADED),
                "hoppergrace_LATE_901_5003_rows.ipynb": (HALF, DOWNLOADED),
                "raybob_902_5004_rows.ipynb": (HALF, DOWNLOADED),
                "newnina_LATE_903_5005_rows.ipynb": HALF,
                "texttom_904_text.html": "<p>here</p>",
            },
        )
    )
    assert status == 1
    assert {t["student"]: (t["late"], t["late_unknown"], t["handed_in"]) for t in done["taken"]} == {
        "ada": (False, False, None),
        "grace": (True, True, None),
        "newnina": (True, True, None),
    }
    assert student(course, "ada").keys() == {"rows.ipynb", "helper.py"}
    assert student(course, "grace").keys() == {"rows.ipynb"}
    assert (done["added"], done["without"]) == (["newnina"], ["bob1", "bob2", "idle"])
    assert done["problems"] == [
        "texttom (Canvas 904): there is no notebook among text.html.",
        "raybob (Canvas 902): was not taken: bob1 (Bob Ray) has this name and bob2 (Bob Ray) has this name. Say who it "
        "is: --who 902=bob1, or --who 902=new.",
        "Canvas marks 2 late and does not say when they came: no penalty is taken until you say it, with --times "
        "FILE.csv or --handed-in grace=TIME.",
    ]
    with sqlite3.connect(course / "gradebook.db") as gradebook:
        names = gradebook.execute("SELECT first_name, last_name FROM student WHERE id = 'newnina'").fetchone()
    assert names == ("", "newnina")
    assert late_without_a_time(course, "01-rows") == ["grace", "newnina"]


def test_the_time_of_late_work_can_be_said_later(course, roster, collected, tmp_path):
    late = archive(
        tmp_path / "submissions.zip",
        {
            "hoppergrace_LATE_901_5003_rows.ipynb": (HALF, DOWNLOADED),
            "lovelaceada_LATE_900_5004_rows.ipynb": (HALF, DOWNLOADED),
            "idleivo_LATE_905_5005_rows.ipynb": (HALF, DOWNLOADED),
        },
    )
    assert collected(late)[0] == 1
    times = tmp_path / "times.csv"
    times.write_text(
        "Name;Student ID;Submitted At\nGrace Hopper;901;2026-11-11 00:59\nx;ada;2026-11-11T00:00:00Z\n;;\n"
    )
    status, done = collected("--times", times)
    assert (status, done["problems"]) == (0, [])
    assert student(course, "grace")["timestamp.txt"] == "2026-11-10 23:59:00"
    assert student(course, "ada")["timestamp.txt"] == "2026-11-11 00:00:00"
    assert late_without_a_time(course, "01-rows") == ["idle"]
    status, done = collected(late, "--handed-in", "Ivo Idle=2026-11-12 12:00")
    assert status == 0
    assert {t["student"]: (t["what"], t["late_unknown"], t["handed_in"]) for t in done["taken"]} == {
        "ada": ("unchanged", False, "2026-11-11 00:00:00"),  # downloading again forgets no time
        "grace": ("unchanged", False, "2026-11-10 23:59:00"),
        "idle": ("unchanged", False, "2026-11-12 11:00:00"),
    }
    for said, sentence in (
        (("--handed-in", "nobody=2026-11-12 12:00"), "there is no student 'nobody'"),
        (("--handed-in", "Bob Ray=2026-11-12 12:00"), "several students are called 'Bob Ray' (bob1, bob2)"),
        (("--handed-in", "bob1=2026-11-12 12:00"), "bob1 has handed in nothing for 01-rows; nothing was changed"),
        (("--handed-in", "ada=soon"), "'soon' is not a time"),
        (("--handed-in", "ada"), "write STUDENT=TIME"),
        ((), "name a zip file"),
    ):
        status, error = collected(*said)
        assert status == 2
        assert sentence in error
    times.write_text("student,when\nada,1\n")
    assert "has no column that says when it was handed in" in collected("--times", times)[1]


def test_canvas_versions_go_by_the_attachment(course, roster, collected, tmp_path):
    def download(order, content):
        name = f"lovelaceada_900_{order}_rows.ipynb"
        return archive(tmp_path / f"{order}.zip", {name: (content, (2026, 11, 30 - order, 8, 0, 0))})

    assert collected(download(5, STUB))[1]["taken"][0]["what"] == "new"
    assert collected(download(9, RIGHT))[1]["taken"][0]["what"] == "replaced"
    assert collected(download(7, HALF))[1]["taken"][0]["what"] == "older"
    assert student(course, "ada")["rows.ipynb"] == RIGHT


def test_a_student_s_clock_counts_for_nothing(course, collected, tmp_path):
    early, stamp = (2026, 11, 1, 8, 0, 0), "2026-11-01 08:00:00"
    status, done = collected(
        archive(
            tmp_path / "ps.zip",
            {
                MOODLE.format("Ada Lovelace", 101) + "all.zip": (
                    zipped({"rows.ipynb": (RIGHT, early), "TimeStamp.txt": stamp, "x/timestamp.txt": stamp}), LATE,
                ),
                MOODLE.format("Bo Li", 102) + "all.zip": zipped({"rows.ipynb": (RIGHT, (2030, 1, 1, 0, 0, 0))}),
                MOODLE.format("Cy Ng", 103) + "rows.ipynb": (RIGHT, LATE),
                MOODLE.format("Cy Ng", 103) + "timestamp.txt": (stamp, early),
            },
        )
    )  # fmt: skip
    assert status == 1
    assert {t["student"]: (t["late"], t["handed_in"]) for t in done["taken"]} == {
        "ada-lovelace": (True, "2026-11-12 12:00:00"),
        "bo-li": (False, "2026-11-10 19:00:00"),
        "cy-ng": (True, "2026-11-12 12:00:00"),
    }
    for name in ("ada-lovelace", "cy-ng"):
        assert student(course, name)["timestamp.txt"] == "2026-11-12 12:00:00"
    assert student(course, "ada-lovelace").keys() == {"rows.ipynb", "timestamp.txt", "x/timestamp.txt"}
    assert sum("was left out: the time that counts is the platform's." in p for p in done["problems"]) == 2


def test_another_machine_collects_the_same_times(course, collected, tmp_path, monkeypatch):
    download = archive(tmp_path / "a.zip", {MOODLE.format("Ada Lovelace", 101) + "rows.ipynb": (RIGHT, LATE)})
    monkeypatch.setenv("TZ", "Europe/Berlin")
    status, done = collected(download, zone=())
    assert (status, done["timezone"], done["taken"][0]["handed_in"]) == (0, "Europe/Berlin", "2026-11-12 12:00:00")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    status, done = collected(download, zone=())
    assert (status, done["timezone"], done["taken"][0]["what"]) == (0, "Europe/Berlin", "unchanged")
    status, done = collected(download, zone=("--timezone", "UTC"))
    assert (status, done["taken"][0]["handed_in"]) == (1, "2026-11-12 13:00:00")
    assert done["problems"] == ["times were read in Europe/Berlin before, and are read in UTC from now on."]


def test_what_an_instructor_said_holds_until_something_else_comes(course, collected, tmp_path):
    name = MOODLE.format("Ada Lovelace", 101) + "rows.ipynb"
    download = archive(tmp_path / "a.zip", {name: (RIGHT, LATE)})
    assert collected(download)[0] == 0
    assert collected("--handed-in", "ada-lovelace=2026-11-10 12:00")[0] == 0
    assert collected(download)[1]["taken"][0]["handed_in"] == "2026-11-10 11:00:00"
    assert student(course, "ada-lovelace")["timestamp.txt"] == "2026-11-10 11:00:00"
    later = archive(tmp_path / "b.zip", {name: (HALF, LATE)})
    assert collected(later)[1]["taken"][0]["handed_in"] == "2026-11-12 12:00:00"


def test_capital_endings_are_graded_like_any_other(course, collected, tmp_path):
    collected(archive(tmp_path / "a.zip", {MOODLE.format("Lovelace, Ada", 101) + "ROWS.IPYNB": RIGHT}))
    assert student(course, "lovelace-ada").keys() == {"rows.ipynb", "timestamp.txt"}
    with sqlite3.connect(course / "gradebook.db") as gradebook:
        names = gradebook.execute("SELECT id, first_name, last_name FROM student").fetchall()
    assert names == [("lovelace-ada", "Ada", "Lovelace")]


def test_names_of_every_kind_stay_in_their_columns(course, collected, tmp_path):
    names = ("Lovelace, Ada", "王 小明", "King, Jr., Martin", 'Ed "Q" Po')
    collected(archive(tmp_path / "a.zip", {MOODLE.format(n, i) + "rows.ipynb": RIGHT for i, n in enumerate(names)}))
    assert nbgrader(course, "export", "--to", "grades.csv").returncode == 0
    with (course / "grades.csv").open(newline="") as file:
        rows = [(r["first_name"], r["last_name"], r["max_score"]) for r in csv.DictReader(file)]
    assert sorted(rows) == sorted(
        [("Ada", "Lovelace", "5.0"), ("王", "小明", "5.0"), ("Jr. Martin", "King", "5.0"), ("Ed Q", "Po", "5.0")]
    )


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
    assert [b.before for b in backups(open_course(course))] == ["collect 01 rows"] * 4
    both = collected(first, second)[1]
    assert both["taken"][0]["what"] == "unchanged"
    kept = {p.name.rsplit("-", 1)[0]: p.read_bytes() for p in (course / "downloaded/01-rows/archive").iterdir()}
    assert kept == {"first": first.read_bytes(), "second": second.read_bytes()}


def test_two_people_of_one_name_are_never_mixed(course, collected, tmp_path):
    def download(*sent):
        members = {MOODLE.format("Ann Lee", number) + "rows.ipynb": content for number, content in sent}
        return archive(tmp_path / f"{'-'.join(str(number) for number, _ in sent)}.zip", members)

    status, done = collected(download((7, RIGHT), (8, STUB)))
    assert status == 1
    assert [(t["student"], t["sender"]) for t in done["taken"]] == [
        ("ann-lee-7", "Ann Lee (Moodle 7)"), ("ann-lee-8", "Ann Lee (Moodle 8)")
    ]  # fmt: skip
    for order in ([(8, HALF), (7, RIGHT)], [(8, HALF)]):  # of a later download does not matter
        assert {t["student"] for t in collected(download(*order))[1]["taken"]} <= {"ann-lee-7", "ann-lee-8"}
    assert student(course, "ann-lee-7")["rows.ipynb"] == RIGHT
    assert student(course, "ann-lee-8")["rows.ipynb"] == HALF
    status, done = collected(download((9, STUB)))
    assert (status, done["taken"]) == (1, [])
    assert done["problems"] == [
        "Ann Lee (Moodle 9): was not taken: ann-lee-7 (Ann Lee) has this name and is Ann Lee (Moodle 7) and ann-lee-8 "
        "(Ann Lee) has this name and is Ann Lee (Moodle 8). Say who it is: --who 9=ann-lee-7, or --who 9=new."
    ]
    status, done = collected(download((9, STUB)), "--who", "9=new")
    assert (status, [t["student"] for t in done["taken"]]) == (0, ["ann-lee-9"])
    assert collected(download((9, STUB)))[0] == 0  # it is known now


def test_a_new_number_of_canvas_does_not_take_a_namesake_s_place(course, roster, collected, tmp_path):
    theirs = archive(tmp_path / "a.zip", {"lovelaceada_777_5001_rows.ipynb": STUB})
    status, done = collected(theirs)
    assert (status, done["taken"]) == (1, [])
    assert "ada (Ada Lovelace) has this name and is Canvas 900. Say who it is: --who 777=ada" in done["problems"][0]
    assert not student(course, "ada")
    assert collected(theirs, "--who", "777=new")[1]["taken"][0]["student"] == "lovelaceada-777"
    assert collected(theirs)[1]["taken"][0]["student"] == "lovelaceada-777"


def test_hidden_names_are_refused(collected, tmp_path):
    status, done = collected(archive(tmp_path / "a.zip", {MOODLE.format("Participant", 7) + "rows.ipynb": RIGHT}))
    assert (status, done["taken"]) == (1, [])
    assert "this download is anonymous; show the names there" in done["problems"][0]


def test_wrong_usage_gets_a_sentence(course, tmp_path, capsys):
    (tmp_path / "text.zip").write_text("text")
    for arguments, sentence in (
        ([tmp_path / "none.zip"], "there is no file"),
        ([tmp_path / "text.zip"], "cannot be unpacked"),
    ):
        assert main(["collect", "rows", "--course", str(course), *map(str, arguments)]) == 2
        assert sentence in capsys.readouterr().err
    assert (
        main(["collect", "rows", "--course", str(course), "--timezone", "Mars/Base", str(tmp_path / "text.zip")]) == 2
    )
    assert "'Mars/Base' is not a time zone; try Europe/Berlin or UTC" in capsys.readouterr().err
    for said in ("8", "=ada", "8="):
        assert main(["collect", "rows", "--course", str(course), "--who", said, str(tmp_path / "text.zip")]) == 2
        assert "write NUMBER=STUDENT" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("minutes", "penalty"),
    [(1, None), (15, None), (15.1, 0.5), (24 * 60, 0.5), (24 * 60 + 1, 1.0), (10 * 24 * 60, 2.5)],
)
def test_the_penalty_grows_by_the_day(minutes, penalty):
    plugin = LatePenalty(grace_minutes=15, percent_per_day=10, at_most_percent=50)
    assert plugin.late_submission_penalty("ada", 5.0, 60 * minutes) == penalty


def test_late_work_loses_points_all_the_way_to_the_feedback(course, collected, tmp_path):
    config = (course / CONFIG).read_text()
    example = config[config.index("# from classroom.late") : config.index("# Or some days")]
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
