"""Runs that are killed, blocked, or lose what they work with: nothing lost, nothing twice, one clear sentence."""

import json
import os
import pickle
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from canned import Canned
from executors import InThreads
from gradebook_rows import files_of, rows_of
from launchers import Deadly, DeadlyOnce
from submissions import ROWS, answered, released, solutions, submit

from classroom.grading import records
from classroom.grading.course_dir import open_course
from classroom.grading.course_lock import only_run
from classroom.grading.grade import grade
from classroom.grading.judge import judge
from classroom.grading.local_executor import LocalExecutor
from classroom.grading.run import prepare
from classroom.processes.limits import Limits
from classroom.submissions.submitted import read_submitted
from course.cli import main

HERE = Path(__file__).parents[1]
STUDENTS = [f"student-{number:02}" for number in range(24)]
KILLS = 5


@pytest.fixture(scope="module")
def judged(make_course, tmp_path_factory, launcher):
    """A course nobody has graded, and a file with the run and everybody's reports."""
    root = make_course(tmp_path_factory.mktemp("instructor") / "course")
    right, whole = solutions(ROWS, "rows"), released(ROWS, "rows")
    kinds = [right, {}, {"row-means": right["row-means"]}]
    for number, student in enumerate(STUDENTS):
        path = submit(root, student, ROWS, "rows", answered(whole, kinds[number % 3]))
        (path.parent / "mine.txt").write_text(student)
    run = prepare(open_course(root), ROWS, 3, Limits(cell_seconds=5))
    made = {}
    for number, student in enumerate(STUDENTS):
        if number < 3:
            (made[student],) = [judge(run.task, launcher, read_submitted(root, "01-rows", student, ["rows"]))]
        else:
            made[student] = [replace(report, student=student) for report in made[STUDENTS[number % 3]]]
    canned = root.with_name("canned.pickle")
    canned.write_bytes(pickle.dumps((run, made)))
    return root, canned


def canned_command(root, canned):
    return [sys.executable, str(HERE / "canned.py"), str(root), str(canned)]


def recorded(root):
    return sorted((root / "results" / "01-rows" / "students").glob("*.json"))


def test_a_run_that_is_killed_again_and_again_ends_as_an_undisturbed_one(judged, tmp_path):
    fresh, canned = judged
    calm, hunted = (Path(shutil.copytree(fresh, tmp_path / name)) for name in ("calm", "hunted"))
    subprocess.run(canned_command(calm, canned), check=True, timeout=120)
    moments = random.Random(11)
    statuses = []
    for kill in range(KILLS):
        running = subprocess.Popen(canned_command(hunted, canned))
        # From the next record on, a moment within the time that a student takes to write.
        aim = min(len(recorded(hunted)) + 1 + kill % 2, len(STUDENTS))
        while len(recorded(hunted)) < aim and running.poll() is None:
            time.sleep(0.001)
        time.sleep(moments.uniform(0, 0.05))
        running.kill()
        statuses.append(running.wait())
    assert statuses.count(-signal.SIGKILL) >= KILLS // 2
    assert 0 < len(recorded(hunted)) < len(STUDENTS)
    earlier = {path: path.stat().st_mtime_ns for path in recorded(hunted)}

    subprocess.run(canned_command(hunted, canned), check=True, timeout=120)
    assert rows_of(hunted) == rows_of(calm)
    assert files_of(hunted) == files_of(calm)
    assert [path.name for path in recorded(hunted)] == [path.name for path in recorded(calm)]
    assert {path: path.stat().st_mtime_ns for path in earlier} == earlier  # and nothing was graded again
    assert [p.name for p in hunted.rglob("*") if p.suffix in (".part", ".db-journal")] == []


