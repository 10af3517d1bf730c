"""Grading the self-attention assignment: stock `nbgrader autograde` against `course grade` with its sandbox.

The same class is graded by both, and its scores are compared; then a class of 1,000 by `course grade` alone. Students
differ: a quarter have answered everything, a quarter two questions, a quarter have one typical mistake, a quarter
have handed in the notebook as it was.
"""

import csv
import json
import os
import shutil
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.report import record, table
from bench.watched import Watched, look_at_tree, watch

ASSIGNMENT, NOTEBOOK = "02-self-attention", "self-attention"
SAME_CLASS, LARGE_CLASS, SEED = 12, 1000, 1
NOT_SCALED = "def attention_scores(query, key):\n    return query @ key.transpose(-2, -1)"
JUDGED, WRITTEN = 20, 200  # submissions, to measure parts of the work alone


def run(same_class: int = SAME_CLASS, large_class: int = LARGE_CLASS) -> list[list[str]]:
    """Measures, records, and returns the rows of a table."""
    with tempfile.TemporaryDirectory(prefix="bench-grading-") as directory:
        small = make_class(Path(directory, "small"), same_class)
        stock = stock_class(small, Path(directory, "stock"))
        theirs = watch([sys.executable, "-m", "nbgrader", "autograde", ASSIGNMENT], stock, _environment())
        ours = _grade(small)
        differences = compared(small, stock)
        large = make_class(Path(directory, "large"), large_class)
        thousand = _grade(large)
        of_student, writer = parts(large)
        outcomes = _outcomes(large)
    result = {
        "students": same_class,
        "large_class": large_class,
        "figures": False,
        "stock": _measured(theirs, same_class),
        "student_cpu_seconds": of_student,
        "ours": _measured(ours, same_class, of_student),
        "different_scores": differences,
        "large": _measured(thousand, large_class, of_student)
        | {
            "memory_mib_at_10": thousand.memory_at(10),
            "memory_mib_near_end": thousand.memory_at(large_class * 99 // 100),  # before processes end
            "outcomes": outcomes,
        },
        "writer_submissions_per_second": writer,
    }
    result["ratio"] = result["stock"]["seconds_per_submission"] / result["large"]["seconds_per_submission"]
    result["cpu_ratio"] = result["stock"]["cpu_seconds_per_submission"] / result["large"]["cpu_seconds_per_submission"]
    record("grading", "python -m bench grading", {"grading": result, "seed": SEED})
    return rows(result)


def make_class(root: Path, students: int) -> Path:
    """A course directory with this many submissions."""
    from classroom.authoring.notebook import author_notebook
    from classroom.grading.course_dir import init_course
    from classroom.questions.assignment import find_assignment, find_solutions

    assignment = find_assignment(ASSIGNMENT, find_solutions())
    init_course(root, [assignment])
    released = json.loads((root / "release" / ASSIGNMENT / f"{NOTEBOOK}.ipynb").read_text(encoding="utf-8"))
    authored = author_notebook(assignment.directory / f"{NOTEBOOK}.py", assignment.questions)
    right = {cell.id: cell.source for cell in authored.cells if cell.id.endswith("-answer")}
    two = {name: right[name] for name in ("project-qkv-answer", "softmax-answer")}
    kinds = [right, two, right | {"attention-scores-answer": NOT_SCALED}, {}]
    for number in range(students):
        made = json.loads(json.dumps(released))
        for cell in made["cells"]:
            cell["source"] = kinds[number % 4].get(cell["id"], cell["source"])
        place = root / "submitted" / f"student-{number:04}" / ASSIGNMENT
        place.mkdir(parents=True)
        (place / f"{NOTEBOOK}.ipynb").write_text(json.dumps(made), encoding="utf-8")
    return root


def stock_class(root: Path, copy: Path) -> Path:
    """A copy for stock nbgrader, where the public cases lie beside each notebook, as they do on a student's machine."""
    shutil.copytree(root, copy)
    for place in (copy / "submitted").glob(f"*/{ASSIGNMENT}"):
        for file in (copy / "release" / ASSIGNMENT).glob("*.npz"):
            shutil.copy(file, place)
    return copy


def compared(ours: Path, stock: Path) -> list[dict[str, Any]]:
    """The students to whom the two gave different scores."""
    left, right = _scores(ours), _scores(stock)
    return [
        {"student": student, "ours": left.get(student), "stock": right.get(student)}
        for student in sorted(left | right)
        if abs(left.get(student, -1.0) - right.get(student, -1.0)) > 0.005
    ]


def parts(root: Path) -> tuple[float, float]:
    """Two parts of the work alone: the processor seconds of one student's process, and how many submissions a second
    one process writes into the gradebook when others judge them.

    The first is measured without the sandbox, since the kernel forgets the time of what ends in a namespace.
    """
    from classroom.grading.course_dir import open_course
    from classroom.grading.judge import judge
    from classroom.grading.run import prepare
    from classroom.grading.writer import Writer
    from classroom.processes.launcher import ForkServer
    from classroom.processes.limits import Limits
    from classroom.questions.assignment import find_assignment, find_solutions
    from classroom.submissions.submitted import read_submitted

    run = prepare(open_course(root), find_assignment(ASSIGNMENT, find_solutions()), SEED, Limits(figures=False))
    students = sorted(path.name for path in (root / "submitted").iterdir())[:WRITTEN]
    submitted = [read_submitted(root, ASSIGNMENT, student, [NOTEBOOK]) for student in students[:JUDGED]]
    with ForkServer() as launcher:
        judge(run.task, launcher, submitted[0])
        before = look_at_tree(os.getpid())[1] - time.process_time()
        made = [judge(run.task, launcher, one) for one in submitted]
        seconds = look_at_tree(os.getpid())[1] - time.process_time() - before
    with Writer(run) as writer:
        started = time.perf_counter()
        for number, student in enumerate(students):
            writer.write(student, "measured", [replace(report, student=student) for report in made[number % 4]])
        rate = len(students) / (time.perf_counter() - started)
    return seconds / len(submitted), rate


def rows(result: dict[str, Any]) -> list[list[str]]:
    """The table's rows: who graded, and what it took."""
    sizes = {"stock": result["students"], "ours": result["students"], "large": result["large_class"]}
    names = {"stock": "nbgrader autograde", "ours": "course grade", "large": "course grade"}
    return [
        [
            names[key],
            f"{students:,}",
            f"{60 / result[key]['seconds_per_submission']:.1f}",
            f"{result[key]['seconds']:.0f} s",
            f"{result[key]['cpu_seconds_per_submission']:.2f} s",
            f"{result[key]['peak_memory_mib']:,.0f} MiB",
        ]
        for key, students in sizes.items()
    ]


HEADER = ["who", "submissions", "a minute", "altogether", "processor time of one", "memory at the peak"]


def notes(stored: dict[str, Any]) -> str:
    """This benchmark's part of the README."""
    result, machine = stored["grading"], stored["machine"]
    different = len(result["different_scores"])
    same = "the same scores" if not different else f"different scores to {different} of {result['students']}"
    large = result["large"]
    return (
        f"{table(HEADER, rows(result))}\n\n"
        f"The self-attention assignment, by `{stored['command']}` on {machine['processor']} ({machine['cores']} cores, "
        f"shared with other programs: load {machine['load']:.1f}). Both give {same}. In the class of "
        f"{result['large_class']:,}, starting included, `course grade` takes 1/{result['ratio']:.0f} of the time "
        f"for one submission, and 1/{result['cpu_ratio']:.0f} of the processor time. It uses "
        f"{large['memory_mib_at_10']:,.0f} MiB at the 10th submission and {large['memory_mib_near_end']:,.0f} MiB when "
        f"99 % are graded. Its one writer could keep up with "
        f"{result['writer_submissions_per_second']:.0f} submissions a second.\n\n"
        "`nbgrader autograde` runs every cell and draws every figure. `course grade` runs in its sandbox; it leaves "
        "out cells that are as they were released and only show something, and names figures instead of drawing them. "
        "Memory is that of all processes, shared pages counted once. The processor time of a student's process "
        f"({result['student_cpu_seconds']:.2f} s) was measured without the sandbox, on {JUDGED} submissions, and "
        "added: the kernel forgets the time of what ends in a namespace."
    )


def _grade(root: Path) -> Watched:
    done = root / "results" / ASSIGNMENT / "students"
    command = [sys.executable, "-m", "course.cli", "grade", ASSIGNMENT, "--course", ".", "--seed", str(SEED)]
    graded = watch(command, root, _environment(), lambda: sum(1 for _ in done.glob("*.json")) if done.exists() else 0)
    if graded.status == 2:
        raise RuntimeError(graded.output[-2000:])
    return graded


def _measured(watched: Watched, students: int, in_sandbox: float = 0.0) -> dict[str, float]:
    return {
        "seconds": watched.seconds,
        "seconds_per_submission": watched.seconds / students,
        "cpu_seconds_per_submission": watched.cpu_seconds / students + in_sandbox,
        "peak_memory_mib": watched.peak,
    }


def _scores(root: Path) -> dict[str, float]:
    watch([sys.executable, "-m", "nbgrader", "export", "--to", "grades.csv"], root, _environment())
    with (root / "grades.csv").open(newline="", encoding="utf-8") as file:
        return {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}


def _outcomes(root: Path) -> dict[str, int]:
    from classroom.grading.records import last_records

    counted: dict[str, int] = {}
    for stored in last_records(root, ASSIGNMENT).values():
        for report in stored.reports:
            counted[report["outcome"]] = counted.get(report["outcome"], 0) + 1
    return counted


def _environment() -> dict[str, str]:
    # nbgrader runs alembic by name.
    return os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
