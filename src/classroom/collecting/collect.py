"""`course collect`: downloads of Moodle and Canvas become `submitted/`, through nbgrader's own collector.

The archives are kept in `downloaded/ASSIGNMENT/archive/` and unpacked in `extracted/` beside it, where nbgrader's
`zip_collect` works too; a submission that a newer one replaces is kept in `replaced/`. So nothing is ever lost.
"""

import hashlib
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from nbgrader.apps import ZipCollectApp
from nbgrader.plugins import ExtractorPlugin, FileNameCollectorPlugin

from classroom.collecting import places
from classroom.collecting.archives import MAX_STUDENT, unpack
from classroom.collecting.choose import Sent, choose
from classroom.collecting.handed_in import handed_in
from classroom.collecting.identify import identify
from classroom.collecting.lms_names import Sender, parse, split_name
from classroom.collecting.places import Places
from classroom.collecting.roster import Roster, Student
from classroom.collecting.senders import Sent as Remembered
from classroom.collecting.senders import known_numbers, read_senders, write_senders
from classroom.errors import ClassroomError
from classroom.grading.autograde import LOG, said_by_nbgrader
from classroom.grading.course_dir import Course
from classroom.students.allowances import due_for, read_allowances
from classroom.students.details import Details, read_details


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
    late_unknown: bool = False  # late, by how much is not known


@dataclass
class Collected:
    """What collecting did, and a sentence for everything that a person should know or look at."""

    taken: list[Taken] = field(default_factory=list)
    added: list[str] = field(default_factory=list)  # students who were not in the gradebook
    without: list[str] = field(default_factory=list)  # students of the gradebook who have not submitted
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """As `course collect --json` writes it."""
        return asdict(self)


def course_roster(course: Course, assignment: str) -> Roster:
    """The students of the gradebook, with what the platforms know them by in this assignment."""
    with course.gradebook() as gradebook:
        rows = [(s.id, s.first_name or "", s.last_name or "", s.lms_user_id or "") for s in gradebook.students]
    details, nothing = read_details(course), Details()
    students = [Student(*row, details.get(row[0], nothing).team) for row in rows]
    senders = known_numbers(course.root, assignment)
    there = {p.parent.name for p in course.root.glob(f"submitted/*/{assignment}") if p.is_dir() and any(p.iterdir())}
    return Roster(students, senders, there - read_senders(course.root, assignment).keys())


def collect(
    course: Course,
    assignment: str,
    archives: Sequence[Path],
    zone: tzinfo | None = None,
    who: Mapping[str, str] | None = None,
    times: Mapping[str, datetime] | None = None,
) -> Collected:
    """Takes the submissions from these archives into the course.

    `zone` is that of the archives' times, `who` says whom a number means, `times` when a student handed in (UTC).

    Raises:
        ClassroomError: an archive cannot be read, or `who` names somebody who is not there.
    """
    done = Collected()
    work = course.root / "downloaded" / assignment
    kept = [_keep(archive, work / "archive") for archive in archives]
    shutil.rmtree(work / "extracted", ignore_errors=True)
    sent: dict[Sender, list[Sent]] = {}
    for archive in kept:
        unpacked = unpack(archive, work / "extracted" / archive.stem, zone)
        done.problems += unpacked.problems
        strange = []
        for member in unpacked.members:
            named = parse(member.name)
            if named is None:
                strange.append(member.name)
                continue
            platform_says = named.sender.platform == "Moodle"
            arrived = member.modified if platform_says else None
            modified = member.modified if platform_says else None
            file = Sent(named.name, member.path, modified, named.order, named.late, arrived)
            sent.setdefault(named.sender, []).extend(_opened(file, named.sender, zone, done))
        if strange:
            more = f" and {len(strange) - 1} more were" if len(strange) > 1 else " was"
            done.problems.append(
                f"{archive.name}: {strange[0]}{more} not taken: neither Moodle nor Canvas names files like this."
            )
    _take(course, assignment, sent, done, who or {}, times or {})
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
    """The files that a student packed into one, else the file itself. A zip inside that zip stays as it is.

    The times inside are the student's: they tell versions apart, and say nothing of when the work came.
    """
    if not file.name.lower().endswith(".zip"):
        return [file]
    try:
        unpacked = unpack(file.path, file.path.with_name(f"{file.path.name}.d"), zone, MAX_STUDENT)
    except ClassroomError as error:
        done.problems.append(f"{sender}: {error}.")
        return []
    done.problems += [f"{sender}: {problem}" for problem in unpacked.problems]
    return [
        Sent(m.name, m.path, m.modified or file.modified, file.order, file.late, file.arrived) for m in unpacked.members
    ]


