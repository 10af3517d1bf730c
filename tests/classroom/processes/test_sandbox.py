"""What a submission meets inside the sandbox, seen from inside by real code, and what it cannot do there."""

import ast
import errno
import os
import platform
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import classroom.processes.sandbox
from classroom.errors import ClassroomError
from classroom.processes import isolation, system_calls
from classroom.processes.launcher import ForkServer, QuickStart
from classroom.processes.limits import Limits
from classroom.processes.process_student import ProcessStudent
from classroom.processes.sandbox import QuickSandbox, Sandbox, check_hidden, check_machine, choose_launcher
from classroom.student_code.student import Call, StudentLost

LIMITS = Limits(cell_seconds=10, total_seconds=60, memory=2**30, disk=16 * 2**20, processes=40)


@pytest.fixture
def start(sandbox):
    started = []

    def open_student(limits=LIMITS):
        started.append(ProcessStudent(sandbox, limits))
        return started[-1]

    yield open_student
    for student in started:
        student.close()


@pytest.fixture
def ask(start):
    student = start()

    def evaluate(expression, before=""):
        outcome = student.run_cell(f"{before}\n{expression}")
        assert outcome.error is None, outcome.error
        return ast.literal_eval(outcome.outputs[-1]["data"]["text/plain"])

    return evaluate


def test_it_is_alone(ask):
    assert ask("[p for p in os.listdir('/proc') if p.isdigit()]", "import os") == ["1", "2"]
    assert ask("os.getpid(), os.getppid()") == (2, 1)
    assert ask("socket.gethostname()", "import socket") == "sandbox"
    assert ask("socket.if_nameindex()") == [(1, "lo")]
    assert ask("open('/proc/net/route').read().count('\\n')") <= 1  # the header: no route leads anywhere


