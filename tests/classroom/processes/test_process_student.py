import ast
import os
import random
import threading
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from classroom.processes.launcher import ForkServer
from classroom.processes.limits import Limits
from classroom.processes.process_student import ProcessStudent
from classroom.student_code.student import Call, StudentLost

LIMITS = Limits(cell_seconds=5, call_seconds=5, total_seconds=60, grace_seconds=0.5, memory=2 * 2**30)
HASTY = Limits(cell_seconds=0.5, call_seconds=0.5, total_seconds=60, grace_seconds=0.5)
ONES = Call((np.ones(3, np.float32),), cotangent=np.ones(3, np.float32))


@pytest.fixture
def start(any_launcher):
    started = []

    def open_student(limits=LIMITS, files=None):
        started.append(ProcessStudent(any_launcher, limits, files))
        return started[-1]

    yield open_student
    for student in started:
        student.close()
        student.close()  # safe to call twice


def kinds(outcome):
    return [output["output_type"] for output in outcome.outputs]


def test_cells_show_what_a_kernel_shows(start):
    student = start()
    printed = student.run_cell("import sys\nprint('a')\nprint('b')\nprint('c', file=sys.stderr)\n6 * 7")
    assert kinds(printed) == ["stream", "stream", "execute_result"]
    assert [o["text"] for o in printed.outputs[:2]] == ["a\nb\n", "c\n"]
    assert printed.outputs[2]["data"] == {"text/plain": "42"}
    raised = student.run_cell("def f(x):\n    return 2 * x\n1 / 0")
    assert kinds(raised) == ["error"]
    assert raised.error == "ZeroDivisionError: division by zero"
    plotted = student.run_cell("import matplotlib.pyplot as plt\nplt.plot([1, 2]);")
    assert "image/png" in plotted.outputs[0]["data"]
    assert kinds(student.run_cell("import asyncio\nawait asyncio.sleep(0)\n%time 1")) == ["stream", "execute_result"]
    assert student.incidents == []


def test_answers_calls_about_what_the_cells_defined(start):
    student = start()
    student.run_cell("def f(x):\n    return x * x")
    answer = student.answer("f", ONES)
    assert answer.error is None
    assert np.array_equal(answer.outputs[0].values, np.ones(3))
    assert np.array_equal(answer.gradients["argument 0"], 2 * np.ones(3))
    assert "not defined" in student.answer("g", ONES).error
    student.run_cell("import torch\ndef f(x):\n    return torch.softmax(x, 0)")
    assert "torch.softmax" in student.answer("f", ONES, ("torch.softmax",)).error


def test_a_cell_that_never_ends_is_interrupted_and_the_next_one_runs(start):
    student = start(HASTY)
    assert student.run_cell("while True:\n    pass").error.startswith("KeyboardInterrupt")
    assert [outcome for outcome, _ in student.incidents] == ["timeout"]
    assert "`while True:` ran longer than 0.5 s" in student.incidents[0][1]
    assert student.run_cell("1").error is None


def test_a_call_that_never_ends_is_made_once(start):
    student = start(HASTY)
    student.run_cell("def f(x):\n    while True:\n        pass\ndef g(x):\n    return x")
    started = time.monotonic()
    assert all("ran longer than 0.5 s" in student.answer("f", ONES).error for _ in range(20))
    assert time.monotonic() - started < 5
    assert student.answer("g", ONES).error is None


@pytest.mark.parametrize(
    ("code", "outcome", "reason"),
    [
        ("import os; os._exit(3)", "crashed", "The notebook's code ended its process."),
        ("import os; os.kill(os.getpid(), 34 + 7)", "crashed", "The notebook's process was killed."),
        ("import os; os.kill(os.getpid(), 9)", "crashed", "killed by SIGKILL"),
        ("import ctypes; ctypes.string_at(0)", "crashed", "killed by SIGSEGV"),
        ("import signal\nsignal.signal(2, signal.SIG_IGN)\nwhile True: pass", "timeout", "could not be interrupted"),
        (
            "import os\nfor n in range(3, 99):\n  try: os.write(n, b'x' * 99)\n  except OSError: pass",
            "crashed",
            "bytes",
        ),
        ("import os\nos.closerange(3, 99)", "crashed", "process"),
    ],
)
def test_a_process_that_is_lost_says_why(start, code, outcome, reason):
    student = start(HASTY)
    with pytest.raises(StudentLost, match=reason) as lost:
        student.run_cell(code)
    assert lost.value.outcome == outcome
    with pytest.raises(StudentLost, match=reason):  # and keeps saying it
        student.answer("f", ONES)


