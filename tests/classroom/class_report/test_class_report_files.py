"""The CSV files, against the rules by which Canvas and Moodle read them (their importers' sources, restated here)."""

import csv
import io
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from synthetic_class import GRADED, POINTS, question, report, standing

from classroom.class_report.attention import notices
from classroom.class_report.csv_files import canvas_csv, defused, feedback, grades_csv, moodle_csv
from classroom.class_report.finals import Final, Person
from classroom.class_report.worksheet import fill
from classroom.errors import ClassroomError
from classroom.questions.results import NOT_WRITTEN

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
MAXIMUM = sum(POINTS.values())
ADA = Person("ada", "Ada", "Example", "ada@example.org", "101")
BO = Person("bo", "Bo, Jr.", 'Examp"le', "bo@example.org", "102")
DAN = Person("dan", "丹", "示例", "dan@example.org", "103")


def rows(text):
    return list(csv.reader(io.StringIO(text)))


def some_class(platform=None):
    """Three have a grade. With a platform, they came in its download, which knows them by numbers from 901."""

    def sent(number):
        return {"sender": {"platform": platform, "number": number, "name": "x"} if platform else None}

    lost = [question("scores", 0.5, "The products are not scaled."), *map(question, ("softmax", "mask", "layer"))]
    nothing = report("may", [question(name, 0, "Nothing.") for name in POINTS], "missing", "Nothing.")
    broken = report("kim", [question(name, 0, "Failed.") for name in POINTS], "failed", "Failed.")
    late = Final(10.0, 1.25, {"scores": 1.5, "softmax": 2, "mask": 2.5, "layer": 4})
    return [
        standing(ADA, **sent("901")),
        standing(BO, report("bo", lost), late, **sent("902")),
        standing(DAN, **sent("903")),
        standing(Person("may", "May", "Example"), nothing, None, submitted=False),
        standing(Person("kim", "Kim", "Example"), broken),
        standing(Person("new"), final=None, reports=(), graded=None),
    ]


def test_the_plain_file_has_everybody_with_numbers():
    table = list(csv.DictReader(io.StringIO(grades_csv(some_class(), POINTS, MAXIMUM))))
    assert [row["student"] for row in table] == ["ada", "bo", "dan", "may", "kim", "new"]
    assert [row["score"] for row in table] == ["11.5", "8.75", "11.5", "0", "0", ""]
    assert [row["outcome"] for row in table] == ["graded", "graded", "graded", "missing", "failed", "not graded"]
    bo = table[1]
    assert (bo["first_name"], bo["last_name"]) == ("Bo, Jr.", 'Examp"le')
    assert (bo["before_penalty"], bo["late_penalty"], bo["max_score"]) == ("10", "1.25", "11.5")
    assert {name: float(bo[name]) for name in POINTS} == {"scores": 1.5, "softmax": 2, "mask": 2.5, "layer": 4}
    assert datetime.fromisoformat(bo["graded_at"]) == GRADED
    assert [row["sandboxed"] for row in table] == ["yes", "yes", "yes", "", "", ""]


class Canvas:
    """Reads as Canvas's gradebook import does: header, maxima, how a student is found."""

    def __init__(self, text, by_id=(), by_login=(), by_name=()):
        separator = max(";,", key=lambda s: self._even(text, s))
        header, *self.rows = csv.reader(io.StringIO(text), delimiter=separator)
        assert len(header) > 3
        assert "Student" in header[0]
        assert "ID" in header[1]
        assert re.search(r"SIS\s+User\s+ID", header[2])
        assert re.search(r"SIS\s+Login\s+ID", header[3])
        assert "Section" in header[4]  # the last column about the student
        (self.assignment,) = header[5:]
        self.by_id, self.by_login, self.by_name = dict(by_id), dict(by_login), dict(by_name)
        self.possible, self.scores = None, {}
        for row in self.rows:
            assert len(row) == len(header)
            if "Points Possible" in row[0]:
                self.possible = float(row[5])
            else:
                self.scores[self._student(row)] = float(row[5])

    @staticmethod
    def _even(text, separator):
        counts = {len(row) for row in list(csv.reader(io.StringIO(text), delimiter=separator))[:3]}
        return counts.pop() if len(counts) == 1 else 0

    def _student(self, row):
        number = re.match(r"\d*", row[1])[0]
        for known, key in ((self.by_id, number), (self.by_login, row[3]), (self.by_name, row[0])):
            if key and key in known:
                return known[key]
        return f"unknown: {row[0]}"


def test_canvas_finds_everybody_by_its_own_id_else_login_else_name():
    text = canvas_csv(some_class(), "02-attention", MAXIMUM)
    expected = {"ada": 11.5, "bo": 8.75, "dan": 11.5}
    for found in (
        Canvas(text, by_id={"101": "ada", "102": "bo", "103": "dan"}),
        Canvas(text, by_login={"ada": "ada", "bo": "bo", "dan": "dan"}),
        Canvas(text, by_name={"Example, Ada": "ada", 'Examp"le, Bo, Jr.': "bo", "示例, 丹": "dan"}),
    ):
        assert (found.assignment, found.possible) == ("02-attention", MAXIMUM)
        assert found.scores == expected


