"""Pictures and transcripts for the instructor's guide: the real programs at work on a made-up class.

`python -m book_tools.term.pictures` (or `make pictures`) plays a term in a temporary course and writes what people
see into book/instructors-guide/: terminals as text, pages as pictures. It needs Chromium and the sandbox.
"""

import fcntl
import io
import json
import os
import pty
import re
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from book_tools.term.made_up_class import DUE, moodle_download
from classroom.grading.course_dir import CONFIG
from classroom.questions.assignment import Assignment

REPOSITORY = Path(__file__).resolve().parents[3]
OUT = REPOSITORY / "book" / "instructors-guide"
ASSIGNMENT, NOTEBOOK = "02-self-attention", "self-attention"
SHOWN_COURSE, SHOWN_DOWNLOAD, SHOWN_SOLUTIONS = "~/transformer-2026", "~/Downloads/submissions.zip", "solutions"
COLUMNS = 80  # what fits the book's column
WIDTH, HEIGHT, SCALE = 1000, 740, 2  # of a page, and pixels a CSS pixel
MOST = 150_000  # bytes of one picture
COMMENT = "You divided by nothing here: what keeps the scores from growing with the size of the vectors?"
CHROMIUM_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage")


def main() -> None:
    """Plays the term and writes everything."""
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="term-") as scratch:
        term = Term(Path(scratch))
        term.begin()
        term.collect_and_grade()
        term.report()
        term.correct_a_question()
        with _server(term.course, Path(scratch)) as address, sync_playwright() as playwright:
            found = shutil.which("chromium") or playwright.chromium.executable_path
            browser = playwright.chromium.launch(executable_path=found, args=list(CHROMIUM_FLAGS))
            context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=SCALE)
            pages = Pages(context.new_page(), address, term.course)
            pages.submissions()
            pages.one_submission()
            term.run("feedback", ["nbgrader", "generate_feedback", ASSIGNMENT, "--force"], keep=False)
            term.run("return", ["course", "return", NOTEBOOK, "--course", term.course])
            pages.feedback()
            pages.report()
            browser.close()


class Term:
    """A course, and the commands that an instructor types."""

    def __init__(self, scratch: Path):
        self.course, self.download = scratch / "transformer-2026", scratch / "submissions.zip"
        self.solutions = scratch / "solutions"
        shutil.copytree(REPOSITORY / "solutions", self.solutions)

    def begin(self) -> None:
        """Makes the course, with a due date and a penalty for late work."""
        moodle_download(Assignment(self.solutions / ASSIGNMENT), self.download)
        self.run("init", ["course", "init", self.course], ["--solutions", self.solutions])
        due = ["nbgrader", "db", "assignment", "add", ASSIGNMENT, "--duedate", DUE]
        self.run("due", due, keep=False)
        path = self.course / CONFIG
        config = path.read_text(encoding="utf-8")
        example = config[config.index("# from classroom.late") : config.index("# Or some days")]
        path.write_text(config.replace(example, example.replace("# ", "")), encoding="utf-8")

    def collect_and_grade(self) -> None:
        """What comes back from Moodle, graded."""
        in_course = ["--course", self.course]
        self.run("collect", ["course", "collect", NOTEBOOK, *in_course, self.download], ["--timezone", "UTC"])
        hidden = ["--solutions", self.solutions, "--seed", "2026"]
        said = self.run("grade", ["course", "grade", NOTEBOOK, *in_course], hidden)
        (OUT / "progress.txt").write_text(_halfway(said) + "\n", encoding="utf-8")

    def report(self) -> None:
        """The class at a glance."""
        command = ["course", "report", NOTEBOOK, "--course", self.course]
        self.run("report", command, ["--solutions", self.solutions])

    def correct_a_question(self) -> None:
        """Rows that may see nothing are no longer asked for; who gains is listed before it is written."""
        path = self.solutions / ASSIGNMENT / "questions" / "masking.py"
        source = path.read_text(encoding="utf-8")
        asked = ('        case("a query that may see nothing"', '        case("a single key, hidden"')
        lines = [line for line in source.splitlines(keepends=True) if not line.startswith(asked)]
        if len(source.splitlines()) - len(lines) != len(asked):
            raise SystemExit(f"{path} has no longer the cases that the guide takes away; choose others in {__file__}.")
        path.write_text("".join(lines), encoding="utf-8")
        command = ["course", "grade", NOTEBOOK, "--course", self.course, "--question", "masked-softmax", "--dry-run"]
        self.run("dry-run", command, ["--solutions", self.solutions])

    def run(self, name: str, command: Sequence[object], hidden: Sequence[object] = (), keep: bool = True) -> str:
        """Runs one command in a terminal and keeps what it left on the screen; `hidden` arguments are not shown."""
        shown = " ".join(f'"{word}"' if " " in str(word) else str(word) for word in command)
        said = self._readable(_in_terminal([*map(str, command), *map(str, hidden)], self.course))
        if keep:
            text = f"$ {self._readable(shown)}\n{_screen(said)}\n"
            (OUT / f"{name}.txt").write_text(text, encoding="utf-8")
        return said

    def _readable(self, text: str) -> str:
        for path, name in (
            (self.course, SHOWN_COURSE),
            (self.download, SHOWN_DOWNLOAD),
            (self.solutions, SHOWN_SOLUTIONS),
        ):
            text = text.replace(str(path), name)
        return text