def test_it_has_no_privileges(ask):
    status = dict(
        line.split(":\t", 1) for line in ask("open('/proc/self/status').read()").splitlines() if ":\t" in line
    )
    assert status["NoNewPrivs"] == "1"
    assert {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {0}
    assert set(status["Uid"].split()) != {"0"}
    # No new namespace, so no way to capabilities.
    assert ask("ctypes.CDLL(None).unshare(0x10000000)", "import ctypes") == -1
    assert ask("os.access('/proc/1/environ', os.R_OK)", "import os") is False  # its supervisor's


def test_it_reads_python_and_nothing_of_the_instructor_s(ask):
    assert set(ask("os.listdir('/')", "import os")) <= {
        *("bin", "course", "dev", "environment", "etc", "lib", "lib32", "lib64", "libx32", "opt", "proc", "root"),
        *("sbin", "scratch", "tmp", "usr", "var", "home", "mnt"),
    }
    here = Path(__file__).resolve()
    assert ask(f"os.path.exists({str(here)!r})") is False
    assert ask(f"os.path.exists({str(here.parents[3] / 'solutions')!r})") is False
    assert ask("importlib.util.find_spec('transformer_lab') is None", "import importlib.util") is True
    assert ask("sorted(os.listdir('/course'))") == ["book_tools", "classroom"]
    assert (
        ask("os.listdir(os.path.expanduser('~'))") == [".ipython"] or ask("os.listdir(os.path.expanduser('~'))") == []
    )
    names = set(ask("dict(os.environ)"))
    assert names <= {
        *("PATH", "LANG", "HOME", "TMPDIR", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "MPLCONFIGDIR", "PWD"),
        *("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"),
        *("COLUMNS", "LINES", "MPLBACKEND", "KMP_INIT_AT_FORK", "KMP_DUPLICATE_LIB_OK", "LC_CTYPE"),
        "TORCHINDUCTOR_CACHE_DIR",  # torch._dynamo sets it
    }, names


@pytest.mark.parametrize(
    "path",
    ["/x", "/usr/x", "/course/classroom/x", "/course/x", "/environment/x", "/dev/x", "/etc/x", "/proc/x", "/var/x"],
)
def test_it_can_write_nowhere_but_in_its_scratch_directory(start, path):
    error = start().run_cell(f"open({path!r}, 'w')").error
    assert error is not None
    assert error.startswith(("OSError", "PermissionError", "FileNotFoundError"))


def test_what_it_writes_is_its_own_and_gone_afterwards(start):
    one, other = start(), start()
    write = "import pathlib\nfor d in ('.', '~', '/tmp', '/dev/shm', '/var/tmp'):\n"
    write += "    pathlib.Path(d).expanduser().joinpath('trace').write_text('x')"
    read = "[d for d in ('.', '~', '/tmp', '/dev/shm') if pathlib.Path(d).expanduser().joinpath('trace').exists()]"
    assert one.run_cell(write).error is None
    assert "'/tmp'" in one.run_cell(read).outputs[0]["data"]["text/plain"]
    for student in (other, start()):
        assert student.run_cell(f"import pathlib\n{read}").outputs[0]["data"]["text/plain"] == "[]"


def test_the_disk_that_it_may_fill_is_small(start):
    student = start()
    error = student.run_cell("with open('big', 'wb') as f:\n    for _ in range(1000): f.write(bytes(2**20))").error
    assert "No space left" in error or "File too large" in error
    assert student.run_cell("1 + 1").error is None


def test_submissions_cannot_meet_on_the_network(start):
    one, other = start(), start()
    listen = "import socket\ns = socket.socket(*{0})\ns.bind({1})\ns.listen()"
    connect = "import socket\nsocket.socket(*{0}).connect({1})"
    for kind, address in (("(socket.AF_UNIX,)", "'\\0meeting'"), ("()", "('127.0.0.1', 5555)")):
        one.run_cell(listen.format(kind, address))
        assert other.run_cell(connect.format(kind, address)).error is not None


def test_this_machine_s_network_is_out_of_reach(start):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        error = start().run_cell(f"import socket\nsocket.create_connection(('127.0.0.1', {port}), timeout=2)").error
    assert error is not None
    assert "refused" in error or "unreachable" in error


def test_memory_of_all_its_processes_counts_together(start):
    student = start()
    bomb = """
import multiprocessing, time
def fill():
    kept = bytearray(b'x' * (300 * 2**20))
    time.sleep(20)
several = [multiprocessing.get_context('fork').Process(target=fill) for _ in range(6)]
for one in several: one.start()
for one in several: one.join()
"""
    with pytest.raises(StudentLost, match="memory") as lost:
        student.run_cell(bomb)
    assert lost.value.outcome == "memory"


def test_processor_time_of_all_its_processes_counts_together(start):
    student = start(Limits(cell_seconds=30, processor_seconds=3))
    with pytest.raises(StudentLost, match="processor time") as lost:
        student.run_cell("import os\nfor _ in range(3): os.fork()\nwhile True: pass")
    assert lost.value.outcome == "timeout"


def test_the_number_of_processes_and_threads_is_bounded(start):
    student = start()
    started = "import threading, time\nn = 0\ntry:\n  while True:\n"
    started += (
        "    threading.Thread(target=time.sleep, args=(20,), daemon=True).start(); n += 1\nexcept RuntimeError: pass\nn"
    )
    reached = int(student.run_cell(started).outputs[-1]["data"]["text/plain"])
    assert 10 <= reached <= LIMITS.processes


def test_the_memory_of_programs_that_it_starts_counts(start):
    student = start(Limits(cell_seconds=20, memory=2**28))
    fill = "x = b'x' * (100 * 2**20)\nimport time\ntime.sleep(20)"
    one = f"subprocess.Popen([sys.executable, '-S', '-c', {fill!r}])"
    several = f"import subprocess, sys\nseveral = [{one} for _ in range(6)]"
    with pytest.raises(StudentLost, match="memory") as lost:
        student.run_cell(f"{several}\nfor one in several: one.wait()")
    assert lost.value.outcome == "memory"


@pytest.mark.parametrize(
    "call",
    [
        "os.memfd_create('x')",
        *(f"libc.{name}(0, 4096, 0o1600)" for name in ("shmget", "semget", "msgget")),
        *(f"libc.syscall({numbers}[kind], 0, 0, 0, 0, 0)" for numbers in system_calls.NUMBERS.values()),
        "socket.socket(40, socket.SOCK_STREAM)",  # virtual machines' sockets know no namespaces
        *("socket.socket(38, socket.SOCK_SEQPACKET)", "socket.socket(29, socket.SOCK_RAW)"),
        "os.setpriority(os.PRIO_PROCESS, 1, 19)",
        "os.setpriority(os.PRIO_USER, 0, 19)",
        "os.sched_setaffinity(1, {0})",
        "os.sched_setscheduler(1, os.SCHED_IDLE, os.sched_param(0))",
        "resource.prlimit(1, resource.RLIMIT_NOFILE, (0, 0))",
    ],
)
def test_it_may_not_ask_the_kernel_for(ask, call):
    attempt = f"""
import ctypes, errno, os, resource, socket
libc = ctypes.CDLL(None, use_errno=True)
kind = {list(system_calls.ARCHITECTURES).index(platform.machine())}
def attempt():
    try:
        result = {call}
    except OSError as error:
        return error.errno
    return ctypes.get_errno() if result == -1 else 0
"""
    assert ask("attempt()", attempt) in (errno.ENOSYS, errno.EPERM, errno.EAFNOSUPPORT)


def test_it_may_ask_the_same_about_itself(ask):
    ask("os.setpriority(os.PRIO_PROCESS, 0, 1), os.getpriority(os.PRIO_PROCESS, os.getpid())", "import os")
    assert ask("os.nice(1)") == 2
    assert ask("os.sched_setaffinity(0, {0}), os.sched_getaffinity(os.getpid())") == (None, {0})
    assert ask("resource.prlimit(os.getpid(), resource.RLIMIT_CORE)", "import resource") == (0, 0)
    assert ask("[socket.socket(f).family.name for f in (1, 2, 10)]", "import socket")


def test_terminals_are_its_own(start):
    one, other = start(), start()
    assert one.run_cell("import os\nheld = os.openpty()").error is None
    assert "'0'" in one.run_cell("os.listdir('/dev/pts')").outputs[0]["data"]["text/plain"]
    assert other.run_cell("import os\nos.listdir('/dev/pts')").outputs[0]["data"]["text/plain"] == "['ptmx']"


def test_limits_hold_while_signals_come_without_end(monkeypatch):
    ended = SimpleNamespace(si_signo=signal.SIGCHLD, si_pid=2)
    monkeypatch.setattr(isolation.signal, "sigtimedwait", lambda *_: ended)
    with subprocess.Popen(["sleep", "5"]) as student:
        report = isolation._watch(student.pid, Limits(processor_seconds=-1))
        student.kill()
    assert report == {"status": signal.SIGKILL, "exceeded": "processor"}


def test_a_process_that_has_ended_before_its_start_was_told_has_started():
    reading, writing = os.pipe()
    for what in ({"status": 256}, {"pid": 7}):  # the supervisor's words, then the entrant's
        isolation._say(writing, what)
    os.close(writing)
    os.set_blocking(reading, False)
    started, ended = isolation._first_words(reading)
    assert started == {"pid": 7}
    report = isolation.Report(7, reading, ended)
    assert report.read() == {"status": 256}
    report.close()


def test_signals_do_not_reach_what_watches_it(start):
    student = start()
    student.run_cell("import os, signal\nfor s in (9, 15, 19, 2, 17):\n    os.kill(1, s)")
    ones = Call((np.ones(3, np.float32),))
    student.run_cell("def f(x):\n    return x + 1")
    assert np.array_equal(student.answer("f", ones).outputs[0].values, np.full(3, 2.0))


def test_killing_everything_ends_only_itself(start):
    neighbour, student = start(), start()
    neighbour.run_cell("kept = 1")
    with pytest.raises(StudentLost):
        student.run_cell("import os\ntry: os.kill(-1, 9)\nfinally: os.kill(os.getpid(), 9)")
    assert neighbour.run_cell("kept").error is None


def test_nothing_is_left_when_the_grader_is_killed(tmp_path):
    started = tmp_path / "started"
    code = f"""
from pathlib import Path
from classroom.processes.limits import Limits
from classroom.processes.process_student import ProcessStudent
from classroom.processes.sandbox import Sandbox
student = ProcessStudent(Sandbox(), Limits())
student.run_cell("import subprocess; subprocess.Popen(['sleep', '298.25'], start_new_session=True)")
Path({str(started)!r}).write_text("x")
student.run_cell("while True: pass")
"""
    grader = subprocess.Popen([sys.executable, "-c", code])
    try:
        assert becomes(started.exists, 60)
        assert becomes(lambda: sleeping("298.25"))
    finally:
        grader.kill()
        grader.wait()
    assert becomes(lambda: not sleeping("298.25"))
    assert becomes(lambda: not served_by(grader.pid))


def test_without_bubblewrap_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(classroom.processes.sandbox.shutil, "which", lambda name: None)
    with pytest.raises(ClassroomError, match=r"no `bwrap` on this machine: install it \(Debian"):
        check_machine()
    with pytest.raises(ClassroomError, match="--no-sandbox"):
        choose_launcher(no_sandbox=False, trust_submissions=False, submissions=9)
    assert choose_launcher(no_sandbox=True, trust_submissions=False, submissions=9) is ForkServer


def test_where_it_works_grading_without_it_needs_a_second_word():
    assert choose_launcher(no_sandbox=False, trust_submissions=False, submissions=9) is Sandbox
    with pytest.raises(ClassroomError, match="nothing was graded without it"):
        choose_launcher(no_sandbox=True, trust_submissions=False, submissions=9)
    assert choose_launcher(no_sandbox=True, trust_submissions=True, submissions=9) is ForkServer


def test_a_few_submissions_have_one_that_starts_sooner():
    assert choose_launcher(no_sandbox=False, trust_submissions=False, submissions=1) is QuickSandbox
    assert choose_launcher(no_sandbox=True, trust_submissions=True, submissions=1) is QuickStart


@pytest.mark.parametrize(
    "place", [Path(sys.prefix, "course"), Path(sys.base_prefix, "lib/course"), Path("/usr/share/x")]
)
def test_a_course_that_submissions_could_read_is_refused(place):
    with pytest.raises(ClassroomError, match="submissions could read"):
        check_hidden([Path("/srv/course"), place])


def test_a_course_beside_python_is_accepted(tmp_path):
    check_hidden([tmp_path, Path(__file__), Path("/usr/src/app/course")])


def test_sources_of_the_system_are_not_shown(ask):
    assert ask("[os.listdir(p) for p in ('/usr/src', '/usr/local/src') if os.path.isdir(p)]", "import os") in (
        [[]],
        [[]] * 2,
    )


def becomes(true, seconds=5):
    """Whether a condition holds within some seconds."""
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        threading.Event().wait(0.02)
    return true()


def sleeping(seconds):
    return any(b"sleep\0" + seconds.encode() in line for line in command_lines().values())


def served_by(pid):
    return [
        line
        for line in command_lines().values()
        if b"classroom.processes.forkserver" in line and str(pid).encode() in line
    ]


def command_lines():
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found[path.parent.name] = path.read_bytes()
        except OSError:
            continue
    return found
