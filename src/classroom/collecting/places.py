"""`submitted/`, and where the submissions go that newer ones replace."""

import filecmp
import os
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from nbgrader.utils import parse_utc

from classroom.collecting.choose import TIMESTAMP, Chosen, Sent
from classroom.grading.course_dir import Course

NEW, REPLACED, UNCHANGED, OLDER = "new", "replaced", "unchanged", "older"


class Places:
    """Compares what came with what is there, and makes room for it."""

    def __init__(self, course: Course, assignment: str):
        self.course, self.assignment = course, assignment
        self.replaced = course.root / "downloaded" / assignment / "replaced"
        self.staged = course.root / "downloaded" / assignment / "extracted" / "_taken"

    def __getitem__(self, student: str) -> Path:
        return self.course.root / "submitted" / student / self.assignment

    def settle(self, student: str, choice: Chosen, handed_in: datetime | None, last_attachment: int) -> str:
        """What is to be done with it; what it replaces is moved aside.

        Of two versions the later one counts: by the platform's times, on Canvas by the number of the attachment.
        """
        place = self[student]
        if not place.is_dir() or not any(place.iterdir()):
            return NEW
        there = self.stamp(student)
        if self.holds(student, choice.files):
            if handed_in is not None and handed_in != there:
                self.write_stamp(student, handed_in)
            return UNCHANGED
        if there and handed_in and there > handed_in:
            return OLDER
        if handed_in is None and choice.attachment and last_attachment > choice.attachment:
            return OLDER
        self.replaced.mkdir(parents=True, exist_ok=True)
        number = 1
        while (aside := self.replaced / f"{student}-{number}").exists():
            number += 1
        place.rename(aside)
        return REPLACED

    def holds(self, student: str, files: Mapping[str, Sent]) -> bool:
        """Whether just these files are there."""
        place = self[student]
        there = {str(p.relative_to(place)) for p in place.rglob("*") if p.is_file()} - {TIMESTAMP}
        return there == files.keys() and all(filecmp.cmp(place / n, f.path, shallow=False) for n, f in files.items())

    def stage(self, student: str, files: Mapping[str, Sent]) -> dict[Path, str]:
        """The files under the names that they get: nbgrader keeps a file's own ending, ".IPYNB" for example."""
        staged = {}
        for name, file in files.items():
            path = self.staged / student / name
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(file.path, path)
            except OSError:
                shutil.copyfile(file.path, path)
            staged[path] = name
        return staged

    def stamp(self, student: str) -> datetime | None:
        """When the submission that is there was handed in, in UTC."""
        try:
            return parse_utc((self[student] / TIMESTAMP).read_text(encoding="utf-8").strip())
        except (OSError, ValueError, OverflowError):
            return None

    def write_stamp(self, student: str, handed_in: datetime) -> None:
        """Says when it was handed in, where nbgrader reads it."""
        (self[student] / TIMESTAMP).write_text(handed_in.isoformat(" "), encoding="utf-8")