def test_a_forced_run_that_is_killed_leaves_nobody_recorded_without_a_grade(judged, tmp_path):
    fresh, canned = judged
    root = Path(shutil.copytree(fresh, tmp_path / "course"))
    run, made = pickle.loads(canned.read_bytes())
    run = prepare(open_course(root), ROWS, 3, Limits(cell_seconds=5))
    grade(run, STUDENTS[:2], Canned(made))
    assert len(recorded(root)) == 2

    class Killed(BaseException):
        pass

    def killed(*_):
        raise Killed

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("nbgrader.preprocessors.saveautogrades.SaveAutoGrades.preprocess", killed)
        with pytest.raises(Killed):
            grade(run, STUDENTS[:2], Canned(made), force=True)
    (left,) = recorded(root)
    assert left.stem == STUDENTS[1]
    grade(run, STUDENTS[:2], Canned(made))
    assert len(recorded(root)) == 2
    assert len(files_of(root)) == 6  # notebook, what the student added, the public cases; twice


def test_two_runs_at_once_are_one(judged, tmp_path, capsys):
    root = Path(shutil.copytree(judged[0], tmp_path / "course"))
    with only_run(root):
        assert main(["grade", "rows", "--course", str(root), "--solutions", str(ROWS.directory.parent)]) == 2
        said = capsys.readouterr()
    assert f"another grading run is at work in {root} (process {os.getpid()})" in said.err
    assert "Traceback" not in said.err
    assert not recorded(root)
    with only_run(root):  # it was let go
        pass


def test_a_gradebook_that_nobody_may_read_is_one_sentence(judged, tmp_path, capsys):
    root = Path(shutil.copytree(judged[0], tmp_path / "course"))
    other = sqlite3.connect(root / "gradebook.db")
    other.execute("BEGIN EXCLUSIVE")
    assert main(["grade", "rows", "--course", str(root), "--solutions", str(ROWS.directory.parent)]) == 2
    other.close()
    said = capsys.readouterr().err
    assert said.startswith(f"course: the gradebook of {root} cannot be opened (database is locked)")
    assert said.count("\n") == 1
    assert not recorded(root)


@pytest.mark.usefixtures("sandbox")  # for what mounts a small disk
def test_a_full_disk_stops_the_run_with_a_sentence_and_no_damage(judged, tmp_path):
    """On a disk in memory, of which little is left; then there is space again."""
    fresh, canned = judged
    script = f"""
set -u
cp -r {fresh} /mnt/course
head -c $(( $(df --output=avail -B1 /mnt | tail -1) - 250000 )) /dev/zero > /mnt/filler
{sys.executable} {HERE / "canned.py"} /mnt/course {canned} 2> {tmp_path}/said; echo $? > {tmp_path}/status
ls /mnt/course/results/01-rows/students | wc -l > {tmp_path}/count
rm /mnt/filler
{sys.executable} {HERE / "canned.py"} /mnt/course {canned}; echo $? >> {tmp_path}/status
cp -r /mnt/course {tmp_path}/after
"""
    small = ["bwrap", "--dev-bind", "/", "/", "--size", str(12 * 2**20), "--tmpfs", "/mnt", "--", "sh", "-c", script]
    subprocess.run(small, check=True, timeout=200)
    assert (tmp_path / "status").read_text().split() == ["2", "0"]
    said = (tmp_path / "said").read_text()
    assert said.startswith("course: /mnt/course cannot be written: there is no space left on its disk; what was graded")
    assert said.count("\n") == 1
    assert int((tmp_path / "count").read_text()) < len(STUDENTS)
    calm = Path(shutil.copytree(fresh, tmp_path / "calm"))
    subprocess.run(canned_command(calm, canned), check=True, timeout=120)
    assert rows_of(tmp_path / "after") == rows_of(calm)
    assert {name: content for name, (content, _) in files_of(tmp_path / "after").items()} == {
        name: content for name, (content, _) in files_of(calm).items()
    }