def _take(
    course: Course,
    assignment: str,
    sent: Mapping[Sender, list[Sent]],
    done: Collected,
    who: Mapping[str, str],
    times: Mapping[str, datetime],
) -> None:
    with course.gradebook() as gradebook:
        before = {student.id for student in gradebook.students}
        found = gradebook.find_assignment(assignment)
        notebooks, due = [n.name for n in found.notebooks], found.duedate
    chosen = {}
    for sender, files in sent.items():
        if not files:  # why is said already
            continue
        choice = choose(files, notebooks)
        done.problems += [f"{sender}: {note}" for note in choice.notes]
        if choice.files:
            chosen[sender] = choice
    people = identify(chosen, course_roster(course, assignment), who)
    done.problems += people.problems
    done.notes += people.notes
    done.added = people.added
    room, remembered = Places(course, assignment), read_senders(course.root, assignment)
    allowances = read_allowances(course.root)
    plan: dict[Path, dict[str, Any]] = {}
    work = [(student, sender) for sender, students in people.students.items() for student in students]
    for student, sender in sorted(work, key=lambda pair: pair[0].id):
        choice = chosen[sender]
        earlier = remembered.get(student.id)
        # What an instructor said holds for this submission until another one comes.
        unchanged = room.holds(student.id, choice.files)
        said = times.get(student.id) or (earlier.said if earlier and unchanged else None)
        came = handed_in(sender, choice, said)
        if came.time is None and not came.late_unknown and sender.platform == "Moodle":
            done.problems.append(f"{sender}: the archive holds no time for this submission, so it counts as on time.")
        what = room.settle(student.id, choice, came.time, earlier.attachment if earlier else 0)
        if what == places.OLDER:
            done.problems.append(f"{student.id}: the submission that is there is newer, so it was left as it is.")
        elif what != places.UNCHANGED:
            for path, name in room.stage(student.id, choice.files).items():
                stamp = came.time if name.endswith(".ipynb") else None
                plan[path] = {"student_id": student.id, "file_id": name, "timestamp": stamp}
        due_here = due_for(due, allowances.get((assignment, student.id)))
        late = came.late_unknown or bool(due_here and came.time and came.time > due_here)
        stated = came.time.isoformat(" ") if came.time else None
        names = tuple(sorted(name for name in choice.files if name.endswith(".ipynb")))
        done.taken.append(Taken(student.id, str(sender), names, choice.renamed, stated, late, what, came.late_unknown))
        if what != places.OLDER:
            number = sender.number if len(people.students[sender]) == 1 else student.lms_user_id
            own = Sender(sender.platform, number, sender.name)
            remembered[student.id] = Remembered(own, choice.attachment, came.late_unknown, said)
    _run_zip_collect(course, assignment, plan)
    _enter_names(course, work, people.students)
    write_senders(course.root, assignment, remembered)
    submitted = {path.parent.name for path in course.root.glob(f"submitted/*/{assignment}") if path.is_dir()}
    done.without = sorted(before - submitted)


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


def _enter_names(
    course: Course, work: Sequence[tuple[Student, Sender]], teams: Mapping[Sender, Sequence[Student]]
) -> None:
    """Writes into the gradebook who is new, and names and Canvas's numbers where it has none."""
    with course.gradebook() as gradebook:
        for known, sender in work:
            student = gradebook.update_or_create_student(known.id)
            if len(teams[sender]) == 1 and sender.platform == "Canvas" and not student.lms_user_id:
                student.lms_user_id = sender.number
            if not (student.first_name or student.last_name):
                names = split_name(sender.name) if sender.platform == "Moodle" else ("", known.last_name or sender.name)
                student.first_name, student.last_name = names
        gradebook.db.commit()


def set_times(course: Course, assignment: str, times: Mapping[str, datetime]) -> list[str]:
    """Says when students handed in what is there already; those whose time is another one now.

    Raises:
        ClassroomError: one of them has handed in nothing; then nothing was changed.
    """
    room, remembered = Places(course, assignment), read_senders(course.root, assignment)
    for student in times:
        if not room[student].is_dir():
            raise ClassroomError(f"{student} has handed in nothing for {assignment}; nothing was changed")
    changed = []
    for student, time in sorted(times.items()):
        if room.stamp(student) != time:
            room.write_stamp(student, time)
            changed.append(student)
        if student in remembered:
            earlier = remembered[student]
            remembered[student] = Remembered(earlier.sender, earlier.attachment, said=time)
    write_senders(course.root, assignment, remembered)
    return changed


def counted(done: Collected) -> Counter[str]:
    """How many were new, replaced, unchanged, older."""
    return Counter(taken.what for taken in done.taken)
