"""`course restore`: the gradebook as it was before a change."""

import argparse
import json
from pathlib import Path

from classroom.commands.options import command


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declares it."""
    parser = command(
        commands,
        "restore",
        "list the copies of the gradebook, or go back to one",
        """
        Before a command changes the gradebook, it puts a copy into backups/. What changed whose score, when and why is
        in audit.jsonl. Going back makes a copy of the present first, so it can be undone the same way.

        Grades that were recorded after the copy are forgotten: `course grade` gives them again.

        examples:
          course restore --course ~/transformer-2026                          list the copies
          course restore 2026-11-30T18:02 --course ~/transformer-2026         go back to that one
          course restore --log --course ~/transformer-2026                    what changed whose score
        """,
        run,
    )
    parser.add_argument("backup", nargs="?", metavar="TIME", help="the beginning of a copy's time (UTC), or its name")
    parser.add_argument("--course", type=Path, required=True, metavar="DIR", help="made by `course init`")
    parser.add_argument("--log", action="store_true", help="show the log instead")
    parser.add_argument("--student", metavar="ID", help="with --log: of this one alone")
    parser.add_argument("--json", action="store_true", help="print only JSON")


def run(arguments: argparse.Namespace) -> int:
    """Runs it; the exit status."""
    from classroom.grading.course_dir import open_course
    from classroom.grading.course_lock import only_run
    from classroom.keeping import audit
    from classroom.keeping.backup import backups, pick, restore
    from classroom.keeping.log_text import log_text

    course = open_course(arguments.course)
    if arguments.log:
        lines = [li for li in audit.read_log(course) if arguments.student in (None, li.get("student"))]
        print(json.dumps(lines, ensure_ascii=False, indent=1) if arguments.json else log_text(lines))
        return 0
    if arguments.backup is None:
        known = backups(course)
        if arguments.json:
            print(json.dumps([{"time": b.name, "before": b.before, "path": str(b.path)} for b in known], indent=1))
        else:
            print(*(f"{b.name}  before: {b.before}" for b in known) if known else ["No copies yet."], sep="\n")
        return 0
    chosen = pick(course, arguments.backup)
    with only_run(course.root), audit.changing(course, f"restore {chosen.name}"):
        replaced, forgotten = restore(course, chosen)
    if arguments.json:
        print(json.dumps({"restored": str(chosen.path), "replaced": str(replaced.path), "forgotten": len(forgotten)}))
    else:
        print(f"The gradebook is that of {chosen.name}. What it replaced: {replaced.path}")
        if forgotten:
            print(f"{len(forgotten)} records were newer and are set aside: run `course grade` to grade those again.")
    return int(bool(forgotten))
