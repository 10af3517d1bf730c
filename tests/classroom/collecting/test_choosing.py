"""Names that platforms, browsers and students give to files, and what is understood of them."""

from datetime import datetime
from pathlib import Path

import pytest

from classroom.collecting.choose import Sent, choose, official_name
from classroom.collecting.lms_names import Sender, SentFile, parse
from classroom.collecting.roster import Roster, Student

MOODLE, CANVAS = Sender("Moodle", "1234567", "Ada Lovelace"), Sender("Canvas", "12345", "lovelaceada")


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("Ada Lovelace_1234567_assignsubmission_file_/w.ipynb", SentFile(MOODLE, "w.ipynb", None, 0)),
        ("Ada Lovelace_1234567_assignsubmission_file/w.ipynb", SentFile(MOODLE, "w.ipynb", None, 0)),
        ("Ada Lovelace_1234567_assignsubmission_file_/hw/w.ipynb", SentFile(MOODLE, "hw/w.ipynb", None, 0)),
        ("Ada Lovelace_1234567_assignsubmission_file_w.ipynb", SentFile(MOODLE, "w.ipynb", None, 0)),
        ("Ada Lovelace_1234567_assignsubmission_file_my_w_2.ipynb", SentFile(MOODLE, "my_w_2.ipynb", None, 0)),
        ("download/Ada Lovelace_1234567_assignsubmission_file_w.ipynb", SentFile(MOODLE, "w.ipynb", None, 0)),
        ("王 小明_7_assignsubmission_file_/w.ipynb", SentFile(Sender("Moodle", "7", "王 小明"), "w.ipynb", None, 0)),
        (
            "A_B C_7_assignsubmission_onlinetext_/onlinetext.html",
            SentFile(Sender("Moodle", "7", "A_B C"), "onlinetext.html", None, 0),
        ),
        ("lovelaceada_12345_67890_w.ipynb", SentFile(CANVAS, "w.ipynb", False, 67890)),
        ("lovelaceada_LATE_12345_67890_w-1.ipynb", SentFile(CANVAS, "w-1.ipynb", True, 67890)),
        ("submissions/lovelaceada_late_12345_67890_my_w.ipynb", SentFile(CANVAS, "my_w.ipynb", True, 67890)),
        ("lovelaceada_12345_text.html", SentFile(CANVAS, "text.html", False, 0)),
        ("self-attention.ipynb", None),
        ("lovelaceada/w.ipynb", None),
        ("report_2026.pdf", None),
    ],
)
def test_platforms_names_are_taken_apart(path, sent):
    assert parse(path) == sent


@pytest.mark.parametrize(
    ("name", "official"),
    [
        ("self-attention.ipynb", "self-attention"),
        ("Self_Attention.IPYNB", "self-attention"),
        ("self attention.ipynb", "self-attention"),
        ("self-attention(1).ipynb", "self-attention"),
        ("self-attention (12).ipynb", "self-attention"),
        ("self-attention-2.ipynb", "self-attention"),
        ("self-attention-Copy1.ipynb", "self-attention"),
        ("self-attention - Copy.ipynb", "self-attention"),
        ("self-attention - Copy (2)-1.ipynb", "self-attention"),
        ("hw/self-attention_copy.ipynb", "self-attention"),
        ("part-1.ipynb", "part-1"),
        ("part-2.ipynb", "part-2"),
        ("part-2-1.ipynb", "part-2"),
        ("part-3.ipynb", None),
        ("attention.ipynb", None),
        ("-1.ipynb", None),
        ("(1)(1)(1).ipynb", None),
    ],
)
def test_copies_are_known_by_their_names(name, official):
    assert official_name(name, ["self-attention", "part-1", "part-2"]) == official


def sent(name, minute=None, order=0, late=None):
    return Sent(name, Path(name), None if minute is None else datetime(2026, 11, 1, 12, minute), order, late)


