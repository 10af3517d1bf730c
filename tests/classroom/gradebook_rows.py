"""What a course says about its submissions, to be compared with another course."""

import sqlite3
from pathlib import Path
from typing import Any


def rows_of(root: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that the gradebook says about submissions, without the random ids."""
    query = """
        SELECT submitted_assignment.student_id, submitted_assignment.timestamp, base_cell.name,
               {what}, submitted_notebook.late_submission_penalty
        FROM {table} JOIN base_cell ON base_cell.id = {table}.cell_id
        JOIN submitted_notebook ON submitted_notebook.id = {table}.notebook_id
        JOIN submitted_assignment ON submitted_assignment.id = submitted_notebook.assignment_id
        ORDER BY 1, 3
    """
    grade = "grade.auto_score, grade.manual_score, grade.extra_credit, grade.needs_manual_grade"
    with sqlite3.connect(root / "gradebook.db") as gradebook:
        return {
            "students": gradebook.execute("SELECT id FROM student ORDER BY 1").fetchall(),
            "grades": gradebook.execute(query.format(table="grade", what=grade)).fetchall(),
            "comments": gradebook.execute(
                query.format(table="comment", what="comment.auto_comment, comment.manual_comment")
            ).fetchall(),
        }


def files_of(root: Path) -> dict[str, tuple[bytes, int]]:
    """The marked notebooks and what lies beside them: content and mode."""
    return {
        str(path.relative_to(root)): (path.read_bytes(), path.stat().st_mode)
        for path in (root / "autograded").rglob("*")
        if path.is_file()
    }


def question_scores(root: Path, student: str) -> dict[str, float]:
    """One student's automatic scores, by question."""
    query = """
        SELECT base_cell.name, grade.auto_score FROM grade
        JOIN base_cell ON base_cell.id = grade.cell_id
        JOIN submitted_notebook ON submitted_notebook.id = grade.notebook_id
        JOIN submitted_assignment ON submitted_assignment.id = submitted_notebook.assignment_id
        WHERE submitted_assignment.student_id = ?
    """
    with sqlite3.connect(root / "gradebook.db") as gradebook:
        return dict(gradebook.execute(query, (student,)).fetchall())