def test_the_whole_notebook_has_a_limit_too(start):
    student = start(Limits(total_seconds=0.7))
    with pytest.raises(StudentLost, match=r"longer than the 0\.7 s") as lost:
        student.run_cell("import time; time.sleep(30)")
    assert lost.value.outcome == "timeout"


@pytest.mark.parametrize(
    "code", ["x = [0] * 10**10", "import torch; torch.zeros(10**10)", "import numpy; numpy.ones(10**10)"]
)
def test_memory_that_runs_out_is_noted_and_survived(start, code):
    student = start()
    assert student.run_cell(code).error
    assert [outcome for outcome, _ in student.incidents] == ["memory"]
    assert student.run_cell("1").error is None


def test_output_is_bounded(start):
    student = start()
    printed = student.run_cell("for _ in range(100):\n    print('x' * 10_000)")
    assert len(printed.outputs[0]["text"]) < 110_000
    assert "truncated" in printed.outputs[0]["text"][-30:]
    shown = student.run_cell("from IPython.display import HTML\nHTML('x' * 10**7)")
    assert sum(len(str(output)) for output in shown.outputs) < 110_000


@pytest.mark.parametrize("session", [False, True])
def test_nothing_that_it_started_is_left(start, session):
    student = start()
    seconds = f"300.{random.randrange(10**9):09}"
    student.run_cell(f"import subprocess\nsubprocess.Popen(['sleep', '{seconds}'], start_new_session={session})")
    assert becomes(lambda: len(running("sleep", seconds)) == 1)  # its arguments show a moment after it started
    student.close()
    assert becomes(lambda: running("sleep", seconds) == [])


def becomes(true, seconds=5):
    """Whether a condition holds within some seconds."""
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    return true()


def running(*arguments):
    """The processes of this machine with these arguments, by id."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has just ended
            if path.read_bytes().decode(errors="replace").split("\0")[:-1] == list(arguments):
                found.append(int(path.parent.name))
    return found


def test_files_are_written_where_it_works_and_are_gone_with_it(start):
    student = start(files={"helpers.py": b"answer = 42", "data/numbers.txt": b"1 2 3"})
    shown = student.run_cell("import helpers, os\nhelpers.answer, open('data/numbers.txt').read(), os.getcwd()")
    answer, numbers, directory = ast.literal_eval(shown.outputs[0]["data"]["text/plain"])
    assert (answer, numbers) == (42, "1 2 3")
    student.close()
    assert not Path(directory).exists()


def test_there_may_be_thousands_of_files(start):
    student = start(files={f"data/{i}.txt": b"x" for i in range(5000)})
    assert student.run_cell("import os\nlen(os.listdir('data'))").outputs[0]["data"] == {"text/plain": "5000"}


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_cells_start_processes_however_they_like(start, method):
    student = start(files={"helpers.py": b"def square(x):\n    return x * x"})
    cell = f"import helpers, multiprocessing\nwith multiprocessing.get_context('{method}').Pool(2) as pool:\n"
    given = student.run_cell(f"{cell}    given = pool.map(helpers.square, [1, 2, 3])\ngiven")
    assert given.error is None
    assert given.outputs[-1]["data"] == {"text/plain": "[1, 4, 9]"}


def test_what_a_notebook_shows_is_bounded_whatever_its_process_sends(start):
    student = start(Limits(output=1000))
    assert student.run_cell("'x' * 500").outputs[0]["data"]
    assert "shows more than" in student.run_cell("'x' * 900").outputs[0]["text"]


def test_the_server_has_one_thread_so_that_forking_is_safe(launcher):
    with ProcessStudent(launcher, LIMITS):
        pass
    assert os.listdir(f"/proc/{launcher._server.pid}/task") == [str(launcher._server.pid)]


def test_processes_do_not_see_each_other_s_names(start):
    start().run_cell("secret = 1")
    assert start().run_cell("secret").error.startswith("NameError")


def test_the_server_is_started_again_when_a_student_kills_it():
    with ForkServer() as server:
        with ProcessStudent(server, LIMITS) as student:
            student.run_cell("import os; os.kill(os.getppid(), 9)")
            assert student.run_cell("1 + 1").error is None  # a process that was running goes on
        with ProcessStudent(server, LIMITS) as student:
            assert student.run_cell("1 + 1").error is None


def test_stopping_a_run_loses_every_process_at_once(start, any_launcher):
    student = start()
    threading.Timer(0.3, any_launcher.kill_all).start()
    started = time.monotonic()
    with pytest.raises(StudentLost):
        student.run_cell("import time; time.sleep(4)")
    assert time.monotonic() - started < 3
