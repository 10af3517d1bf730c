"""`course grade`: the grading run."""

import argparse
import json
import os
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classroom.commands.options import add_limits, add_solutions, command, limits, positive, seed
from classroom.errors import ClassroomError

if TYPE_CHECKING:
    from classroom.grading.course_dir import Course
    from classroom.grading.executor import Executor, MakeLauncher


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declares it."""
    parser = command(
        commands,
        "grade",
        "grade an assignment's submissions into the gradebook",
        """
        Grades submitted/STUDENT/ASSIGNMENT/ on hidden cases. Submissions that were graded before and have not
        changed are left as they are, so a run that was stopped goes on where it was.

        Every notebook ends with an outcome: graded, timeout, memory, crashed, invalid, missing, or failed (the
        grader itself). What was judged before the trouble keeps its points; the rest gets 0 and the reason.

        examples:
          course grade self-attention --course ~/transformer-2026
          course grade self-attention --course ~/transformer-2026 --student amy --force
          course grade 02 --course ~/transformer-2026 --jobs 8 --json grades.json
          course grade 02 --course ~/transformer-2026 --scheduler tcp://10.0.0.7:8786
          course grade 02 --course ~/transformer-2026 --dry-run                       whose score would change
          course grade 02 --course ~/transformer-2026 --question softmax --dry-run    by this question alone
          cd ~/transformer-2026 && nbgrader generate_feedback 02-self-attention && nbgrader export
        """,
        run,
    )
    parser.add_argument("assignment", metavar="ASSIGNMENT", help="any unambiguous part of its name")
    parser.add_argument("--course", type=Path, required=True, metavar="DIR", help="made by `course init`")
    parser.add_argument("--student", metavar="ID", help="grade only this one")
    parser.add_argument(
        "--question", metavar="ID", help="write this question's score alone; the others stay as they were recorded"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="judge, list whose score would change, and write nothing"
    )
    parser.add_argument("--jobs", type=positive, metavar="N", help="submissions at a time (default: the cores)")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="judge on the workers of this Dask scheduler")
    parser.add_argument(
        "--seed",
        type=seed,
        metavar="N",
        help="draws the hidden cases (default: the course's, random at its first run and recorded)",
    )
    parser.add_argument("--force", action="store_true", help="grade again what has not changed")
    parser.add_argument(
        "--figures",
        action="store_true",
        help="draw matplotlib's figures for the feedback, which takes most of the time (default: only name them)",
    )
    parser.add_argument("--json", metavar="FILE", help='write the outcomes to FILE ("-": only JSON on stdout)')
    group = parser.add_argument_group("grading without the sandbox: students' code can then do whatever you can")
    group.add_argument(
        "--no-sandbox", action="store_true", help="for a machine where the sandbox does not work; reports say it"
    )
    group.add_argument(
        "--trust-submissions", action="store_true", help="with --no-sandbox, on a machine where the sandbox works"
    )
    add_limits(parser)
    add_solutions(parser)


def run(arguments: argparse.Namespace) -> int:
    """Runs it; the exit status."""
    from classroom.grading.blocked import told
    from classroom.grading.course_dir import open_course

    course = open_course(arguments.course)
    with told(course.root):
        return _grade(arguments, course)


def _grade(arguments: argparse.Namespace, course: "Course") -> int:
    from classroom.grading.by_hand import totals_by_hand
    from classroom.grading.changes import text
    from classroom.grading.course_lock import only_run
    from classroom.grading.grade import as_judged, grade
    from classroom.grading.interrupt import Interrupt
    from classroom.grading.outcome import needs_attention, summary
    from classroom.grading.progress import Progress
    from classroom.grading.regrade import KeepOtherQuestions, changes_from_last_run, preview
    from classroom.grading.run import prepare
    from classroom.keeping.audit import changing
    from classroom.processes.sandbox import check_hidden, choose_launcher
    from classroom.questions.assignment import find_assignment, find_solutions
    from classroom.students.penalties import over_the_term, settle

    name = course.pick_assignment(arguments.assignment)
    assignment = find_assignment(name, (arguments.solutions or find_solutions()).resolve())
    students = course.students(name)
    if arguments.student is not None:
        if arguments.student not in students:
            raise ClassroomError(
                f"there is no student {arguments.student!r} in submitted/ or in the gradebook of {course.root}"
            )
        students = [arguments.student]
    if not students:
        raise ClassroomError(f"nobody has submitted {name}: put notebooks into {course.root}/submitted/STUDENT/{name}/")
    make_launcher = choose_launcher(arguments.no_sandbox, arguments.trust_submissions, len(students))
    if make_launcher.sandboxed:
        check_hidden([course.root, assignment.directory])
    action = f"grade {name}" + (f" {arguments.question}" if arguments.question else "")
    with only_run(course.root), nullcontext() if arguments.dry_run else changing(course, action):
        bounds = replace(limits(arguments), figures=arguments.figures)
        run = prepare(course, assignment, arguments.seed, bounds, remember_seed=not arguments.dry_run)
        revise = KeepOtherQuestions(run, arguments.question) if arguments.question else as_judged
        with (
            _executor(arguments, make_launcher, len(students)) as executor,
            Progress(name, len(students) * len(run.task.official)) as progress,
            Interrupt() as interrupt,
        ):

            def on_graded(reports: list[dict[str, Any]]) -> None:
                progress.graded(reports)
                interrupt.check()

            do = preview if arguments.dry_run else grade
            reports = do(run, students, executor, arguments.force, progress.kept, on_graded, revise)
        if not arguments.dry_run and over_the_term(course):
            settle(course, students)
    if arguments.dry_run:
        found = changes_from_last_run(run, reports)
        said, data, status = text(found, len(reports)), [change.to_json() for change in found], int(bool(found))
    else:
        said, data = summary(reports, totals_by_hand(course, name)), reports
        status = int(any(needs_attention(report) for report in reports))
    if arguments.json != "-":
        print(said)
    if arguments.json:
        _write_json(arguments.json, json.dumps(data, ensure_ascii=False, indent=1) + "\n")
    return status


def _executor(arguments: argparse.Namespace, make_launcher: "MakeLauncher", students: int) -> "Executor":
    from classroom.grading.local_executor import LocalExecutor

    if arguments.scheduler:
        from classroom.grading.dask_executor import DaskExecutor

        return DaskExecutor(make_launcher, arguments.scheduler)
    return LocalExecutor(make_launcher, min(arguments.jobs or os.cpu_count() or 1, students))


def _write_json(where: str, text: str) -> None:
    if where == "-":
        sys.stdout.write(text)
        return
    try:
        Path(where).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ClassroomError(f"{where} cannot be written: {error.strerror}; the grades are in the gradebook") from None
