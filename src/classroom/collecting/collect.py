"""`course collect`: downloads of Moodle and Canvas become `submitted/`, through nbgrader's own collector.

The archives are kept in `downloaded/ASSIGNMENT/archive/` and unpacked in `extracted/` beside it, where nbgrader's
`zip_collect` works too; a submission that a newer one replaces is kept in `replaced/`. So nothing is ever lost.
"""

import hashlib
import json
import os
import shutil
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from nbgrader.apps import ZipCollectApp
from nbgrader.plugins import ExtractorPlugin, FileNameCollectorPlugin
from nbgrader.utils import parse_utc

from classroom.collecting.archives import MAX_STUDENT, unpack
from classroom.collecting.choose import Chosen, Sent, choose
from classroom.collecting.lms_names import Sender, parse
from classroom.collecting.roster import Roster, Student
from classroom.errors import ClassroomError
from classroom.grading.autograde import LOG, said_by_nbgrader
from classroom.grading.course_dir import Course
from classroom.report import WIDTH

TIMESTAMP = "timestamp.txt"


@dataclass(frozen=True)
class Taken:
    """One student's submission, collected."""

    student: str
    sender: str
    notebooks: tuple[str, ...]
    renamed: dict[str, str]
    handed_in: str | None  # UTC
    late: bool
    what: str  # "new", "replaced", "unchanged", "older"


@dataclass
class Collected:
    """What collecting did, and a sentence for everything that a person should look at."""

    taken: list[Taken] = field(default_factory=list)
    added: list[str] = field(default_factory=list)  # students who were not in the gradebook
    without: list[str] = field(default_factory=list)  # students of the gradebook who have not submitted
    problems: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """As `course collect --json` writes it."""
        return asdict(self)


def collect(course: Course, assignment: str, archives: Sequence[Path], zone: tzinfo | None = None) -> Collected:
    """Takes the submissions from these archives into the course.

    Raises:
        ClassroomError: an archive cannot be read, or the assignment is not in the course.
    """
    done = Collected()
    work = course.root / "downloaded" / assignment
    kept = [_keep(archive, work / "archive") for archive in archives]
    shutil.rmtree(work / "extracted", ignore_errors=True)
    sent: dict[Sender, list[Sent]] = {}
    for archive in kept:
        unpacked = unpack(archive, work / "extracted" / archive.stem, zone)
        done.problems += unpacked.problems
        for member in unpacked.members:
            named = parse(member.name)
            if named is None:
                done.problems.append(
                    f"{archive.name}: {member.name} was not taken: neither Moodle nor Canvas names files like this."
                )
                continue
            file = Sent(named.name, member.path, member.modified, named.order, named.late)
            sent.setdefault(named.sender, []).extend(_opened(file, named.sender, zone, done))
    _take(course, assignment, sent, done)
    return done


def _keep(archive: Path, to: Path) -> Path:
    """A copy in the course, under a name that says its content, so that nothing is overwritten."""
    try:
        with archive.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:8]
        stem = archive.stem.removesuffix(f"-{digest}")
        kept = to / f"{stem}-{digest}{archive.suffix}"
        if not kept.exists():
            to.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(archive, beside := kept.with_suffix(".part"))
            beside.replace(kept)
    except OSError as error:
        raise ClassroomError(f"{archive} cannot be read or copied into the course: {error.strerror}") from error
    return kept


def _opened(file: Sent, sender: Sender, zone: tzinfo | None, done: Collected) -> list[Sent]:
    """The files that a student packed into one, else the file itself. A zip inside that zip stays as it is."""
    if not file.name.lower().endswith(".zip"):
        return [file]
    try:
        unpacked = unpack(file.path, file.path.with_name(f"{file.path.name}.d"), zone, MAX_STUDENT)
    except ClassroomError as error:
        done.problems.append(f"{sender}: {error}.")
        return []
    done.problems += [f"{sender}: {problem}" for problem in unpacked.problems]
    return [Sent(m.name, m.path, m.modified or file.modified, file.order, file.late) for m in unpacked.members]


