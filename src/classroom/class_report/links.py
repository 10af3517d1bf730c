"""Where the page's links lead: files of the course, and formgrader where it runs."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from classroom.class_report.standing import Standing
from classroom.grading.course_dir import Course

FORMGRADER = "http://localhost:8888"  # where `jupyter lab` listens when nobody says otherwise


@dataclass(frozen=True)
class Links:
    """Links from a page in the directory `out` into a course."""

    course: Course
    assignment: str
    out: Path
    formgrader: str = FORMGRADER

    def notebook(self, student: str, name: str) -> str | None:
        """The marked notebook, else the submitted one; None where there is neither."""
        for step in ("autograded", "submitted"):
            path = self.course.root / step / student / self.assignment / f"{name}.ipynb"
            if path.is_file():
                return self._relative(path)
        return None

    def feedback(self, student: str, name: str) -> str | None:
        """The page that the student gets, where it has been made."""
        path = self.course.root / "feedback" / student / self.assignment / f"{name}.html"
        return self._relative(path) if path.is_file() else None

    def grading(self, standing: Standing, name: str) -> str | None:
        """The notebook in formgrader."""
        number = standing.final.formgrader.get(name) if standing.final and standing.reports else None
        return f"{self.formgrader.rstrip('/')}/formgrader/submissions/{quote(number)}/" if number else None

    def _relative(self, path: Path) -> str:
        relative = os.path.relpath(path, self.out.resolve())
        return quote(Path(relative).as_posix())
