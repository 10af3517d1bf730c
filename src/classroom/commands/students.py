"""`course students`: the class list, teams, and what is held of one student."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from classroom.commands.options import command
from classroom.errors import ClassroomError

if TYPE_CHECKING:
    from classroom.grading.course_dir import Course


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declares it."""
    parser = command(
        commands,
        "students",
        "import a class list, list students, export or remove all that is held of one",
        """
        import takes the CSV files that Moodle and Canvas give, in any language that it knows the headings of, and any
        other with headings like "first name, last name, email, team":

          Canvas   Grades > Export (numbers and sections); People > the groups' ... > Export (teams)
          Moodle   Participants > select all > Download table data as CSV; with --teams its groups are teams

        Students who are there already are found by number, account or e-mail address, by name only where nothing
        speaks against it. Nobody is removed because a list lacks them.

        examples:
          course students import canvas-grades.csv --course ~/transformer-2026
          course students list --course ~/transformer-2026
          course students export amy --course ~/transformer-2026 --out amy.zip
          course students remove amy --course ~/transformer-2026 --yes
        """,
        run,
    )
    parser.add_argument("action", choices=("import", "list", "export", "remove"))
    parser.add_argument("what", nargs="*", metavar="FILE|STUDENT", help="import: class lists; export, remove: an id")
    parser.set_defaults(takes_more="what")
    parser.add_argument("--course", type=Path, required=True, metavar="DIR", help="made by `course init`")
    parser.add_argument(
        "--who",
        action="append",
        default=[],
        metavar="ROW=STUDENT",
        help='import: whom a row means, by its account, e-mail address or line; "new" is somebody new',
    )
    parser.add_argument("--teams", action="store_true", help="import: Moodle's groups are teams, who hand in one work")
    parser.add_argument("--out", type=Path, metavar="FILE", help="export: the zip file (default: STUDENT.zip here)")
    parser.add_argument("--yes", action="store_true", help="remove: do it; without it, only list what would go")
    parser.add_argument("--json", action="store_true", help="print only JSON")


def run(arguments: argparse.Namespace) -> int:
    """Runs it; the exit status."""
    from classroom.grading.course_dir import open_course
    from classroom.grading.course_lock import only_run

    course = open_course(arguments.course)
    if arguments.action == "list":
        return _list(arguments, course)
    if not arguments.what:
        what = "a class list: course students import FILE" if arguments.action == "import" else "the student's id"
        raise ClassroomError(f"name {what}")
    with only_run(course.root):
        return {"import": _import, "export": _export, "remove": _remove}[arguments.action](arguments, course)


def _list(arguments: argparse.Namespace, course: "Course") -> int:
    from classroom.students.importing import known_students
    from classroom.wide import padded

    students = list(known_students(course).values())
    count = {s.id: len(list(course.root.glob(f"submitted/{s.id}/*/"))) for s in students}
    if arguments.json:
        rows = [
            {"id": s.id, "first_name": s.first_name, "last_name": s.last_name, "email": s.email, "canvas": s.canvas,
             **vars(s.details), "submissions": count[s.id]}
            for s in students
        ]  # fmt: skip
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return 0
    if not students:
        print("No students yet: `course students import FILE`, or `course collect`.")
        return 0
    rows = [("id", "first name", "last name", "e-mail", "team", "section", "handed in")]
    for s in students:
        rows.append(
            (s.id, s.first_name, s.last_name, s.email, s.details.team, s.details.section, str(count[s.id])),
        )
    used = [i for i in range(len(rows[0])) if any(row[i] for row in rows[1:])]
    print("\n".join(padded([[row[i] for i in used] for row in rows])))
    print(f"\n{len(students)} students")
    return 0


def _import(arguments: argparse.Namespace, course: "Course") -> int:
    from classroom.students.class_list import entries
    from classroom.students.importing import import_list
    from classroom.students.tables import read_table

    who = {}
    for text in arguments.who:
        row, equals, student = text.partition("=")
        if not (row and equals and student):
            raise ClassroomError(f"--who {text}: write ROW=STUDENT, ann.lee@example.org=ann-lee for example")
        who[row] = student
    lists = [(Path(name), *entries(read_table(Path(name)), arguments.teams)) for name in arguments.what]
    status, made = 0, []
    for path, found, problems in lists:
        done = import_list(course, found, who)
        done.problems[:0] = problems
        made.append({"file": str(path), **done.to_json()})
        status |= int(bool(done.problems))
        if not arguments.json:
            print(f"{path.name}: {len(done.new)} new, {len(done.changed)} changed, {len(done.unchanged)} as they were")
            print(*(f"  {problem}" for problem in done.problems), sep="\n", end="\n" if done.problems else "")
    if arguments.json:
        print(json.dumps(made, ensure_ascii=False, indent=1))
    return status


def _export(arguments: argparse.Namespace, course: "Course") -> int:
    from classroom.students.exporting import export_student

    student = _one(arguments)
    print(export_student(course, student, arguments.out or Path(f"{student}.zip")))
    return 0


def _remove(arguments: argparse.Namespace, course: "Course") -> int:
    from classroom.students.held import held
    from classroom.students.removing import remove

    found = held(course, _one(arguments))
    print(*(place.replace(f"{course.root}/", "") for place in found.places), sep="\n")
    if not arguments.yes:
        print("\nNothing was removed. The same command with --yes removes all of this; it cannot be undone.")
        return 1
    remove(course, found)
    print(f"\n{found.student} is removed.", end=" ")
    if found.reports:
        print("Pages about the class that named the student are gone; `course report` makes them again.", end=" ")
    print()
    if found.mentions:
        print("These files name the student as well; look at them yourself:")
        print(*(f"  {path}" for path in found.mentions), sep="\n")
    return int(bool(found.mentions))


def _one(arguments: argparse.Namespace) -> str:
    if len(arguments.what) != 1:
        raise ClassroomError(f"name one student, not {len(arguments.what)}")
    return arguments.what[0]
