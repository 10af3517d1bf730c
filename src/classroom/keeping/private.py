"""Files that hold what is known of students: replaced as a whole, and readable by nobody else."""

from pathlib import Path

from classroom.errors import ClassroomError


def write_private(path: Path, text: str) -> None:
    """Replaces a file of the course as a whole; nobody else may read it."""
    part = path.with_name(f"{path.name}.part")
    try:
        part.unlink(missing_ok=True)
        part.touch(mode=0o600)
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise ClassroomError(f"{path} cannot be written: {error.strerror}; nothing was changed there") from error
