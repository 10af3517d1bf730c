"""Recorded results: bench/README.md says what the JSON says."""

import json

import pytest

from bench import readme
from bench.__main__ import main
from bench.report import RESULTS, alternate, mebibytes, si, spread, summary


def test_the_readme_is_written_from_the_results():
    assert readme.README.read_text(encoding="utf-8") == readme.text()


def test_works_take_turns():
    order = []
    seconds = alternate({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, rounds=3)
    assert "".join(order) == "ab" * 4
    assert [len(values) for values in seconds.values()] == [3, 3]


def test_the_quartiles_of_two_are_both():
    assert summary([1, 2, 3, 4, 5]) == {"median": 3, "low_quartile": 1.5, "high_quartile": 4.5}
    assert summary([7, 5]) == {"median": 6, "low_quartile": 5, "high_quartile": 7}


def test_numbers_for_tables():
    assert spread(summary([1000, 2000, 3000])) == "2,000 (1,000 to 3,000)"
    assert (mebibytes(2**19), mebibytes(2**30)) == ("0.5 MiB", "1,024 MiB")
    assert [si(value) + "B" for value in (7, 1.26e4, 2.5e11, 9.89e14)] == ["7 B", "12.6 kB", "250 GB", "989 TB"]


def test_an_unknown_benchmark_is_refused(capsys):
    assert main(["trianing_step"]) == 2
    assert "there is no benchmark 'trianing_step'" in capsys.readouterr().err


@pytest.mark.parametrize("name", sorted(path.name for path in RESULTS.glob("*.json")))
def test_results_say_how_they_were_made(name):
    result = json.loads((RESULTS / name).read_text(encoding="utf-8"))
    assert result["command"]
    assert result["machine"]["processor"]
    assert result["machine"]["versions"]["torch"]
