"""What the report says, from records and gradebook rows."""

from datetime import timedelta
from pathlib import Path

import pytest
from synthetic_class import GRADED, POINTS, WRONG, class_report, many, question, report, standing

from classroom.class_report.attention import notices
from classroom.class_report.finals import Final, Person
from classroom.class_report.misconceptions import (
    ERROR,
    FORBIDDEN,
    MISCONCEPTION,
    diagnosed,
    failed_criteria,
    findings,
    not_written,
)
from classroom.class_report.outline import outline, to_json
from classroom.class_report.wordings import count, listed, number, percent
from classroom.questions.examiner import SOMETHING_ELSE
from classroom.questions.results import NOT_WRITTEN
from classroom.submissions.discreet import UNKNOWN

COURSE = Path("course")
CALLS = "This question asks you to write it yourself: your code calls torch.softmax, which is not allowed."


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (None, None),
        (NOT_WRITTEN, None),
        ("The notebook's process was killed by SIGKILL.", None),  # the report's reason
        ("`f` ran longer than 4 s and was stopped. Is there a loop that never ends?", None),
        (WRONG["mask"], (MISCONCEPTION, WRONG["mask"])),
        (f"{WRONG['mask']} {SOMETHING_ELSE}", (MISCONCEPTION, WRONG["mask"])),
        ("`f` is not defined after the cells above its check have run.", (MISCONCEPTION, ...)),
        ("ValueError in `f`, line 3 (`x = y`): no message.", (ERROR, "ValueError")),
        ("RuntimeError in your code, line 1: mat1 and mat2.", (ERROR, "RuntimeError")),
        ("IndentationError: unexpected indent.", (ERROR, "IndentationError")),
        ("An exception in `f`, line 3 (`boom()`): its message is left out here.", (ERROR, "An exception")),
        (UNKNOWN, (ERROR, "An exception")),
        (f"ForbiddenNameError in `f`, line 2 (`return x`): {CALLS}", (FORBIDDEN, ...)),
        (CALLS, (FORBIDDEN, "Calls `torch.softmax`, which the question asks to write.")),
    ],
)
def test_a_diagnosis_is_a_misconception_an_error_a_forbidden_call_or_none(sentence, expected):
    found = diagnosed(question("mask", 0, sentence), "The notebook's process was killed by SIGKILL.")
    if expected and expected[1] is ...:
        assert found[0] == expected[0]
    else:
        assert found == expected


def test_misconceptions_are_counted_the_most_frequent_first_then_by_points():
    def wrong(student, *names, share=0.5):
        asked = [question(n, share, WRONG[n]) if n in names else question(n) for n in POINTS]
        return standing(student, report(student, asked))

    everybody = [
        wrong("a", "scores"),
        wrong("b", "mask", "layer"),
        wrong("c", "mask"),
        wrong("d"),
        wrong("e", "softmax"),
    ]
    found = [(f.question, f.students, f.lost) for f in findings(everybody)]
    assert found == [
        ("mask", ("b", "c"), 2.5),
        ("layer", ("b",), 2.0),
        ("scores", ("a",), 1.5),
        ("softmax", ("e",), 1.0),
    ]


def test_criteria_are_counted_among_those_whose_answer_was_judged():
    shares = {"a": 1, "b": 0.5, "c": 0, "d": 0.5}
    asked = [standing(s, report(s, [question("mask", share, "Wrong.")])) for s, share in shares.items()]
    asked.append(standing("e", report("e", [question("mask", 0, NOT_WRITTEN)])))
    asked.append(standing("f", report("f", [question("mask", 0, "It is gone.")], "crashed", "It is gone.")))
    (values, shape) = failed_criteria(asked)["mask"]
    assert (values.name, values.failed, values.answered) == ("values", 3, 4)
    assert (shape.name, shape.failed, shape.answered) == ("shape and dtype", 1, 4)
    assert not_written(asked) == {"mask": 1}


def test_who_handed_in_nothing_counts_nowhere():
    lost = report("b", [question(name, 0, "Gone.") for name in POINTS], "missing", "Gone.")
    everybody = [standing("a"), standing("b", lost, None, submitted=False)]
    found = class_report(COURSE, everybody)
    assert (len(found.standings), len(found.judged), found.distribution.count) == (2, 1, 1)
    assert [q.earned for q in found.questions] == [1, 1, 1, 1]
    assert found.findings == ()


