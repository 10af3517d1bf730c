"""A real scheduler and three workers, each a process; one of them is killed while the run is at work."""

import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from gradebook_rows import files_of, rows_of
from submissions import ROWS, answered, released, run_course, solutions, submit

STUDENTS = [f"student-{number:02}" for number in range(12)]
SLOWLY = "import time\ntime.sleep(0.7)\n"


@contextmanager
def started(*arguments, log):
    with log.open("w") as output:
        process = subprocess.Popen([sys.executable, "-m", *map(str, arguments)], stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path):
    """A scheduler and three workers of one thread: the address, and the workers' processes."""
    where = tmp_path / "scheduler.json"
    with ExitStack() as stack:
        scheduler = ("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", 0, "--no-dashboard")
        stack.enter_context(started(*scheduler, "--scheduler-file", where, log=tmp_path / "scheduler.log"))
        worker = ("distributed.cli.dask_worker", "--scheduler-file", where, "--nthreads", 1, "--no-nanny")
        options = ("--no-dashboard", "--local-directory", tmp_path)
        workers = [
            stack.enter_context(started(*worker, *options, "--name", name, log=tmp_path / f"worker-{name}.log"))
            for name in "abc"
        ]
        wait_until(lambda: "Starting established connection" in (tmp_path / "worker-c.log").read_text())
        log = (tmp_path / "scheduler.log").read_text()
        address = next(line.split()[-1] for line in log.splitlines() if "Scheduler at:" in line)
        yield address, workers


def wait_until(happens, seconds=120):
    deadline = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def grade_command(root, *arguments):
    return ("grade", "rows", "--course", root, "--solutions", ROWS.directory.parent, "--seed", 5, *arguments)


def test_a_cluster_that_loses_a_worker_grades_as_one_machine_does(make_course, cluster, tmp_path):
    address, workers = cluster
    local = make_course(tmp_path / "local")
    right, whole = solutions(ROWS, "rows"), released(ROWS, "rows")
    for number, student in enumerate(STUDENTS):
        given = {q: SLOWLY + code for q, code in list(right.items())[: number % 3]}
        path = submit(local, student, ROWS, "rows", answered(whole, given))
        (path.parent / "mine.txt").write_text(student)
    far = Path(shutil.copytree(local, tmp_path / "far"))

    command = [sys.executable, "-m", "course.cli", *map(str, grade_command(far, "--scheduler", address))]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    written = far / "results" / "01-rows" / "students"
    wait_until(lambda: len(list(written.glob("*.json"))) >= 2)
    workers[1].kill()
    printed, said = running.communicate(timeout=200)
    assert running.returncode == 0, said
    assert len(list(written.glob("*.json"))) == len(STUDENTS)

    assert run_course(*grade_command(local, "--jobs", 2)).returncode == 0
    assert rows_of(far) == rows_of(local)
    assert files_of(far) == files_of(local)
    assert printed.count("graded") == len(STUDENTS)
    assert run_course(*grade_command(far, "--scheduler", address)).returncode == 0  # nothing is left to do


def test_no_scheduler_is_one_sentence(make_course, tmp_path):
    root = make_course(tmp_path / "course")
    submit(root, "amy", ROWS, "rows", released(ROWS, "rows"))
    done = run_course(*grade_command(root, "--scheduler", "tcp://127.0.0.1:9"))
    assert done.returncode == 2
    assert "course: there is no Dask scheduler at tcp://127.0.0.1:9" in done.stderr
    assert "Traceback" not in done.stderr