def test_the_last_version_counts_by_time_then_attachment_then_number():
    chosen = choose([sent("w.ipynb", 5), sent("w(1).ipynb", 3), sent("w-2.ipynb", 4)], ["w"])
    assert chosen.files == {"w.ipynb": sent("w.ipynb", 5)}
    assert chosen.notes == ("w.ipynb is the last version; left out: w(1).ipynb and w-2.ipynb.",)
    assert choose([sent("w.ipynb", 5, 9), sent("w-1.ipynb", 5, 8)], ["w"]).files["w.ipynb"].order == 9
    assert choose([sent("w(2).ipynb"), sent("w.ipynb"), sent("w(10).ipynb")], ["w"]).renamed == {
        "w.ipynb": "w(10).ipynb"
    }


def test_a_single_notebook_of_another_name_is_the_assignment_s():
    assert choose([sent("final.ipynb")], ["w"]).renamed == {"w.ipynb": "final.ipynb"}
    two = choose([sent("final.ipynb"), sent("draft.ipynb")], ["w"])
    assert two.files == {}
    assert two.notes[0] == "final.ipynb was left out: it is not w.ipynb."
    assert choose([sent("final.ipynb")], ["v", "w"]).files == {}
    assert choose([sent("notes.pdf")], ["w"]).notes == ("there is no notebook among notes.pdf.",)


def test_files_beside_the_notebook_keep_their_places():
    files = [sent("hw/w.ipynb", 1), sent("hw/data/x.csv", 9), sent("hw/helper.py", 9), sent("readme.txt", 9)]
    chosen = choose(files, ["w"])
    assert chosen.files.keys() == {"w.ipynb", "data/x.csv", "helper.py", "readme.txt"}
    assert chosen.handed_in == datetime(2026, 11, 1, 12, 1)  # the notebook's


@pytest.mark.parametrize(
    ("marks", "late"), [([None], None), ([False], False), ([True], True), ([False, True], True), ([False, None], None)]
)
def test_one_late_notebook_makes_it_late(marks, late):
    files = [sent(f"part-{i}.ipynb", late=mark) for i, mark in enumerate(marks)]
    assert choose(files, [f"part-{i}" for i in range(len(marks))]).late is late


ADA = Student("ada", "Ada", "Lovelace", "12345")
BOB = Student("bob", "Bob", "Noether", "")
TWIN = Student("twin", "Bob", "Noether", "99")
EMMY = Student("emmy", "Émilie", "du Châtelet-Laumont", "")


@pytest.mark.parametrize(
    ("sender", "found"),
    [
        (CANVAS, [ADA]),
        (Sender("Canvas", "777", "lovelaceada"), [ADA]),
        (Sender("Canvas", "12345", "renamed"), [ADA]),
        (Sender("Canvas", "777", "duchâteletlaumontémilie"), [EMMY]),
        (Sender("Canvas", "777", "nobody"), []),
        (MOODLE, [ADA]),
        (Sender("Moodle", "12345", "Bob Noether"), [BOB, TWIN]),  # Ada's number in another assignment
        (Sender("Moodle", "99", "Bob Noether"), [TWIN]),
        (Sender("Moodle", "5", "Lovelace Ada"), [ADA]),
        (Sender("Moodle", "12345", "Somebody Else"), []),
    ],
)
def test_students_are_found_again(sender, found):
    assert Roster([ADA, BOB, TWIN, EMMY]).find(sender) == found


def test_new_students_get_an_id_that_is_free():
    roster = Roster([ADA])
    assert roster.new(Sender("Moodle", "8", "Grace Brewster Hopper")) == Student(
        "grace-brewster-hopper", "Grace Brewster", "Hopper", "8"
    )
    assert roster.new(Sender("Moodle", "9", "Ada")).id == "ada-9"
    assert roster.new(Sender("Canvas", "10", "hoppergrace")) == Student("hoppergrace", "", "", "10")
    assert roster.new(Sender("Moodle", "11", "王 小明")).id == "王-小明"
    assert roster.new(Sender("Moodle", "12", "../..")).id == "moodle-12"