def test_numbers_are_those_of_the_platform_they_come_from():
    """Moodle's numbers are another set in every assignment, and in Canvas they would be somebody else's."""
    canvas, moodle, unknown = (some_class(platform) for platform in ("Canvas", "Moodle", None))
    assert [row[1] for row in rows(canvas_csv(canvas, "a", MAXIMUM))[2:]] == ["901", "902", "903"]
    assert [row[1] for row in rows(canvas_csv(moodle, "a", MAXIMUM))[2:]] == ["", "", ""]
    assert [row[1] for row in rows(canvas_csv(unknown, "a", MAXIMUM))[2:]] == ["101", "102", "103"]
    assert moodle_worksheet(moodle_csv(canvas, MAXIMUM, NOW)) == {}
    assert moodle_worksheet(moodle_csv(unknown, MAXIMUM, NOW)) == {}


def test_canvas_leaves_out_who_has_no_grade_and_keeps_odd_names():
    people = [Person("pp", "Points Possible"), Person("x;y", "Semi;", "Colon;"), Person("n", "", "", "", "no number")]
    found = Canvas(canvas_csv([standing(p) for p in people], "a;b", MAXIMUM), by_login={p.id: p.id for p in people})
    assert found.scores.keys() == {"pp", "x;y", "n"}
    assert [row[1] for row in found.rows] == ["", "", "", ""]


def moodle_worksheet(text):
    """What Moodle's offline grading worksheet takes: by participant number, who it does not know is passed over."""
    header, *lines = rows(text)
    assert {"Identifier", "Grade", "Last modified (grade)", "Feedback comments"} <= set(header)
    taken = {}
    for line in lines:
        row = dict(zip(header, line, strict=True))
        number = row["Identifier"][len("Participant ") :]
        assert datetime.fromisoformat(row["Last modified (grade)"]) == NOW
        if number:
            taken[int(number)] = (float(row["Grade"]), float(row["Maximum Grade"]), row["Feedback comments"])
    return taken


def moodle_import(text, column):
    """What Moodle's general import does when `column` identifies: an empty cell keeps the student of the row above."""
    header, *lines = rows(text)
    student, taken = None, {}
    for line in lines:
        row = dict(zip(header, line, strict=True))
        student = row[column] or student
        taken.setdefault(student, []).append(float(row["Grade"]))
    return taken


def test_moodle_s_worksheet_takes_grades_and_comments():
    taken = moodle_worksheet(moodle_csv(some_class("Moodle"), MAXIMUM, NOW))
    assert taken.keys() == {901, 902, 903}
    assert taken[901] == (11.5, MAXIMUM, "")
    grade, _, comment = taken[902]
    assert grade == 8.75
    assert comment == (
        "Question about `scores`: 1.5 of 3. The products are not scaled.<br>Handed in late: 1.25 points less."
    )


def test_moodle_s_general_import_gives_everybody_their_own_grade():
    text = moodle_csv(some_class(), MAXIMUM, NOW)
    assert moodle_import(text, "Email address") == {
        "ada@example.org": [11.5],
        "bo@example.org": [8.75],
        "dan@example.org": [11.5],
    }
    assert "ID number" not in rows(text)[0]  # nobody's is known, and what the course calls them is not it
    numbered = [standing(Person("ada", "Ada", id_number="S1")), standing(Person("bo", "Bo", id_number="S2"))]
    assert moodle_import(moodle_csv(numbered, MAXIMUM, NOW), "ID number") == {"S1": [11.5], "S2": [11.5]}
    assert [row[2] for row in rows(canvas_csv(numbered, "a", MAXIMUM))[2:]] == ["S1", "S2"]
    # One without an address: the column is gone, so that nobody's grade goes to the row above.
    some = moodle_csv([standing(ADA), standing(Person("eve", "Eve"))], MAXIMUM, NOW)
    assert "Email address" not in rows(some)[0]
    half = moodle_csv([numbered[0], standing(Person("eve", "Eve"))], MAXIMUM, NOW)
    assert "ID number" not in rows(half)[0]


WORKSHEETS = {
    "English": "Identifier,Full name,ID number,Email address,Status,Grade,Maximum Grade,Last modified (grade)\r\n"
    "Participant 901,Ada Example,,ada@example.org,Submitted,,11.50,-\r\n"
    "Participant 902,Bo,,bo@example.org,Submitted,1.00,11.50,-\r\n"
    'Participant 999,"Somebody, Else",,x@example.org,No submission,,11.50,-\r\n',
    "German": '\ufeffID,"Vollständiger Name",E-Mail-Adresse,Status,Bewertung,Bestwertung,"Zuletzt geändert"\r\n'
    'Teilnehmer/in901,"Ada Example",ada@example.org,Abgegeben,,"11,50",-\r\n'
    'Teilnehmer/in902,Bo,bo@example.org,Abgegeben,"1,00","11,50",-\r\n'
    'Teilnehmer/in999,Somebody,x@example.org,Nein,,"11,50",-\r\n',
}


