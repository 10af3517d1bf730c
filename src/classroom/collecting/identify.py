"""Whose files they are: every sender of a download gets a student, a team, or a question to the instructor."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from classroom.collecting.lms_names import Sender
from classroom.collecting.roster import NEW, Roster, Student, UnclearError, plain
from classroom.errors import ClassroomError

ONE_NAME = 3  # so many senders of one name, and no others: a platform has hidden the names


@dataclass
class Identified:
    """Who the senders are, and a sentence for everything that a person should know or look at."""

    students: dict[Sender, tuple[Student, ...]] = field(default_factory=dict)  # several: a team
    added: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def identify(senders: Iterable[Sender], roster: Roster, who: Mapping[str, str] | None = None) -> Identified:
    """Finds everybody. `who`: what a person has said, a student or "new" by the sender's number.

    Raises:
        ClassroomError: `who` names a student or a number that is not there.
    """
    done, everybody = Identified(), list(senders)
    said = dict(who or {})
    _check_said(said, everybody, roster)
    hidden = [sender for sender in everybody if sender.hidden]
    names = {plain(sender.name) for sender in everybody}
    if len(names) == 1 and len(everybody) >= ONE_NAME and not roster.named(everybody[0].name):
        hidden = everybody
    hidden = [sender for sender in hidden if sender.number not in said and roster.known(sender) is None]
    if hidden:
        done.problems.append(
            f"{len(hidden)} submission{'s' * (len(hidden) != 1)} of {hidden[0].platform} "
            f"{'were' if len(hidden) != 1 else 'was'} not taken: this download is anonymous; show the names there "
            "(Moodle: reveal identities; Canvas: turn anonymous grading off) and download again."
        )
    left = [sender for sender in everybody if sender not in set(hidden)]
    left = _without_group(left, roster, done)
    namesakes = defaultdict(list)
    for _, sender in left:
        namesakes[plain(sender.name)].append(sender)
    found: dict[Sender, tuple[Student, ...]] = {}  # everybody is looked for before anybody new is there to be found
    for original, sender in left:
        others = [other for other in namesakes[plain(sender.name)] if other != sender]
        try:
            found[original] = _find(sender, others, roster, said.get(sender.number), done)
        except UnclearError as unclear:
            done.problems.append(f"{sender}: was not taken: {unclear}.")
    for original, sender in left:
        if original in found:
            others = [other for other in namesakes[plain(sender.name)] if other != sender]
            students = found[original] or (_new(sender, others, roster, said.get(sender.number), done),)
            _give(original, sender, students, done)
    return done


def _find(
    sender: Sender, others: list[Sender], roster: Roster, answer: str | None, done: Identified
) -> tuple[Student, ...]:
    """The sender's student, or a team's students; none for somebody new."""
    if answer == NEW:
        return ()
    if answer is not None:
        roster.bind(sender, answer)
        return (roster[answer],)
    team = roster.team(sender)
    if team:
        done.notes.append(f"{sender} is a team: taken for {', '.join(student.id for student in team)}.")
        return tuple(team)
    student = roster.find(sender, others)
    return (student,) if student else ()


def _new(sender: Sender, others: list[Sender], roster: Roster, answer: str | None, done: Identified) -> Student:
    student = roster.new(sender, numbered=bool(others) or answer == NEW)
    done.added.append(student.id)
    if others:
        done.problems.append(
            f"{sender} is new, like {', '.join(map(str, others))} of the same name: taken as {student.id}."
        )
    return student


def _give(original: Sender, sender: Sender, students: tuple[Student, ...], done: Identified) -> None:
    """Gives the students this sender's files; not those who have another sender's already."""
    free = []
    for student in students:
        rival = next((s for s, of in done.students.items() if student in of), None)
        if rival is None:
            free.append(student)
            continue
        done.problems.append(
            f"{sender}: was not taken for {student.id}: {rival} was taken for the same student; say who it is: "
            f"--who {sender.number}=STUDENT, or --who {sender.number}={NEW}."
        )
    if free:
        done.students[original] = tuple(free)


def _check_said(said: Mapping[str, str], senders: list[Sender], roster: Roster) -> None:
    numbers = {sender.number for sender in senders}
    for number, student in said.items():
        if number not in numbers:
            raise ClassroomError(f"--who {number}={student}: nobody in this download has the number {number}")
        if student != NEW and student not in roster:
            raise ClassroomError(
                f"--who {number}={student}: there is no student {student!r} in the gradebook; `course students list` "
                f"shows them, and {NEW!r} adds one"
            )


def _without_group(senders: list[Sender], roster: Roster, done: Identified) -> list[tuple[Sender, Sender]]:
    """Each sender, and the same without the group that Moodle puts before names ("Team 4-Ada Lovelace")."""
    groups: dict[str, int] = defaultdict(int)
    for sender in senders:
        if sender.platform == "Moodle" and not roster.named(sender.name):
            for at, character in enumerate(sender.name):
                if character == "-" and roster.named(sender.name[at + 1 :]):
                    groups[sender.name[: at + 1]] += 1
    renamed = []
    for sender in senders:
        prefix = next((p for p in groups if sender.name.startswith(p)), "") if sender.platform == "Moodle" else ""
        renamed.append((sender, replace(sender, name=sender.name.removeprefix(prefix).strip())))
    for prefix in groups:
        count = sum(sender.name.startswith(prefix) for sender in senders)
        done.notes.append(f"{count} sent as the group {prefix[:-1]!r}, which Moodle puts before their names.")
    return renamed
