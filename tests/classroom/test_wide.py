"""Columns of a terminal, with names of every script."""

from classroom.grading.outcome import summary
from classroom.wide import padded, width


def test_widths_are_those_of_a_terminal():
    assert [width(t) for t in ("abc", "小明", "ｱ", "e\u0301", "")] == [3, 4, 1, 1, 0]


def test_tables_are_in_line():
    rows = [("student", "points"), ("小明", "2"), ("amy", "10"), ("e\u0301lo", "")]
    lines = padded(rows, right=(1,))
    assert lines == ["student  points", "小明          2", "amy          10", "e\u0301lo"]
    assert padded([]) == []


def test_the_summary_of_a_run_is_in_line_for_chinese_names():
    report = {"notebook": "rows", "score": 2.0, "max_score": 5.0, "outcome": "graded", "flags": [], "reason": None}
    lines = summary([report | {"student": name} for name in ("小明", "amy")]).splitlines()
    columns = {width(line[: line.index("graded")]) for line in lines[2:]}
    assert len(columns) == 1