@pytest.mark.parametrize("language", WORKSHEETS)
@pytest.mark.parametrize("platform", ["Moodle", None])
def test_moodle_s_own_worksheet_is_filled_in_whatever_language(tmp_path, language, platform):
    path = tmp_path / "worksheet.csv"
    path.write_bytes(WORKSHEETS[language].encode())
    filled, problems = fill(path, some_class(platform), MAXIMUM)
    before, after = rows(WORKSHEETS[language].removeprefix("\ufeff")), rows(filled)
    assert after[0] == before[0]
    grade = next(i for i, name in enumerate(before[0]) if name in ("Grade", "Bewertung"))
    assert [row[grade] for row in after[1:]] == ["11.5", "8.75", ""]
    for old, new in zip(before, after, strict=True):
        assert [c for i, c in enumerate(old) if i != grade] == [c for i, c in enumerate(new) if i != grade]
    assert problems == ["dan has a grade and no row in worksheet.csv."]


@pytest.mark.parametrize("text", ["", "a,b\r\n1,2\r\n", WORKSHEETS["English"].replace("11.50", "100.00"), "\0"])
def test_another_worksheet_gets_a_sentence(tmp_path, text):
    path = tmp_path / "worksheet.csv"
    path.write_text(text)
    with pytest.raises(ClassroomError, match="is not Moodle's grading worksheet of this assignment"):
        fill(path, some_class(), MAXIMUM)


def test_an_excuse_reaches_canvas_and_nobody_s_penalty():
    excused = [replace(s, excused=True) if s.person.id in ("ada", "may") else s for s in some_class()]
    scores = {row[3]: row[5] for row in rows(canvas_csv(excused, "a", MAXIMUM))[2:]}
    assert scores == {"ada": "EX", "bo": "8.75", "dan": "11.5", "may": "EX"}
    assert "Ada" not in moodle_csv(excused, MAXIMUM, NOW)
    plain = {r["student"]: r for r in csv.DictReader(io.StringIO(grades_csv(excused, POINTS, MAXIMUM)))}
    assert (plain["may"]["outcome"], plain["may"]["score"]) == ("excused", "")
    assert (plain["ada"]["outcome"], plain["ada"]["score"]) == ("graded", "11.5")
    kinds = {(n.kind, n.student) for n in notices(excused, [])}
    assert not {kind for kind, student in kinds if student == "may"}
    late = [replace(s, late_unknown=True) for s in some_class()]
    assert ("late", "bo") in {(n.kind, n.student) for n in notices(late, [])}


def test_a_grade_that_a_person_gave_counts_even_where_nothing_was_submitted():
    nothing = report("may", [question(name, 0, "Nothing.") for name in POINTS], "missing", "Nothing.")
    oral = Final(7.0, 0.0, {"scores": 3, "layer": 4}, manual=frozenset({"scores", "layer"}))
    found = Canvas(canvas_csv([standing(Person("may"), nothing, oral)], "a", MAXIMUM), by_login={"may": "may"})
    assert found.scores == {"may": 7.0}


def test_comments_hold_no_markup_and_no_error_text_of_the_student_s():
    raised = "ValueError in `f`, line 2 (`raise ValueError(secret)`): <script>alert(1)</script>."
    asked = [question("scores", 0, raised), question("softmax", 0, NOT_WRITTEN), question("mask", 0.5, "a < b & c")]
    said = feedback(standing("eve", report("eve", [*asked, question("layer")])))
    assert said.split("<br>") == [
        "Question about `scores`: 0 of 3. Not fulfilled: values, shape and dtype.",
        "Question about `softmax`: 0 of 2. Not written.",
        "Question about `mask`: 1.25 of 2.5. a &lt; b &amp; c",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "=cmd|' /c calc'!A1",
        "+1",
        "-1+1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "  =1",
        "x;=1",
        "a\n=1",
        "＝1",
        "|x",
        "%x",
        "\0=1",
    ],
)
def test_no_cell_begins_a_formula(text):
    safe = defused(text)
    cells = [part.lstrip() for part in re.split(r"[;\t\r\n]", safe)]
    assert not any(cell[:1] in tuple("=+-@|%＝") for cell in cells if cell)
    assert safe.replace("'", "") == text.replace("\0", "").replace("'", "")  # nothing else is changed


@pytest.mark.parametrize("text", ["Ada", "O'Brien", "a=b", "x-y", "", "王-小明", "ada@example.org", "1; 2"])
def test_ordinary_text_stays(text):
    assert defused(text) == text


def test_names_from_students_are_defused_in_every_file():
    hostile = standing(Person("=1+1", "=HYPERLINK(1)", "@x", "+y", "7"))
    plain = grades_csv([hostile], POINTS, MAXIMUM)
    for text in (plain, canvas_csv([hostile], "a", MAXIMUM), moodle_csv([hostile], MAXIMUM, NOW)):
        for cell in (cell for row in rows(text) for cell in row):
            assert not cell.startswith(("=", "+", "@", "-")), text
