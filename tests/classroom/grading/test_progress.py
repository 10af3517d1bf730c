"""The bar of a grading run: what it counts, and what it says."""

from classroom.grading.progress import Progress


def reports(*outcomes):
    return [{"outcome": outcome} for outcome in outcomes]


def test_the_bar_counts_notebooks_and_names_outcomes_on_stderr(capsys):
    with Progress("02-rows", 6) as progress:
        progress.kept(reports("graded", "graded", "timeout"))
        progress.graded(reports("graded"))
        progress.graded(reports("memory"))
    said = capsys.readouterr()
    assert said.out == ""
    last = said.err.split("\r")[-1]
    assert "02-rows" in last
    assert "5/6" in last
    assert "3 graded, 1 timeout, 1 memory" in last


def test_what_was_graded_before_does_not_count_for_the_rate():
    with Progress("02-rows", 1000) as progress:
        progress.kept(reports(*["graded"] * 900))
        state = progress._bar.format_dict
        assert (state["initial"], state["n"], state["total"]) == (900, 900, 1000)
