"""Judging one student's notebooks: from the submitted file to a report, whatever the file holds or its code does."""

import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import nbformat

from classroom.mark import Marked, mark, unmarked, with_outputs
from classroom.official import restore
from classroom.outcome import NotebookReport
from classroom.process_student import ProcessStudent
from classroom.run import Run
from classroom.student import StudentLost
from classroom.submission import InvalidNotebookError, read_notebook

MAX_FILES_BYTES = 200 * 2**20  # of what a student submits beside the notebook


def judge_student(run: Run, student: str) -> list[NotebookReport]:
    """Judges each notebook of one student. Whatever happens, each ends with a stated outcome."""
    reports = []
    for name in sorted(run.official):
        started = time.monotonic()
        try:
            report = judge_notebook(run, student, name, started)
        except Exception as error:  # the boundary that keeps one submission from stopping the run
            reason = f"The grader failed ({type(error).__name__}: {error}); this submission was not judged."
            report = _without_run(run, student, name, "failed", reason, started)
        reports.append(report)
    return reports


def judge_notebook(run: Run, student: str, name: str, started: float) -> NotebookReport:
    """Runs and judges one notebook."""
    directory = run.submitted(student)
    path = directory / f"{name}.ipynb"
    if not path.is_file():
        return _without_run(run, student, name, "missing", _what_is_missing(run, directory, path.name), started)
    try:
        submitted = read_notebook(path)
    except InvalidNotebookError as error:
        reason = str(error).replace(f"{run.course.root}/", "")
        return _without_run(run, student, name, "invalid", f"{reason}.", started)
    notebook, flags = restore(submitted, run.official[name])
    questions = {cell.grade_id: run.questions[cell.grade_id] for cell in run.official[name] if cell.points is not None}
    with tempfile.TemporaryDirectory(prefix="course-", ignore_cleanup_errors=True) as scratch:
        work, home = Path(scratch, "work"), Path(scratch, "home")
        work.mkdir()
        home.mkdir()
        flags += copy_files(run, directory, work)
        try:
            with ProcessStudent(run.launcher, work, home, run.limits) as process:
                marked = mark(notebook, questions, process)
                incidents = process.incidents
        except StudentLost as lost:  # before its first cell
            marked, incidents = unmarked(notebook, questions, lost.reason), []
            marked.lost = lost
    outcome, reason = "graded", None
    if incidents:
        outcome, reason = incidents[0]
    if marked.lost:
        outcome, reason = marked.lost.outcome, marked.lost.reason
    return _report(run, student, name, outcome, reason, started, flags, marked, notebook)


def _what_is_missing(run: Run, directory: Path, name: str) -> str:
    where = directory.relative_to(run.course.root)
    if not directory.is_dir():
        return f"Nothing was submitted: there is no {where}."
    others = sorted(p.name for p in directory.glob("*.ipynb") if p.stem not in run.official)
    instead = f", but {', '.join(others)}: was it renamed?" if others else "."
    return f"Nothing was submitted: {where} has no {name}{instead}"


def copy_files(run: Run, submitted: Path, scratch: Path) -> list[str]:
    """Puts what belongs beside the notebook into `scratch`: the student's files, then the official ones over them."""
    flags, total = [], 0
    for path in sorted(submitted.rglob("*")):
        relative = path.relative_to(submitted)
        if path.suffix == ".ipynb" or not path.is_file() or any(part.startswith(".") for part in relative.parts):
            continue
        if path.is_symlink() or any(parent.is_symlink() for parent in path.parents if parent.is_relative_to(submitted)):
            flags.append(f"{relative} is a link and was left out.")
            continue
        total += path.stat().st_size
        if total > MAX_FILES_BYTES:
            flags.append(
                f"{relative} and what follows was left out: more than {MAX_FILES_BYTES // 2**20} MiB of files."
            )
            break
        (scratch / relative).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, scratch / relative)
    for path in sorted((run.course.root / "release" / run.assignment).glob("*")):
        if path.is_file() and path.suffix != ".ipynb":
            shutil.copyfile(path, scratch / path.name)
    return flags


def _without_run(run: Run, student: str, name: str, outcome: str, reason: str, started: float) -> NotebookReport:
    empty = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    notebook, _ = restore(empty, run.official[name])
    marked = unmarked(notebook, run.questions, reason)
    return _report(run, student, name, outcome, reason, started, [], marked, notebook)


def _report(
    run: Run,
    student: str,
    name: str,
    outcome: str,
    reason: str | None,
    started: float,
    flags: Sequence[str],
    marked: Marked,
    notebook: nbformat.NotebookNode,
) -> NotebookReport:
    executed = with_outputs(notebook, marked.outputs)
    if reason:
        note = nbformat.v4.new_markdown_cell(f"**{outcome.capitalize()}.** {reason}", id="outcome")
        executed.cells.insert(0, note)
    return NotebookReport(
        student=student,
        assignment=run.assignment,
        notebook_name=name,
        outcome=outcome,
        reason=reason,
        seconds=time.monotonic() - started,
        sandboxed=run.launcher.sandboxed,
        flags=tuple(flags),
        questions=tuple(marked.results[q] for q in run.questions if q in marked.results),
        notebook=executed,
    )