def _in_terminal(command: Sequence[str], directory: Path) -> str:
    """What a command writes to a terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": str(COLUMNS),
        "TERM": "dumb",
    }
    process = subprocess.Popen(
        command,
        cwd=directory if directory.is_dir() else None,
        stdout=theirs,
        stderr=theirs,
        stdin=subprocess.DEVNULL,
        env=environment,
    )
    os.close(theirs)
    said = bytearray()
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # how Linux says that the other end is closed
            break
        if not chunk:
            break
        said += chunk
    os.close(ours)
    if process.wait() not in (0, 1):
        raise SystemExit(f"{' '.join(command)} failed:\n{said.decode()}")
    return said.decode("utf-8").replace("\r\n", "\n")


def _screen(said: str) -> str:
    """What is left on the screen in the end: of a line that is written over, the last version."""
    return "\n".join(_versions(line)[-1] for line in said.split("\n")).strip()


def _halfway(said: str) -> str:
    """The first line that is written over, in the middle of its life."""
    versions = next(v for v in map(_versions, said.split("\n")) if len(v) > 2)
    return versions[len(versions) // 2]


def _versions(line: str) -> list[str]:
    return [version.rstrip() for version in line.split("\r") if version.strip()] or [""]


class Pages:
    """The pages that an instructor and a student look at."""

    def __init__(self, page: Page, address: str, course: Path):
        self.page, self.address, self.course = page, address, course

    def submissions(self) -> None:
        """formgrader's list of an assignment's submissions."""
        self.page.goto(f"{self.address}/formgrader/manage_submissions/{ASSIGNMENT}")
        self.page.get_by_text("ada-example").wait_for()
        self._write("submissions", self.page.screenshot())

    def one_submission(self) -> None:
        """A submission in formgrader: the verdict, and a comment."""
        (found,) = self._stored(
            "SELECT submitted_notebook.id FROM submitted_notebook JOIN submitted_assignment"
            " ON submitted_assignment.id = submitted_notebook.assignment_id WHERE student_id = 'bo-sample'"
        )
        self.page.goto(f"{self.address}/formgrader/submissions/{found}/")
        self.page.get_by_role("region", name="Result of attention-scores").wait_for()
        self.page.wait_for_selector("input.score#attention-scores[placeholder]")  # its script has started
        comment = self.page.locator("textarea#attention-scores-answer-comment")
        comment.fill(COMMENT)
        self.page.keyboard.press("Tab")
        deadline = time.monotonic() + 30
        while not self._stored("SELECT id FROM comment WHERE manual_comment IS NOT NULL"):
            if time.monotonic() > deadline:
                raise SystemExit("formgrader did not store the comment.")
            self.page.wait_for_timeout(100)
        self.page.evaluate("document.activeElement.blur()")
        self.page.wait_for_timeout(1000)  # formgrader scrolls to what had the focus
        answer = comment.locator("xpath=ancestor::*[contains(@class, 'nbgrader_cell')][1]")
        self.page.evaluate("y => window.scrollTo(0, y)", answer.evaluate("e => e.offsetTop - 90"))
        self.page.wait_for_timeout(300)
        self._write("one-submission", self.page.screenshot())

    def feedback(self) -> None:
        """The page that the student gets back, from the question's answer on."""
        self.page.goto(f"file://{self.course}/feedback/bo-sample/{ASSIGNMENT}/{NOTEBOOK}.html")
        panel = self.page.get_by_role("region", name="Result of attention-scores")
        panel.wait_for()
        panel.evaluate("e => e.scrollIntoView({block: 'end'})")
        self.page.evaluate("window.scrollBy(0, 20)")
        self._write("feedback", self.page.screenshot())

    def report(self) -> None:
        """The class at a glance."""
        self.page.goto(f"file://{self.course}/reports/{ASSIGNMENT}/index.html")
        self.page.wait_for_timeout(500)
        self._write("report", self.page.screenshot())
        heading = self.page.get_by_role("heading", name=re.compile("misconceptions|explain", re.IGNORECASE)).first
        heading.evaluate("e => e.scrollIntoView({block: 'start'})")
        self._write("misconceptions", self.page.screenshot())

    def _stored(self, query: str) -> tuple:
        with sqlite3.connect(self.course / "gradebook.db") as gradebook:
            return gradebook.execute(query).fetchone() or ()

    def _write(self, name: str, picture: bytes) -> None:
        image = Image.open(io.BytesIO(picture)).convert("RGB")
        for quality in range(90, 40, -10):
            written = io.BytesIO()
            image.save(written, "WEBP", quality=quality, method=6)
            if written.tell() <= MOST:
                (OUT / f"{name}.webp").write_bytes(written.getvalue())
                return
        raise SystemExit(f"{name} is larger than {MOST} bytes; show less of the page.")


@contextmanager
def _server(course: Path, scratch: Path) -> Iterator[str]:
    """A Jupyter server in the course; its address."""
    runtime = scratch / "runtime"
    runtime.mkdir()
    command = [sys.executable, "-m", "jupyter", "server", "--no-browser", "--allow-root", "--port=0"]
    environment = os.environ | {"JUPYTER_RUNTIME_DIR": str(runtime)}
    server = subprocess.Popen(
        [*command, "--IdentityProvider.token="],
        cwd=course,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 120
        while not (found := list(runtime.glob("jpserver-*.json"))):
            if time.monotonic() > deadline:
                raise SystemExit("The Jupyter server did not start.")
            time.sleep(0.1)
        yield json.loads(found[0].read_text())["url"].rstrip("/")
    finally:
        server.terminate()
        server.wait(timeout=30)


if __name__ == "__main__":
    main()
