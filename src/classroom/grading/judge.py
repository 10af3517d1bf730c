"""Judging one student's notebooks: a function of bytes, whatever they hold or the student's code does."""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

import nbformat
from nbformat.notebooknode import NotebookNode

from classroom.clean_room.confirming import CleanRoom
from classroom.grading.outcome import NotebookReport
from classroom.grading.task import Task
from classroom.processes.launcher import Launcher
from classroom.processes.process_student import ProcessStudent
from classroom.student_code.student import StudentLost
from classroom.submissions.discreet import discreet
from classroom.submissions.mark import Marked, mark, unmarked, with_outputs
from classroom.submissions.official import restore
from classroom.submissions.scan import scan
from classroom.submissions.submission import InvalidNotebookError, parse_notebook
from classroom.submissions.submitted import Submitted
from classroom.submissions.untrusted import one_line, safe_markdown


def judge(task: Task, launcher: Launcher, submitted: Submitted) -> list[NotebookReport]:
    """Judges each notebook of one student. Whatever happens, each ends with a stated outcome."""
    return [
        _within(task, launcher.sandboxed, submitted, name, lambda name=name: _judge(task, launcher, submitted, name))
        for name in sorted(task.official)
    ]


def not_judged(task: Task, sandboxed: bool, submitted: Submitted, reason: str) -> list[NotebookReport]:
    """The reports where there was nobody to judge."""
    return [
        _report(task, sandboxed, submitted, name, _unread(task, name, "failed", reason))
        for name in sorted(task.official)
    ]


@dataclass(frozen=True)
class _Judged:
    """What judging a notebook gave, before it is a report."""

    outcome: str
    reason: str | None
    flags: list[str]
    marked: Marked
    notebook: NotebookNode


def _within(
    task: Task, sandboxed: bool, submitted: Submitted, name: str, work: Callable[[], _Judged]
) -> NotebookReport:
    started = time.monotonic()
    try:
        judged = work()
        return _report(task, sandboxed, submitted, name, judged, time.monotonic() - started)
    except Exception as error:  # the boundary that keeps one submission from stopping the run
        reason = f"The grader failed ({type(error).__name__}: {error}); this submission was not judged."
        judged = _unread(task, name, "failed", reason)
        return _report(task, sandboxed, submitted, name, judged, time.monotonic() - started)


def _judge(task: Task, launcher: Launcher, submitted: Submitted, name: str) -> _Judged:
    if name in submitted.missing:
        return _unread(task, name, "missing", submitted.missing[name])
    if name in submitted.unreadable:
        return _unread(task, name, "invalid", submitted.unreadable[name])
    try:
        given = parse_notebook(submitted.notebooks[name], f"{submitted.where}/{name}.ipynb")
    except InvalidNotebookError as error:
        return _unread(task, name, "invalid", f"{error}.")
    notebook, flags = restore(given, task.official[name])
    questions = {cell.grade_id: task.questions[cell.grade_id] for cell in task.official[name] if cell.checked}
    locked = {cell.grade_id for cell in task.official[name] if not cell.solution}
    flags += [*submitted.flags, *scan(notebook, submitted.files, questions.values(), locked)]
    try:
        files = {**submitted.files, **task.files}
        with (
            closing(CleanRoom(launcher, task.limits, files)) as room,
            ProcessStudent(launcher, task.limits, files) as process,
        ):
            marked = mark(notebook, questions, process, discreet(notebook, questions), room)
            incidents = process.incidents
        flags += room.notes
    except StudentLost as lost:  # before its first cell
        marked, incidents = unmarked(notebook, questions, lost.reason), []
        marked.lost = lost
    outcome, reason = "graded", None
    if incidents:
        outcome, reason = incidents[0]
    if marked.lost:
        outcome, reason = marked.lost.outcome, marked.lost.reason
    return _Judged(outcome, reason, flags, marked, notebook)


def _unread(task: Task, name: str, outcome: str, reason: str) -> _Judged:
    empty = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    notebook, _ = restore(empty, task.official[name])
    return _Judged(outcome, reason, [], unmarked(notebook, task.questions, reason), notebook)


def _report(
    task: Task, sandboxed: bool, submitted: Submitted, name: str, judged: _Judged, seconds: float = 0.0
) -> NotebookReport:
    executed = with_outputs(judged.notebook, judged.marked.outputs)
    if judged.reason:
        note, _ = safe_markdown(f"**{judged.outcome.capitalize()}.** {judged.reason}")  # it may quote the notebook
        executed.cells.insert(0, nbformat.v4.new_markdown_cell(note, id="outcome"))
    return NotebookReport(
        student=submitted.student,
        assignment=task.assignment,
        notebook_name=name,
        outcome=judged.outcome,
        reason=judged.reason and one_line(judged.reason),
        seconds=seconds,
        sandboxed=sandboxed,
        flags=tuple(map(one_line, judged.flags)),
        questions=tuple(judged.marked.results[q] for q in task.questions if q in judged.marked.results),
        by_hand={cell.grade_id: cell.points for cell in task.official[name] if cell.by_hand},
        notebook=executed,
    )