@pytest.mark.usefixtures("sandbox")
def test_a_read_only_course_is_one_sentence(judged, tmp_path):
    fresh, canned = judged
    root = Path(shutil.copytree(fresh, tmp_path / "course"))
    read_only = ["bwrap", "--dev-bind", "/", "/", "--ro-bind", str(root), str(root), "--"]
    done = subprocess.run(
        [*read_only, *canned_command(root, canned)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 2
    assert done.stderr == f"course: {root} cannot be written: Read-only file system; nothing was graded\n"


def test_a_judge_that_dies_is_started_again(judged, tmp_path, monkeypatch):
    root, canned = judged
    run, made = pickle.loads(canned.read_bytes())
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    monkeypatch.setenv("DEADLY_ONCE", str(tmp_path / "mark"))
    submitted = read_submitted(root, "01-rows", STUDENTS[0], ["rows"])
    with LocalExecutor(DeadlyOnce, 1) as executor:
        ((report,),) = executor.judge(run.task, [submitted])
    assert (report.outcome, report.score) == ("graded", made[STUDENTS[0]][0].score)
    with LocalExecutor(Deadly, 1) as executor:
        reports = [report for (report,) in executor.judge(run.task, [submitted, submitted])]
    assert [report.outcome for report in reports] == ["failed", "failed"]
    assert reports[0].reason == "The process that judges died 2 times on this submission; it was not judged."


def test_a_submission_that_goes_away_is_missing_and_its_old_grade_is_kept(judged, tmp_path, launcher):
    root = Path(shutil.copytree(judged[0], tmp_path / "course"))
    run = prepare(open_course(root), ROWS, 3, Limits(cell_seconds=5))
    amy, bob = STUDENTS[:2]
    grade(run, [amy, bob], InThreads(launcher))
    before = rows_of(root)

    class Removing(InThreads):
        def judge(self, task, submissions):
            shutil.rmtree(root / "submitted" / bob)
            yield from super().judge(task, submissions)

    reports = grade(run, [amy, bob], Removing(launcher), force=True)
    assert [report["outcome"] for report in reports] == ["graded", "missing"]
    assert reports[1]["reason"] == f"Nothing was submitted: there is no submitted/{bob}/01-rows."
    assert rows_of(root) == before


def processes_below(root):
    parents = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            parents[int(entry)] = int(Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def runs(pid):
    """Whether a process is there and not only waits for its parent, who may be none of ours, to take notice."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_nothing_is_left_of_a_real_run_that_is_killed(judged, tmp_path):
    """Not a process, not a socket, not a scratch directory; and the same command ends the work."""
    root = Path(shutil.copytree(judged[0], tmp_path / "course"))
    for student in STUDENTS[4:]:
        shutil.rmtree(root / "submitted" / student)
    right = solutions(ROWS, "rows")
    slow = answered(released(ROWS, "rows"), right | {"row-means": "import time; time.sleep(60)"})
    for student in STUDENTS[2:4]:
        submit(root, student, ROWS, "rows", slow)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    command = [sys.executable, "-m", "course.cli", "grade", "rows", "--course", str(root), "--jobs", "2", "--seed", "3"]
    command += ["--solutions", str(ROWS.directory.parent), "--total-seconds", "90", "--cell-seconds", "80"]
    running = subprocess.Popen(command, env=os.environ | {"TMPDIR": str(scratch)}, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 200
    while len(recorded(root)) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(recorded(root)) == 2
    time.sleep(1)  # the slow ones are at work
    started = processes_below(running.pid) - {running.pid}
    assert len(started) >= 4
    running.kill()
    running.wait()
    deadline = time.monotonic() + 30
    while (left := {pid for pid in started if runs(pid)}) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left
    assert list(scratch.iterdir()) == []

    quick = answered(released(ROWS, "rows"), right)
    for student in STUDENTS[2:4]:
        submit(root, student, ROWS, "rows", quick)
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    scores = {path.stem: json.loads(path.read_text())["reports"][0]["score"] for path in recorded(root)}
    assert scores == dict(zip(STUDENTS[:4], (5, 0, 5, 5), strict=True))
    assert len(records.last_records(root, "01-rows")) == 4
