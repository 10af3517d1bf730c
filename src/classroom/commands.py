"""The classroom's sub-commands of `course`: check, release, init, grade.

Only the command line is here, so that `course --help` imports neither torch nor nbgrader.
"""

import argparse
import json
import os
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

from classroom.errors import ClassroomError
from classroom.limits import Limits


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the classroom's commands. Imports torch and nbgrader only when a command runs."""
    _add_check(commands)
    _add_release(commands)
    _add_init(commands)
    _add_grade(commands)


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    summary: str,
    text: str,
    run: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=textwrap.dedent(text).strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=lambda arguments: _without_slow_import(run, arguments))
    return parser


def _without_slow_import(run: Callable[[argparse.Namespace], int], arguments: argparse.Namespace) -> int:
    # nbformat imports jsonschema, which spends seconds on a grammar for addresses that notebooks do not contain.
    # It does without where the import fails.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    return run(arguments)


def _add_solutions(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--solutions",
        type=Path,
        metavar="DIR",
        help="where the assignments are written (default: solutions/ here, above, or of the installed checkout)",
    )


def _add_check(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = _command(
        commands,
        "check",
        "check your own notebooks: a table of questions, points and diagnoses",
        """
        Runs the notebook's cells from the top, in a process of its own, and judges what they define on the public
        cases (the .npz file beside the notebook). The notebook itself is not changed.

        examples:
          course check self-attention.ipynb
          course check exercises/*/*.ipynb --json
        """,
        _check,
    )
    parser.add_argument("notebooks", nargs="+", type=Path, metavar="NOTEBOOK")
    parser.add_argument("--json", action="store_true", help="print only JSON: a list, one object a notebook")
    _add_limits(parser)


def _add_release(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = _command(
        commands,
        "release",
        "write what students receive (exercises/) from what instructors write (solutions/)",
        """
        The same solutions always give the same bytes. A notebook that holds somebody's answers is not overwritten.

        examples:
          course release                        every assignment
          course release self-attention         one, by any unambiguous part of its name
        """,
        _release,
    )
    parser.add_argument("assignments", nargs="*", metavar="ASSIGNMENT", help="which ones (default: all)")
    parser.add_argument("--to", type=Path, metavar="DIR", help="default: exercises/ beside solutions/")
    parser.add_argument("--force", action="store_true", help="overwrite notebooks that hold answers")
    _add_solutions(parser)


def _release(arguments: argparse.Namespace) -> int:
    from classroom.assignment import all_assignments, find_assignment, find_solutions
    from classroom.release import write_release

    solutions = (arguments.solutions or find_solutions()).resolve()
    exercises = arguments.to or solutions.parent / "exercises"
    chosen = [find_assignment(part, solutions) for part in arguments.assignments] or all_assignments(solutions)
    for assignment in chosen:
        for path in write_release(assignment, exercises, arguments.force):
            print(path)
    return 0


def _add_init(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = _command(
        commands,
        "init",
        "make an nbgrader course directory, ready to collect and grade",
        """
        Every assignment of solutions/ goes into source/, release/ and the gradebook. Hand out release/; put what
        comes back into submitted/STUDENT/ASSIGNMENT/. Nothing that exists is overwritten, and repeating the command
        adds the assignments that are new.

        examples:
          course init ~/transformer-2026
          cd ~/transformer-2026 && jupyter lab        formgrader is in the Nbgrader menu
        """,
        _init,
    )
    parser.add_argument("directory", type=Path, metavar="DIR", help="a new or empty directory outside any repository")
    _add_solutions(parser)


def _add_grade(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = _command(
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
          cd ~/transformer-2026 && nbgrader generate_feedback 02-self-attention && nbgrader export
        """,
        _grade,
    )
    parser.add_argument("assignment", metavar="ASSIGNMENT", help="any unambiguous part of its name")
    parser.add_argument("--course", type=Path, required=True, metavar="DIR", help="made by `course init`")
    parser.add_argument("--student", metavar="ID", help="grade only this one")
    parser.add_argument("--jobs", type=_positive, metavar="N", help="submissions at a time (default: the cores)")
    parser.add_argument(
        "--seed",
        type=_seed,
        metavar="N",
        help="draws the hidden cases (default: the course's, random at its first run and recorded)",
    )
    parser.add_argument("--force", action="store_true", help="grade again what has not changed")
    parser.add_argument("--json", metavar="FILE", help='write the outcomes to FILE ("-": only JSON on stdout)')
    _add_limits(parser)
    _add_solutions(parser)


def _add_limits(parser: argparse.ArgumentParser) -> None:
    limits = Limits()
    group = parser.add_argument_group("limits for one notebook")
    for name, default, what in (
        ("cell", limits.cell_seconds, "one cell, before it is interrupted"),
        ("call", limits.call_seconds, "one call of a graded function, before it is interrupted"),
        ("total", limits.total_seconds, "the whole notebook, before it is killed"),
    ):
        group.add_argument(
            f"--{name}-seconds", type=_seconds, default=default, metavar="S", help=f"{what} (default: {default:g})"
        )
    gib = limits.memory / 2**30
    group.add_argument("--memory", type=_seconds, default=gib, metavar="GIB", help=f"memory (default: {gib:g} GiB)")


def _limits(arguments: argparse.Namespace) -> Limits:
    return Limits(
        cell_seconds=arguments.cell_seconds,
        call_seconds=arguments.call_seconds,
        total_seconds=arguments.total_seconds,
        memory=int(arguments.memory * 2**30),
    )


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def _seed(text: str) -> int:
    value = int(text)
    if not 0 <= value < 2**63:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 2^63")
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def _check(arguments: argparse.Namespace) -> int:
    from classroom.check_notebook import check_notebook, text
    from classroom.launcher import ForkServer

    checks, status = [], 0
    with ForkServer() as launcher:
        for path in arguments.notebooks:
            try:
                checks.append(check_notebook(path, launcher, _limits(arguments)))
            except ClassroomError as error:
                print(f"course: {error}", file=sys.stderr)
                status = 2
                continue
            if not arguments.json:
                print(f"{path}\n{text(checks[-1])}\n" if len(arguments.notebooks) > 1 else text(checks[-1]))
    if arguments.json:
        print(json.dumps([check.to_json() for check in checks], ensure_ascii=False, indent=1))
    return status or int(not all(check.complete for check in checks))


def _init(arguments: argparse.Namespace) -> int:
    from classroom.assignment import all_assignments, find_solutions
    from classroom.course_dir import init_course

    solutions = (arguments.solutions or find_solutions()).resolve()
    done, noted = init_course(arguments.directory, all_assignments(solutions))
    print(*done, sep="\n")
    print(*noted, sep="\n", end="\n" if noted else "", file=sys.stderr)
    return int(bool(noted))


def _grade(arguments: argparse.Namespace) -> int:
    from tqdm import tqdm

    from classroom.assignment import find_assignment, find_solutions
    from classroom.course_dir import open_course
    from classroom.grade import grade
    from classroom.launcher import ForkServer
    from classroom.outcome import needs_attention, summary
    from classroom.run import prepare

    course = open_course(arguments.course)
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
    with ForkServer() as launcher:
        if not launcher.sandboxed:
            print("course: this version runs submissions without a sandbox.", file=sys.stderr)
        run = prepare(course, assignment, arguments.seed, _limits(arguments), launcher)
        with tqdm(total=len(students) * len(run.official), unit="notebook", desc=name) as bar:
            reports = grade(run, students, arguments.jobs or os.cpu_count() or 1, arguments.force, bar.update)
    if arguments.json != "-":
        print(summary(reports))
    if arguments.json:
        text = json.dumps(reports, ensure_ascii=False, indent=1) + "\n"
        _write_json(arguments.json, text)
    return int(any(needs_attention(report) for report in reports))


def _write_json(where: str, text: str) -> None:
    if where == "-":
        sys.stdout.write(text)
        return
    try:
        Path(where).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ClassroomError(f"{where} cannot be written: {error.strerror}; the grades are in the gradebook") from None
