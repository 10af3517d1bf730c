"""What Moodle and Canvas put into the names of the files that instructors download."""

import re
from dataclasses import dataclass

# "Ada Lovelace_1234567_assignsubmission_file_/work.ipynb" in folders, "…_file_work.ipynb" without. The number is the
# participant's in this assignment, not the user's: the next assignment has another one.
MOODLE = re.compile(
    r"(?P<name>[^/]+)_(?P<id>\d+)_assignsubmission_(?P<plugin>[a-z]+)(?:_?/(?P<inside>.+)|_(?P<flat>[^/]+))"
)
# "lovelaceada_LATE_12345_67890_work-1.ipynb": the sortable name without punctuation, the user, the attachment. Of a
# group's submission the name is the group's (content_zipper.rb).
CANVAS = re.compile(r"(?P<name>[^_/]+)(?P<late>_LATE)?_(?P<id>\d+)_(?P<file>\d+)_(?P<original>[^/]+)", re.IGNORECASE)
CANVAS_TEXT = re.compile(
    r"(?P<name>[^_/]+)(?P<late>_LATE)?_(?P<id>\d+)_(?P<original>(?:text|link)\.html)", re.IGNORECASE
)
# Where names are hidden: "anon_aB3dE_67890_work.ipynb" in Canvas, "Participant_1234567_…" in Moodle, in its language.
CANVAS_ANONYMOUS = re.compile(
    r"(?P<late>LATE_)?anon_(?P<id>[^_/]+)_(?:(?P<file>\d+)_)?(?P<original>[^/]+)", re.IGNORECASE
)
HIDDEN = {
    "participant", "participante", "partecipante", "teilnehmer", "teilnehmerin", "teilnehmer/in", "deelnemer",
    "deltaker", "deltagare", "deltager", "osallistuja", "uczestnik", "účastník", "résztvevő", "katılımcı", "участник",
    "учасник", "参与者", "參與者", "参加者", "참가자", "participantă", "participant/e",
}  # fmt: skip


@dataclass(frozen=True)
class Sender:
    """Who handed a file in, as the learning platform names them."""

    platform: str  # "Moodle" or "Canvas"
    number: str  # Canvas: the user's; Moodle: the participant's in this assignment
    name: str  # Moodle: "Ada Lovelace"; Canvas: "lovelaceada", or a group's name

    @property
    def hidden(self) -> bool:
        """Whether the platform has hidden who it is."""
        return self.name.casefold() in HIDDEN if self.platform == "Moodle" else not self.number.isdecimal()

    def __str__(self) -> str:
        return f"{self.name} ({self.platform} {self.number})"


@dataclass(frozen=True)
class SentFile:
    """A file's name in a download, taken apart."""

    sender: Sender
    name: str  # the file's own, as the student named it, with the folders that they sent
    late: bool | None  # whether Canvas marks it late; Moodle does not say
    order: int  # of two files that were attached at one time, the later one has the higher number


def parse(path: str) -> SentFile | None:
    """Takes a path inside a download apart; None where it is neither Moodle's nor Canvas's.

    Instructors repack and nest downloads, so any folders above are passed over.
    """
    parts = path.split("/")
    for first in range(len(parts)):
        rest = "/".join(parts[first:])
        found = MOODLE.fullmatch(rest)
        if found:
            name = found["inside"] or found["flat"]
            return SentFile(Sender("Moodle", found["id"], found["name"].strip()), name, None, 0)
        found = CANVAS_ANONYMOUS.fullmatch(rest)
        if found:
            sender = Sender("Canvas", f"anon_{found['id']}", "anon")
            return SentFile(sender, found["original"], found["late"] is not None, int(found["file"] or 0))
        found = CANVAS.fullmatch(rest)
        if found:
            sender = Sender("Canvas", found["id"], found["name"].lower())
            return SentFile(sender, found["original"], found["late"] is not None, int(found["file"]))
        found = CANVAS_TEXT.fullmatch(rest)
        if found:
            sender = Sender("Canvas", found["id"], found["name"].lower())
            return SentFile(sender, found["original"], found["late"] is not None, 0)
    return None


def split_name(name: str) -> tuple[str, str]:
    """First and last name of "Ada Lovelace" or "Lovelace, Ada"; nbgrader's export can take both."""
    if "," in name:
        last, _, first = name.partition(",")
    else:
        first, _, last = name.strip().rpartition(" ")
    return one_cell(first), one_cell(last)


def one_cell(text: str) -> str:
    """The text as `nbgrader export` writes it into one cell of its table, without quoting: no comma, no line break."""
    return " ".join(text.replace(",", " ").replace('"', "").split())