def _take(course: Course, assignment: str, sent: Mapping[Sender, list[Sent]], done: Collected) -> None:
    with course.gradebook() as gradebook:
        known = [Student(s.id, s.first_name or "", s.last_name or "", s.lms_user_id or "") for s in gradebook.students]
        found = gradebook.find_assignment(assignment)
        notebooks, due = [n.name for n in found.notebooks], found.duedate
    roster, before = Roster(known), {student.id for student in known}
    who: dict[str, Sender] = {}
    chosen: dict[str, Chosen] = {}
    for sender, files in sent.items():
        if not files:  # why is said already
            continue
        student = _who(roster, sender, who, done)
        if student is None:
            continue
        choice = choose(files, notebooks)
        done.problems += [f"{sender}: {note}" for note in choice.notes]
        if choice.files:
            who[student.id], chosen[student.id] = sender, choice
            if student.id not in before:
                done.added.append(student.id)
    places = _Places(course, assignment)
    plan: dict[Path, dict[str, Any]] = {}
    on_time = []
    for student_id, choice in sorted(chosen.items()):
        handed_in, corrected = _handed_in(who[student_id], choice, due, done)
        on_time += [student_id] if corrected else []
        what = places.settle(student_id, choice, handed_in, done)
        late = bool(choice.late) or bool(due and handed_in and handed_in > due)
        stated = handed_in.isoformat(" ") if handed_in else None
        names = tuple(sorted(name for name in choice.files if name.endswith(".ipynb")))
        done.taken.append(Taken(student_id, str(who[student_id]), names, choice.renamed, stated, late, what))
        if what in ("new", "replaced"):
            for name, file in choice.files.items():
                stamp = handed_in if file in choice.notebooks else None
                plan[file.path] = {"student_id": student_id, "file_id": name, "timestamp": stamp}
    if on_time:
        one = len(on_time) == 1
        done.problems.append(
            f"{len(on_time)} file{' is' if one else 's are'} dated after the due date, but Canvas does not mark "
            f"{'it' if one else 'them'} late ({_some(on_time)}): {'it counts' if one else 'they count'} as handed in "
            "at the due date."
        )
    _run_zip_collect(course, assignment, plan)
    _remember(course, assignment, who, chosen)
    submitted = {path.parent.name for path in course.root.glob(f"submitted/*/{assignment}") if path.is_dir()}
    done.without = sorted(before - submitted)


def _who(roster: Roster, sender: Sender, taken: Mapping[str, Sender], done: Collected) -> Student | None:
    """The sender's student; a new one where the gradebook has none; None, and a sentence, where it is not clear."""
    if sender.platform == "Moodle" and sender.name.casefold() in ("participant", "teilnehmer/in"):
        done.problems.append(
            f"{sender}: was not taken: this download hides the names; reveal identities in Moodle and download again."
        )
        return None
    students = roster.find(sender)
    if len(students) > 1:
        done.problems.append(
            f"{sender}: was not taken: several students have this name ({_some(s.id for s in students)}); put the "
            "notebook into submitted/ by hand."
        )
        return None
    student = students[0] if students else roster.new(sender)
    if student.id in taken:
        done.problems.append(
            f"{sender}: was not taken: {taken[student.id]} was taken for the same student, {student.id}; put the right "
            "notebook into submitted/ by hand."
        )
        return None
    return student


def _handed_in(sender: Sender, choice: Chosen, due: datetime | None, done: Collected) -> tuple[datetime | None, bool]:
    """When it was handed in (UTC), and whether Canvas's word was taken against the file's date.

    The dates inside Canvas's archives may be those of the download, so its mark decides which side of the due date.
    """
    handed_in = choice.handed_in
    if handed_in is None:
        done.problems.append(f"{sender}: the archive holds no time for this submission, so it counts as on time.")
    elif due and choice.late is False and handed_in > due:
        return due, True
    elif due and choice.late and handed_in <= due:
        done.problems.append(
            f"{sender}: Canvas marks it late, but its file is dated {handed_in:%Y-%m-%d %H:%M} UTC, before the due "
            f"date: correct {TIMESTAMP} in its directory if a penalty is due."
        )
    return handed_in, False


class _Places:
    """`submitted/`, and where the submissions go that newer ones replace."""

    def __init__(self, course: Course, assignment: str):
        self.course, self.assignment = course, assignment
        self.replaced = course.root / "downloaded" / assignment / "replaced"

    def settle(self, student: str, choice: Chosen, handed_in: datetime | None, done: Collected) -> str:
        """Compares with what is there already, and moves that aside where it is to be replaced; what came of it."""
        place = self.course.root / "submitted" / student / self.assignment
        if not place.is_dir() or not any(place.iterdir()):
            return "new"
        there = _stamp(place / TIMESTAMP)
        if there == handed_in and _holds(place, choice.files):
            return "unchanged"
        if there and handed_in and there > handed_in:
            done.problems.append(f"{student}: the submission that is there is newer, so it was left as it is.")
            return "older"
        self.replaced.mkdir(parents=True, exist_ok=True)
        number = 1
        while (aside := self.replaced / f"{student}-{number}").exists():
            number += 1
        place.rename(aside)
        return "replaced"