def test_grades_by_hand_and_penalties_are_what_counts():
    by_hand = Final(8.0, 3.0, {"scores": 3.0, "softmax": 2.0, "mask": 0.0, "layer": 3.0}, manual=frozenset({"layer"}))
    late = Final(1.0, 3.0, dict.fromkeys(POINTS, 0.25))
    found = class_report(COURSE, [standing("a", final=by_hand), standing("b", final=late)])
    assert [s.score for s in found.standings] == [5.0, 0.0]
    assert {q.id: q.earned for q in found.questions}["layer"] == pytest.approx(3.25 / 8, abs=1e-12)


def test_what_needs_a_look_is_said_once_and_in_order():
    def lost(student, outcome):
        asked = [question(name, 0, f"It {outcome}.") for name in POINTS]
        return standing(student, report(student, asked, outcome, f"It {outcome}."))

    everybody = [
        standing("fine"),
        lost("m", "missing"),
        lost("t", "timeout"),
        lost("f", "failed"),
        standing("flagged", report("flagged", flags=["The check cell was edited.", "A cell was deleted."])),
        standing("caller", report("caller", [question("mask", 0, CALLS)])),
        standing("again", changed=True),
        standing("waits", final=Final(1, 0, {"layer": 0}, waiting=frozenset({"layer"}))),
        standing("new", final=None, reports=(), graded=None),
        standing("stock", final=Final(4, 0, {"layer": 4}), reports=(), graded=None),
    ]
    found = notices(everybody, findings(everybody))
    assert [(n.kind, n.student) for n in found] == [
        ("failed", "f"),
        ("not graded", "new"),
        ("changed", "again"),
        ("timeout", "t"),
        ("forbidden", "caller"),
        ("flag", "flagged"),
        ("flag", "flagged"),
        ("waiting", "waits"),
        ("no record", "stock"),
        ("missing", "m"),
    ]
    assert "mask: Calls `torch.softmax`" in next(n.sentence for n in found if n.kind == "forbidden")


def test_a_grade_without_a_sandbox_needs_attention():
    assert not class_report(COURSE, [standing("a")]).needs_attention
    found = class_report(COURSE, [standing("a"), standing("b", report("b", sandboxed=False))])
    assert found.needs_attention
    assert [s.person.id for s in found.unsandboxed] == ["b"]
    assert "1 grade obtained without a sandbox" in outline(found)


def test_the_outline_is_short_and_the_json_complete():
    found = class_report(COURSE, many(300))
    assert len(outline(found).splitlines()) < 25
    data = to_json(found)
    assert len(data["students"]) == 300
    assert data["distribution"]["median"] == found.distribution.median
    assert sum(b["count"] for b in data["histogram"]) == data["judged"] == len(found.judged)
    assert {f["sentence"] for f in data["findings"]} == set(WRONG.values())
    assert max(s.graded for s in found.standings) > GRADED + timedelta(minutes=200)


def test_students_are_sorted_by_name_in_the_gradebook_s_words():
    ada = Person("z1", "Ada", "Example")
    assert (ada.name, ada.sortable_name) == ("Ada Example", "Example, Ada")
    assert (Person("x").name, Person("x", "", "Only").sortable_name) == ("", "Only")


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (number(3.0), "3"),
        (number(2.50), "2.5"),
        (number(1 / 3), "0.33"),
        (number(-0.001), "0"),
        (number(1234567.891), "1234567.89"),
        (percent(0.999), "99%"),
        (percent(1.0), "100%"),
        (percent(0.0001), "<1%"),
        (percent(0.0), "0%"),
        (percent(0.005), "<1%"),
        (count(1, "student"), "1 student"),
        (count(0, "student"), "0 students"),
        (count(1000, "entry", "entries"), "1,000 entries"),
        (listed(["a"]), "a"),
        (listed(["a", "b"]), "a and b"),
        (listed(["a", "b", "c"]), "a, b and c"),
        (listed([]), ""),
    ],
)
def test_numbers_and_plurals(made, expected):
    assert made == expected
