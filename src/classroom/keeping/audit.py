"""The log of what changed whose score, when and why: `audit.jsonl` in the course, a line a score.

Whatever changes a gradebook does it inside `changing(course, action)`. That copies the gradebook first, and afterwards
writes down every score that is another one. What others have changed in between, in formgrader for example, is found
by the scores that the last line was written with, and logged as theirs.
"""

import getpass
import json
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from classroom.errors import ClassroomError
from classroom.grading.course_dir import Course
from classroom.keeping.backup import back_up
from classroom.keeping.private import write_private
from classroom.keeping.scores import ScoreChange, Scores, differences, read_scores

LOG = "audit.jsonl"
LAST = ".audit-scores.json"  # the scores after the last line
ELSEWHERE = "in formgrader, or by another program"


@contextmanager
def changing(course: Course, action: str, why: str = "") -> Iterator[None]:
    """Inside, the gradebook may be changed: there is a copy of it, and the log says what became of it.

    `action` is what is done ("grade 02-self-attention"), `why` what a person gave as the reason.

    Raises:
        ClassroomError: no copy could be made; nothing was changed.
    """
    back_up(course, action)
    before = _log_what_others_did(course)
    try:
        yield
    finally:
        after = read_scores(course)
        _write(course, action, why, list(differences(before, after)))
        _remember(course, after)


def note(course: Course, action: str, why: str = "", **more: Any) -> None:
    """A line about something that is not a score: an extension, a restored gradebook."""
    _append(course, [{**_head(action, why), **more}])


def read_log(course: Course) -> list[dict[str, Any]]:
    """All lines, the oldest first; one that was cut off in the middle is passed over."""
    try:
        lines = (course.root / LOG).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    found = []
    for line in lines:
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def _log_what_others_did(course: Course) -> Scores:
    now = read_scores(course)
    known = _last(course)
    if known is not None:
        _write(course, ELSEWHERE, "", list(differences(known, now)), by="")  # it may have been anybody
    return now


def _write(course: Course, action: str, why: str, changes: Sequence[ScoreChange], by: str | None = None) -> None:
    head = _head(action, why) | ({} if by is None else {"who": by})
    _append(course, [{**head, **change.to_json()} for change in changes])


def _head(action: str, why: str) -> dict[str, Any]:
    return {"when": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "who": who(), "action": action, "why": why}


def who() -> str:
    """The account that is at work, on a JupyterHub the user's."""
    try:
        return f"{os.environ.get('JUPYTERHUB_USER') or getpass.getuser()}@{socket.gethostname()}"
    except (OSError, KeyError):
        return f"user {os.getuid()}@{socket.gethostname()}"


def _append(course: Course, lines: Sequence[dict[str, Any]]) -> None:
    if not lines:
        return
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    path = course.root / LOG
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            file.write(text.encode("utf-8", "replace"))
    except OSError as error:
        raise ClassroomError(f"{path} cannot be written: {error.strerror}; mend that and try again") from error


def _last(course: Course) -> Scores | None:
    try:
        rows = json.loads((course.root / LAST).read_text(encoding="utf-8"))
        return {tuple(key): (score, by_hand) for *key, score, by_hand in rows}
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _remember(course: Course, scores: Scores) -> None:
    write_private(course.root / LAST, json.dumps([[*k, *v] for k, v in scores.items()], ensure_ascii=False) + "\n")