def _holds(place: Path, files: Mapping[str, Sent]) -> bool:
    there = {str(p.relative_to(place)) for p in place.rglob("*") if p.is_file()} - {TIMESTAMP}
    return there == files.keys() and all((place / n).read_bytes() == f.path.read_bytes() for n, f in files.items())


def _stamp(path: Path) -> datetime | None:
    try:
        return parse_utc(path.read_text(encoding="utf-8").strip())
    except (OSError, ValueError, OverflowError):
        return None


class _Unpacked(ExtractorPlugin):
    """Stands where nbgrader unpacks: that is done, within bounds."""

    def extract(self, archive_path: str, extracted_path: str) -> None:
        """Nothing is left to do."""


class _Planned(FileNameCollectorPlugin):
    """Tells nbgrader's collector whose file each is: what was decided, not what a name's pattern says."""

    plan: Mapping[Path, dict[str, Any]] = {}

    def collect(self, submitted_file: str) -> dict[str, Any] | None:
        """Called by nbgrader for every file that was unpacked; None leaves it where it is."""
        return self.plan.get(Path(submitted_file))


def _run_zip_collect(course: Course, assignment: str, plan: Mapping[Path, dict[str, Any]]) -> None:
    if not plan:
        return
    application = ZipCollectApp(config=course.config, log=LOG)
    application.coursedir = course.directory(assignment_id=assignment)
    application.collector_plugin = _Planned
    application.extractor_plugin = _Unpacked
    with said_by_nbgrader() as said:
        try:
            application.init_plugins()
            application.collector_plugin_inst.plan = plan
            application.process_extracted_files()
        except SystemExit as ended:  # how nbgrader's programs say that they cannot go on
            raise ClassroomError(f"nbgrader could not collect the files: {' '.join(said)}") from ended


def _remember(course: Course, assignment: str, who: Mapping[str, Sender], chosen: Mapping[str, Chosen]) -> None:
    """Writes students' names and numbers into the gradebook, and the numbers of this assignment into `results/`."""
    with course.gradebook() as gradebook:
        for student_id in chosen:
            sender = who[student_id]
            student = gradebook.update_or_create_student(student_id, lms_user_id=sender.number)
            if sender.platform == "Moodle" and not (student.first_name or student.last_name):
                student.first_name, _, student.last_name = sender.name.rpartition(" ")
        gradebook.db.commit()
    path = course.root / "results" / assignment / "senders.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        senders = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        senders = {}
    senders |= {student: asdict(who[student]) for student in chosen}
    beside = path.with_suffix(".part")
    beside.write_text(json.dumps(senders, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    os.replace(beside, path)


def _some(names: Iterable[str]) -> str:
    several = list(names)
    return ", ".join(several if len(several) <= 5 else [*several[:5], f"and {len(several) - 5} more"])


def summary(assignment: str, done: Collected) -> str:
    """What was collected, for a terminal."""
    counts = {what: sum(t.what == what for t in done.taken) for what in ("new", "replaced", "unchanged")}
    words = {"new": "new", "replaced": "replacing an older one", "unchanged": "unchanged"}
    said = [f"{number} {words[what]}" for what, number in counts.items() if number]
    lines = [f"{assignment}: {len(done.taken)} submissions" + (f" ({', '.join(said)})" if said else "")]
    late = [t.student for t in done.taken if t.late]
    renamed = [f"{t.student}: {old} as {new}" for t in done.taken for new, old in t.renamed.items()]
    for title, names in (
        ("late", late),
        ("taken under the official name", renamed),
        ("new in the gradebook", done.added),
        ("have not submitted", done.without),
    ):
        if names:
            lines += _wrapped(f"{len(names)} {title}: {_some(names)}")
    if done.problems:
        lines += ["\nTo look at:", *(line for problem in done.problems for line in _wrapped(problem))]
    return "\n".join(lines)


def _wrapped(sentence: str) -> list[str]:
    return textwrap.wrap(sentence, WIDTH, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)
