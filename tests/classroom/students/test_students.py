"""Class lists of Moodle and Canvas, and all that is held of a student: given, and removed."""

import json
import shutil
import sqlite3
import zipfile

import pytest
from submissions import ROWS, answered, released, solutions

from classroom.grading.course_dir import open_course
from classroom.keeping import audit
from classroom.students.allowances import Allowance, write_allowances
from classroom.students.details import read_details
from classroom.students.importing import known_students
from course.cli import main

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
RIGHT = json.dumps(answered(released(ROWS, "rows"), solutions(ROWS, "rows")))
CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,01-rows (77)
    Points Possible,,,,,5
"Lovelace, Ada",900,S1,ada@example.org,A,
"Lee, Ann",901,S2,ann1,A,
"Lee, Ann",902,S3,ann2,B,
"Student, Test",999,,,A,
"""
MOODLE = """\ufeffVorname;Nachname;ID-Nummer;E-Mail-Adresse;Gruppen
Ada;Lovelace;S1;ada@uni.example;Team Blau
小明;王;S9;wang@uni.example;Team Blau
;;;;
Bo;Li;;bo.li@uni.example;
"""


@pytest.fixture(scope="module")
def fresh(make_course, tmp_path_factory):
    return make_course(tmp_path_factory.mktemp("instructor") / "course")


@pytest.fixture
def course(fresh, tmp_path):
    return open_course(shutil.copytree(fresh, tmp_path / "course"))


@pytest.fixture
def students(course, capsys):
    """A function that runs the command; its status, and what it wrote."""

    def run(*arguments):
        status = main(["students", *map(str, arguments), "--course", str(course.root)])
        said = capsys.readouterr()
        return status, said.out or said.err

    return run


def listed(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def test_canvas_s_and_moodle_s_lists_are_one_class(course, students, tmp_path):
    status, said = students("import", listed(tmp_path / "canvas.csv", CANVAS))
    assert (status, said.splitlines()[0]) == (1, "canvas.csv: 3 new, 0 changed, 0 as they were")
    assert "line 6: Canvas's test student was left out." in said
    moodle = listed(tmp_path / "moodle.csv", MOODLE)
    assert students("import", "--teams", moodle)[1].startswith("moodle.csv: 2 new, 1 changed, 0")
    known = {s.id: (s.first_name, s.last_name, s.email, s.canvas) for s in known_students(course).values()}
    assert known == {
        "ada@example.org": ("Ada", "Lovelace", "ada@uni.example", "900"),
        "ann1": ("Ann", "Lee", "", "901"),
        "ann2": ("Ann", "Lee", "", "902"),
        "S9": ("小明", "王", "wang@uni.example", ""),
        "bo.li": ("Bo", "Li", "bo.li@uni.example", ""),
    }
    assert {s: (of.team, of.section) for s, of in read_details(course).items()} == {
        "ada@example.org": ("Team Blau", "A"), "ann1": ("", "A"), "ann2": ("", "B"), "S9": ("Team Blau", ""),
    }  # fmt: skip
    for name in ("canvas.csv", "moodle.csv"):
        assert ": 0 new, 0 changed, 3 as they were" in students("import", tmp_path / name, "--teams")[1]
    status, said = students("list")
    assert status == 0
    assert "5 students" in said
    assert {row["id"] for row in json.loads(students("list", "--json")[1])} == known.keys()


def test_moodle_s_groups_are_sections_unless_somebody_says_teams(course, students, tmp_path):
    """Else a whole lab hour could copy unseen: what team mates share is not listed."""
    assert students("import", listed(tmp_path / "moodle.csv", MOODLE))[0] == 0
    assert {(of.team, of.section) for of in read_details(course).values()} == {("", "Team Blau")}


@pytest.mark.parametrize(
    ("text", "encoding", "id", "names"),
    [
        ("First name,Surname,Email address\nZoë,Kœnig,zoe@x.org\n", "utf-8", "zoe", ("Zoë", "Kœnig")),
        ("First name,Surname,Email address\nZoé,König,zoe@x.org\n", "cp1252", "zoe", ("Zoé", "König")),
        ("Prénom\tNom\tAdresse de courriel\nZoé\tK\tzoe@x.org\n", "utf-16", "zoe", ("Zoé", "K")),
        ("id,first_name,last_name\nz1,Zoe,K\n", "utf-8", "z1", ("Zoe", "K")),
        ("Identifier,Full name,Email address\nParticipant 7,Zoe Ann K,zoe@x.org\n", "utf-8", "zoe", ("Zoe Ann", "K")),
        ("name,canvas_user_id,user_id,login_id,group_name\nZoe K,5,S5,zk,Red\n", "utf-8", "zk", ("Zoe", "K")),
        ("username,name\n../../etc,Eve\n", "utf-8", "etc", ("", "Eve")),
        ('name,email\n"K, Zoe","a,b@x.org"\n', "utf-8", "a-b", ("Zoe", "K")),
    ],
)
def test_lists_of_every_kind(course, students, tmp_path, text, encoding, id, names):
    assert students("import", listed(tmp_path / "list.csv", text, encoding))[0] == 0
    ((found, known),) = known_students(course).items()
    assert (found, (known.first_name, known.last_name)) == (id, names)
    assert "," not in known.email


def test_a_name_alone_takes_nobody_s_place(course, students, tmp_path):
    with course.gradebook() as gradebook:
        gradebook.add_student("ann-lee", first_name="Ann", last_name="Lee", email="ann@x.org")
        gradebook.add_student("bo-li", first_name="Bo", last_name="Li")
    text = "name,email\nAnn Lee,other@x.org\nBo Li,bo@x.org\nBo Li,bo2@x.org\n"
    status, said = students("import", listed(tmp_path / "a.csv", text))
    assert status == 1
    assert "a.csv: 1 new, 0 changed" in said  # another address: another Ann Lee
    assert said.count("more than one has this name (bo-li). Say who it is: --who bo@x.org=bo-li") == 1
    assert set(known_students(course)) == {"ann-lee", "bo-li", "other"}
    status, _ = students("import", tmp_path / "a.csv", "--who", "bo@x.org=bo-li", "--who", "bo2@x.org=new")
    assert status == 0
    assert known_students(course)["bo-li"].email == "bo@x.org"
    assert known_students(course)["bo2"].email == "bo2@x.org"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "holds no table"),
        (b"only one column\nx\n", "holds no table"),
        (b"PK\x03\x04xlsx", "is a spreadsheet; save it as CSV"),
        (b"colour,shape\nred,round\n", "has no column that says who the students are"),
        (None, "cannot be read"),
    ],
)
def test_no_class_list_gets_a_sentence(course, students, tmp_path, content, sentence):
    if content is not None:
        (tmp_path / "list.csv").write_bytes(content)
    status, said = students("import", tmp_path / "list.csv")
    assert (status, sentence in said) == (2, True), said
    assert not known_students(course)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (("import",), "name a class list"),
        (("export",), "name the student's id"),
        (("export", "nobody"), "nothing is held of a student 'nobody'"),
        (("remove", "../submitted"), "nothing is held of a student '../submitted'"),
        (("remove", ".."), "nothing is held of a student '..'"),
        (("export", ""), "nothing is held of a student ''"),
        (("remove", "*"), "nothing is held of a student '*'"),
        (("remove", "a", "b", "--yes"), "name one student, not 2"),
    ],
)
def test_wrong_usage_gets_a_sentence(students, said, sentence):
    status, text = students(*said)
    assert (status, sentence in text) == (2, True), text


@pytest.fixture
def lived_in(course, tmp_path):
    """A course in which Ada and Bo have left traces in every place that there is."""
    members = {}
    for number, name in ((1, "Ada Lovelace"), (2, "Bo Li")):
        members[f"{name}_{number}_assignsubmission_file_/rows.ipynb"] = RIGHT
    for version in ("first", "second"):
        with zipfile.ZipFile(tmp_path / f"{version}.zip", "w") as archive:
            for name, content in members.items():
                info = zipfile.ZipInfo(name, (2026, 11, 1 if version == "first" else 2, 8, 0, 0))
                archive.writestr(info, content if version == "first" else content + " ")
        assert main(["collect", "rows", "--course", str(course.root), str(tmp_path / f"{version}.zip"), "--timezone",
                     "UTC"]) == 0  # fmt: skip
    for student in ("ada-lovelace", "bo-li"):
        with audit.changing(course, "grade 01-rows"), course.gradebook() as gradebook:
            gradebook.add_submission("01-rows", student).notebooks[0].grades[0].auto_score = 1.0
            gradebook.db.commit()
        for path in (f"autograded/{student}/01-rows/rows.ipynb", f"feedback/{student}/01-rows/rows.html",
                     f"results/01-rows/students/{student}.json", f"reports/01-rows/{student}.html"):  # fmt: skip
            (course.root / path).parent.mkdir(parents=True, exist_ok=True)
            (course.root / path).write_text(f"about {student}")
        (course.root / "downloaded" / "01-rows" / "replaced" / f"{student}-old-name-3").mkdir()  # somebody else's
    (course.root / "students.json").write_text(json.dumps({s: {"team": "t"} for s in ("ada-lovelace", "bo-li")}))
    write_allowances(course.root, {("01-rows", s): Allowance(excused=True) for s in ("ada-lovelace", "bo-li")})
    with audit.changing(course, "nothing"):
        pass
    return course


def traces(course, student, name):
    """Every file that names the student in its path or content, archives and databases opened."""
    found = []
    for path in course.root.rglob("*"):
        relative = str(path.relative_to(course.root))
        if not path.is_file():
            continue
        content = path.read_bytes()
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                content = "\n".join(archive.namelist()).encode()
        if path.suffix in (".json", ".jsonl"):
            content = content.decode().encode()
        words = (student.encode(), name.encode())
        if "-old-name-" not in relative and (student in relative or any(word in content for word in words)):
            found.append(relative)
    return found


def test_export_gives_everything(lived_in, students, tmp_path):
    assert students("export", "ada-lovelace", "--out", tmp_path / "ada.zip")[0] == 0
    with zipfile.ZipFile(tmp_path / "ada.zip") as archive:
        names = set(archive.namelist())
        gradebook = json.loads(archive.read("gradebook.json"))
        about = json.loads(archive.read("course.json"))
        everything = b"".join(archive.read(name) for name in names)
    assert {
        "submitted/ada-lovelace/01-rows/rows.ipynb", "submitted/ada-lovelace/01-rows/timestamp.txt",
        "autograded/ada-lovelace/01-rows/rows.ipynb", "feedback/ada-lovelace/01-rows/rows.html",
        "results/01-rows/students/ada-lovelace.json", "downloaded/01-rows/replaced/ada-lovelace-1/rows.ipynb",
    } <= names  # fmt: skip
    assert sum(name.startswith("downloads/") for name in names) == 2
    assert gradebook["submissions"][0]["notebooks"][0]["grades"][0]["auto_score"] == 1.0
    assert (about["details"]["team"], about["allowances"][0]["excused"]) == ("t", True)
    assert {line["student"] for line in about["log"]} == {"ada-lovelace"}
    assert b"bo-li" not in everything
    assert oct((tmp_path / "ada.zip").stat().st_mode)[-3:] == "600"


def test_remove_leaves_nothing_and_takes_nothing_of_others(lived_in, students):
    (lived_in.root / "grades.csv").write_text("ada-lovelace,1\n")
    before = traces(lived_in, "ada-lovelace", "Ada Lovelace")
    others = traces(lived_in, "bo-li", "Bo Li")
    assert len(before) >= 15
    status, said = students("remove", "ada-lovelace")
    assert status == 1
    assert "Nothing was removed." in said
    assert traces(lived_in, "ada-lovelace", "Ada Lovelace") == before
    status, said = students("remove", "ada-lovelace", "--yes")
    assert status == 1  # for the file that somebody made
    assert f"  {lived_in.root / 'grades.csv'}" in said
    assert traces(lived_in, "ada-lovelace", "Ada Lovelace") == ["grades.csv"]
    assert traces(lived_in, "bo-li", "Bo Li") == others
    assert (lived_in.root / "downloaded" / "01-rows" / "replaced" / "ada-lovelace-old-name-3").is_dir()
    with sqlite3.connect(lived_in.root / "gradebook.db") as gradebook:
        assert gradebook.execute("SELECT student_id FROM submitted_assignment").fetchall() == [("bo-li",)]
    assert students("remove", "ada-lovelace", "--yes")[0] == 2
    assert students("import", listed(lived_in.root / "again.csv", "id,name\nada-lovelace,Ada Lovelace\n"))[0] == 0
