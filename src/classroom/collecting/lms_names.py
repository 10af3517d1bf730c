"""What Moodle and Canvas put into the names of the files that instructors download."""

import re
from dataclasses import dataclass

# "Ada Lovelace_1234567_assignsubmission_file_/work.ipynb" in folders, "…_file_work.ipynb" without. The number is the
# participant's in this assignment, not the user's: the next assignment has another one.
MOODLE = re.compile(
    r"(?P<name>[^/]+)_(?P<id>\d+)_assignsubmission_(?P<plugin>[a-z]+)(?:_?/(?P<inside>.+)|_(?P<flat>[^/]+))"
)
# "lovelaceada_LATE_12345_67890_work-1.ipynb": the sortable name without punctuation, the user, the attachment.
CANVAS = re.compile(r"(?P<name>[^_/]+)(?P<late>_LATE)?_(?P<id>\d+)_(?P<file>\d+)_(?P<original>[^/]+)", re.IGNORECASE)
CANVAS_TEXT = re.compile(
    r"(?P<name>[^_/]+)(?P<late>_LATE)?_(?P<id>\d+)_(?P<original>(?:text|link)\.html)", re.IGNORECASE
)


@dataclass(frozen=True)
class Sender:
    """Who handed a file in, as the learning platform names them."""

    platform: str  # "Moodle" or "Canvas"
    number: str  # Canvas: the user's; Moodle: the participant's in this assignment
    name: str  # Moodle: "Ada Lovelace"; Canvas: "lovelaceada"

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
        found = CANVAS.fullmatch(rest)
        if found:
            sender = Sender("Canvas", found["id"], found["name"].lower())
            return SentFile(sender, found["original"], found["late"] is not None, int(found["file"]))
        found = CANVAS_TEXT.fullmatch(rest)
        if found:
            sender = Sender("Canvas", found["id"], found["name"].lower())
            return SentFile(sender, found["original"], found["late"] is not None, 0)
    return None
