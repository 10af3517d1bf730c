"""Which chapters a build executes: those that need what has changed, and no others."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from book_tools.building.execution import CellError
from book_tools.building.results import Result, Results

from .conftest import Project, page


def edit(project: Project, name: str, before: str, after: str) -> None:
    """Replaces text in a file; it must be there."""
    path = project.root / name
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


def test_nothing_changed_executes_nothing(built):
    before = {name: result.cells for name, result in built.build()[0].items()}
    found, executed = built.build()
    assert executed == []
    assert {name: result.cells for name, result in found.items()} == before
    assert found["first"].cells[1]["outputs"][0]["data"]["text/plain"] == "1"


@pytest.mark.parametrize(
    ("name", "before", "after", "executed"),
    [
        ("book/first.md", "A sentence.", "Another sentence.\n\nAnd one more.", []),
        ("book/first.md", "# First", "# Called otherwise", []),
        ("book/first.md", "\nvalue\n", "\nvalue + 1\n", ["first"]),
        ("src/tiny/near.py", "far.value", "far.value + 1", ["first"]),
        ("src/tiny/far.py", "1", "5", ["first"]),  # not imported directly
        ("src/tiny/other.py", "2", "5", ["second"]),
        ("src/tiny/unused.py", "3", "5", []),
        ("src/tiny/__init__.py", "", "\n", ["first", "second"]),  # Python executes it for both
        ("book/table.txt", "hello", "good morning", ["second"]),
        ("book/claims.yml", "{id: C01, verdict: holds,", "{id: C01, verdict: does not hold,", ["second"]),
        ("book/claims.yml", "{id: C02, verdict: holds,", "{id: C02, verdict: does not hold,", []),
        ("book/claims.yml", "{title: Notes}", "{title: Notes on paper}", ["second"]),  # the card names it
        ("book/claims.yml", "{title: More}", "{title: Some more}", []),
        ("requirements.txt", "", "torch==1\n", ["first", "second"]),
    ],
)
def test_what_is_changed_decides_what_is_executed(built, name, before, after, executed):
    edit(built, name, before, after)
    assert built.build()[1] == executed
    assert built.build()[1] == []


def test_a_claim_that_is_named_in_a_chapter_counts_wherever_it_belongs(project):
    project.write("book/claims.yml", "claims:\n  - {id: C07, verdict: holds, chapter: elsewhere, document: d}\n")
    project.write("book/one.md", page("One", project.note("one"), "claim = 'C07'"))
    assert project.build()[1] == ["one"]
    edit(project, "book/claims.yml", "verdict: holds", "verdict: does not hold")
    assert project.build()[1] == ["one"]


def test_a_new_file_in_a_folder_that_a_chapter_lists(project):
    project.write("data/a.json", "1")
    project.write(
        "book/one.md", page("One", project.note("one"), "from pathlib import Path\nlist(Path('../data').glob('*'))")
    )
    project.write("book/two.md", page("Two", project.note("two"), "2"))
    project.build()
    project.write("data/b.json", "2")
    found, executed = project.build()
    assert executed == ["one"]
    assert "b.json" in found["one"].cells[1]["outputs"][0]["data"]["text/plain"]


def test_a_new_page_is_no_matter_for_the_others(project):
    """Python lists the folder of the book when it looks for modules there, and for versions of packages."""
    imports = "import importlib.metadata\nimport torch\nimport matplotlib.pyplot\nimportlib.metadata.version('torch')"
    project.write("book/one.md", page("One", project.note("one"), imports))
    found, _ = project.build()
    assert found["one"].reads == {}
    project.write("book/two.md", page("Two", project.note("two"), "2"))
    assert project.build()[1] == ["two"]


@pytest.mark.parametrize(
    ("run", "ours"),
    [
        ("import subprocess, sys\nsubprocess.run([sys.executable, '-c', ''], check=True)", True),
        ("import subprocess\nsubprocess.run('true', shell=True, check=True)", True),
        ("import os\nos.system('true')", True),
        ("!true", True),
        ("%%bash\ntrue", True),
        ("import subprocess\nsubprocess.run(['true'], check=True)", False),
    ],
)
def test_a_program_of_the_project_may_read_all_of_src(project, run, ours):
    project.write("src/tiny/__init__.py", "")
    project.write("book/one.md", page("One", project.note("one"), run))
    project.build()
    assert project.build()[1] == []
    project.write("src/tiny/new.py", "")
    assert project.build()[1] == ["one"] * ours


def test_one_that_fails_says_where_and_keeps_the_others_from_nothing(project):
    project.write("book/bad.md", page("Bad", "x = 1", "y = x\nz = y / 0", "never = 1"))
    project.write("book/good.md", page("Good", project.note("good"), "2"))
    found, executed = project.build()
    assert executed == ["good"]
    assert isinstance(found["good"], Result)
    source = (project.root / "book" / "bad.md").read_text(encoding="utf-8").splitlines()
    line = source.index("z = y / 0") + 1
    assert str(found["bad"]) == f"bad.md, cell 2, line {line}: ZeroDivisionError: division by zero"
    assert found["bad"].line == line
    assert "y / 0" in found["bad"].traceback
    # It is executed until it succeeds; the other is kept.
    assert isinstance(project.build()[0]["bad"], CellError)
    edit(project, "book/bad.md", "y / 0", "y / 1")
    found, executed = project.build()
    assert executed == []
    assert isinstance(found["bad"], Result)


def test_a_module_that_is_half_written_fails_the_chapters_that_import_it(built):
    edit(built, "src/tiny/far.py", "value = 1", "value = = 1")
    found, executed = built.build()
    assert executed == ["first"]
    assert str(found["first"]).startswith("first.md, cell 2, line ")
    assert "SyntaxError: invalid syntax (far.py, line 1)" in str(found["first"])
    assert isinstance(found["second"], Result)
    edit(built, "src/tiny/far.py", "= =", "=")
    found, executed = built.build()
    assert executed == []  # as it was when its result was kept
    assert isinstance(found["first"], Result)


def test_side_by_side_gives_what_one_after_the_other_gives(two_chapters):
    parallel = two_chapters.build(workers=2)[0]
    for file in (two_chapters.root / "_build" / ".executed").iterdir():
        file.unlink()
    serial, executed = two_chapters.build(workers=1)
    assert executed == ["first", "second"]
    assert {name: result.cells for name, result in parallel.items()} == {
        name: result.cells for name, result in serial.items()
    }


def test_chapters_run_at_the_same_time(project):
    meet = (
        "import os, time\nfrom pathlib import Path\nPath({own!r}).touch()\nend = time.monotonic() + 30\n"
        "while not os.path.exists({other!r}):\n    assert time.monotonic() < end, 'alone'\n    time.sleep(0.01)"
    )
    places = [str(project.log.with_name(name)) for name in ("a", "b")]
    project.write("book/a.md", page("A", meet.format(own=places[0], other=places[1])))
    project.write("book/b.md", page("B", meet.format(own=places[1], other=places[0])))
    found, _ = project.build(workers=2)
    assert all(isinstance(result, Result) for result in found.values())


def test_every_chapter_has_one_thread(project):
    project.write("book/one.md", page("One", "import torch\ntorch.get_num_threads()"))
    found, _ = project.build()
    assert found["one"].cells[0]["outputs"][0]["data"]["text/plain"] == "1"


def start_build(project: Project) -> subprocess.Popen:
    """A build in a process of its own."""
    code = (
        "import sys; from pathlib import Path; from building.conftest import Project\n"
        f"Project(Path({str(project.root)!r}), Path({str(project.log)!r})).build()"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    return subprocess.Popen([sys.executable, "-c", code], env=environment, stderr=subprocess.PIPE, text=True)


def wait_until(process: subprocess.Popen, condition) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        assert process.poll() is None
        time.sleep(0.05)


def test_ctrl_c_ends_the_kernels_and_keeps_what_is_finished(project):
    kernel = project.log.with_name("kernel")
    project.write("book/quick.md", page("Quick", project.note("quick"), "1"))
    tell = (
        f"import os, time\nwith open({str(kernel)!r}, 'w') as file:\n    file.write(str(os.getpid()))\ntime.sleep(100)"
    )
    project.write("book/slow.md", page("Slow", tell))
    process = start_build(project)
    results = Results(project.root / "_build" / ".executed")
    wait_until(process, lambda: kernel.exists() and kernel.read_text() and results.load("quick"))
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert "KeyboardInterrupt" in said
    with pytest.raises(ProcessLookupError):
        os.kill(int(kernel.read_text()), 0)
    assert results.load("slow") is None


def test_a_build_that_is_killed_keeps_what_is_finished(project):
    """The whole process is killed, as by a power cut; the next build executes only what was not finished."""
    begun = project.log.with_name("begun")
    project.write("book/quick.md", page("Quick", project.note("quick"), "1"))
    wait = f"import time\nfrom pathlib import Path\nPath({str(begun)!r}).touch()\ntime.sleep(SECONDS)"
    project.write("book/slow.md", page("Slow", project.note("slow"), wait.replace("SECONDS", "100")))
    process = start_build(project)
    results = Results(project.root / "_build" / ".executed")
    wait_until(process, lambda: begun.exists() and results.load("quick"))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    # A result that was being written when the machine stopped counts as none.
    (project.root / "_build" / ".executed" / "slow.json").write_text('{"ingredients": {')
    edit(project, "book/slow.md", "time.sleep(100)", "time.sleep(0)")
    assert project.build()[1] == ["slow"]
