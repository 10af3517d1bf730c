"""Names that platforms, browsers and students give to files, and what is understood of them."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from classroom.collecting.choose import Sent, choose, official_name
from classroom.collecting.clock import course_zone, parse_time
from classroom.collecting.identify import identify
from classroom.collecting.lms_names import Sender, SentFile, parse, split_name
from classroom.collecting.roster import Roster, Student, UnclearError
from classroom.errors import ClassroomError

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
    files[0] = replace(files[0], arrived=datetime(2026, 11, 1, 12, 1))
    files[1] = replace(files[1], arrived=datetime(2026, 11, 1, 12, 9))
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
OTHER = Sender("Moodle", "7", "Grace Hopper")


def roster(*more, **known):
    return Roster([ADA, EMMY, Student("grace", "Grace", "Hopper"), *more], **known)


@pytest.mark.parametrize(
    ("sender", "found"),
    [
        (CANVAS, ADA),
        (Sender("Canvas", "12345", "renamed"), ADA),  # a number that is known decides
        (Sender("Canvas", "777", "duchâteletlaumontémilie"), EMMY),
        (Sender("Canvas", "777", "nobody"), None),
        (MOODLE, ADA),
        (Sender("Moodle", "12345", "Émilie du Châtelet-Laumont"), EMMY),  # Ada's number is Canvas's
        (Sender("Moodle", "5", "Lovelace, Ada"), ADA),
        (Sender("Moodle", "12345", "Somebody Else"), None),
    ],
)
def test_students_are_found_again(sender, found):
    assert roster().find(sender) == found


@pytest.mark.parametrize(
    ("sender", "known", "sentence"),
    [
        (Sender("Canvas", "777", "lovelaceada"), {}, "ada (Ada Lovelace) has this name and is Canvas 12345. Say who"),
        (Sender("Moodle", "5", "Bob Noether"), {}, r"bob \(Bob Noether\) has this name and twin \(Bob Noether\) has"),
        (Sender("Moodle", "8", "Grace Hopper"), {"senders": {"grace": OTHER}}, r"and is Grace Hopper \(Moodle 7\)"),
        (Sender("Moodle", "8", "Grace Hopper"), {"occupied": {"grace"}}, "and has a submission of unknown origin"),
    ],
)  # fmt: skip
def test_a_name_alone_takes_nobody_s_place(sender, known, sentence):
    with pytest.raises(UnclearError, match=sentence.replace("ada (Ada Lovelace)", r"ada \(Ada Lovelace\)")):
        roster(BOB, TWIN, **known).find(sender)


def test_two_senders_of_one_name_are_both_asked_about():
    two = [Sender("Moodle", number, "Grace Hopper") for number in ("7", "8")]
    for sender, other in (two, two[::-1]):
        with pytest.raises(UnclearError, match=f"has this name and Grace Hopper .Moodle {other.number}. has it too"):
            roster().find(sender, [other])
    bound = roster(senders={"grace": two[0]})
    assert bound.find(two[0], [two[1]]).id == "grace"
    with pytest.raises(UnclearError):
        bound.find(two[1], [two[0]])


def test_new_students_get_an_id_that_is_free():
    known = Roster([ADA])
    assert known.new(Sender("Moodle", "8", "Grace Brewster Hopper")) == Student(
        "grace-brewster-hopper", "Grace Brewster", "Hopper"
    )
    assert known.new(Sender("Moodle", "9", "Ada")).id == "ada-9"
    assert known.new(Sender("Canvas", "10", "hoppergrace")) == Student("hoppergrace", "", "hoppergrace", "10")
    assert known.new(Sender("Moodle", "11", "王 小明")).id == "王-小明"
    assert known.new(Sender("Moodle", "12", "../..")).id == "moodle-12"
    assert Roster([Student("Ada")]).new(Sender("Moodle", "9", "ada")).id == "ada-9"  # one folder on some disks


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("Ada Lovelace", ("Ada", "Lovelace")),
        ("Lovelace, Ada", ("Ada", "Lovelace")),
        ("King, Jr., Martin Luther", ("Jr. Martin Luther", "King")),
        ("王小明", ("", "王小明")),
        ('Ada "Countess" Lovelace', ("Ada Countess", "Lovelace")),
    ],
)
def test_names_are_split_at_the_comma_or_the_last_space(written, names):
    assert split_name(written) == names


MOODLE_HIDDEN = [Sender("Moodle", str(n), "Teilnehmerin") for n in (1, 2)]


@pytest.mark.parametrize(
    "senders",
    [
        MOODLE_HIDDEN,
        [parse(f"anon_aB{n}dE_6789{n}_w.ipynb").sender for n in range(4)],
        [parse("LATE_anon_12345_67890_w.ipynb").sender],
        [Sender("Moodle", str(n), "Anything") for n in range(3)],  # in a language that is not known here
    ],
)
def test_anonymous_downloads_are_said_in_one_sentence(senders):
    done = identify(senders, roster())
    assert not done.students
    (problem,) = done.problems
    assert problem.startswith(f"{len(senders)} submission")
    assert "this download is anonymous" in problem


def test_a_team_s_submission_is_every_member_s():
    people = [Student("amy", team="Team Blue"), Student("bo", team="Team Blue"), Student("cy", team="Red")]
    sender = parse("teamblue_LATE_55_66_w.ipynb").sender
    done = identify([sender], Roster(people))
    assert done.students == {sender: (people[0], people[1])}
    assert done.notes == ["teamblue (Canvas 55) is a team: taken for amy, bo."]


def test_the_group_before_a_name_is_recognised_and_said():
    senders = [Sender("Moodle", "1", "Team 4-Ada Lovelace"), Sender("Moodle", "2", "Team 4-Jean-Luc Picard")]
    done = identify(senders, roster())
    assert [s[0].id for s in done.students.values()] == ["ada", "jean-luc-picard"]
    assert done.notes == ["2 sent as the group 'Team 4', which Moodle puts before their names."]
    alone = identify([Sender("Moodle", "2", "Jean-Luc Picard")], roster())
    assert [s[0].id for s in alone.students.values()] == ["jean-luc-picard"]


def test_what_a_person_says_decides():
    senders = [Sender("Moodle", "7", "Grace Hopper"), Sender("Moodle", "8", "Grace Hopper")]
    done = identify(senders, roster(), {"7": "grace", "8": "new"})
    assert [s[0].id for s in done.students.values()] == ["grace", "grace-hopper-8"]
    assert done.problems == ["Grace Hopper (Moodle 8) is new, like Grace Hopper (Moodle 7) of the same name: taken as "
                             "grace-hopper-8."]  # fmt: skip
    for said, sentence in (({"9": "grace"}, "nobody in this download"), ({"7": "gracie"}, "no student 'gracie'")):
        with pytest.raises(ClassroomError, match=sentence):
            identify(senders, roster(), said)


def test_times_are_read_one_way_only():
    berlin = ZoneInfo("Europe/Berlin")
    for text, utc in (
        ("2026-11-30 23:59", (2026, 11, 30, 22, 59)),
        ("2026-11-30T23:59:00Z", (2026, 11, 30, 23, 59)),
        ("2026-11-30 23:59 America/New_York", (2026, 12, 1, 4, 59)),
        ("2026-11-30T23:59+00:00", (2026, 11, 30, 23, 59)),
    ):
        assert parse_time(text, berlin) == datetime(*utc)
    for text in ("11/12/2026 10:00", "2026-11-30", "tomorrow", "", "2026-13-01 10:00"):
        with pytest.raises(ClassroomError, match="is not a time; write it as 2026-11-30 23:59"):
            parse_time(text, berlin)


def test_a_course_s_zone_is_the_same_on_every_machine(tmp_path, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert course_zone(tmp_path)[1:] == ("Asia/Tokyo", None)
    monkeypatch.setenv("TZ", "America/New_York")
    assert course_zone(tmp_path)[1:] == ("Asia/Tokyo", None)
    assert course_zone(tmp_path, "Europe/Berlin")[1:] == ("Europe/Berlin", "Asia/Tokyo")
    assert course_zone(tmp_path)[0] == ZoneInfo("Europe/Berlin")
