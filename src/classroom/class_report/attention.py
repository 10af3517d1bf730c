"""What needs a look: outcomes that are not `graded`, forbidden calls, flags, and work that waits for somebody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from classroom.class_report.misconceptions import FORBIDDEN, Finding
from classroom.class_report.standing import EXCUSED, NO_RECORD, NOT_GRADED, Standing
from classroom.grading.outcome import OUTCOMES

FLAG, CHANGED, WAITING, LATE, NOT_COMPARED = "flag", "changed", "waiting", "late", "not compared"
MOST_LEFT_OUT = 3  # sentences about one student
# What people read, in the order in which they should look: what may cost somebody an undeserved 0 comes first.
KINDS = {
    "failed": "The grader failed",
    NOT_GRADED: "Not graded yet",
    CHANGED: "Handed in again since it was graded",
    LATE: "Late, by how much is not known",
    "invalid": "Not a notebook",
    "crashed": "Crashed",
    "timeout": "Took too long",
    "memory": "Needed too much memory",
    FORBIDDEN: "Calls what it should write",
    FLAG: "Unusual in the file",
    NOT_COMPARED: "Not compared with the others",
    WAITING: "Waits for a manual grade",
    NO_RECORD: "Graded without `course grade`",
    "missing": "Nothing handed in",
}


@dataclass(frozen=True)
class Notice:
    """One thing about one student that somebody should look at."""

    kind: str
    student: str
    sentence: str

    @property
    def title(self) -> str:
        """The kind in words."""
        return KINDS.get(self.kind, self.kind.capitalize())


def notices(
    standings: Sequence[Standing],
    found: Sequence[Finding],
    left_out: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> list[Notice]:
    """Everything that needs a look, what matters most first. `left_out`: by student, what was not compared."""
    made = []
    for student, sentences in left_out.items():
        made += [Notice(NOT_COMPARED, student, sentence) for sentence in sentences[:MOST_LEFT_OUT]]
        if (more := len(sentences) - MOST_LEFT_OUT) > 0:
            made.append(Notice(NOT_COMPARED, student, f"The same holds for {more} more of its parts."))
    for standing in standings:
        made += [Notice(kind, standing.person.id, sentence) for kind, sentence in _about(standing)]
    for finding in found:
        if finding.kind == FORBIDDEN:
            made += [Notice(FORBIDDEN, s, f"{finding.question}: {finding.sentence}") for s in finding.students]
    order = list(KINDS)
    return sorted(made, key=lambda n: order.index(n.kind) if n.kind in order else len(order))


def _about(standing: Standing) -> list[tuple[str, str]]:
    about = [(FLAG, sentence) for sentence in standing.flags]
    if standing.changed:
        about.append((CHANGED, "The notebook is newer than its grade; run `course grade` again."))
    if standing.late_unknown and not standing.excused:
        about.append((LATE, "No penalty is taken until somebody says when it came: `course collect --handed-in`."))
    if standing.final is not None and standing.final.waiting and standing.reports:
        about.append((WAITING, f"In formgrader: {', '.join(sorted(standing.final.waiting))}."))
    if standing.outcome == NOT_GRADED:
        about.append((NOT_GRADED, "There is no grade; run `course grade`."))
    elif standing.outcome == NO_RECORD:
        about.append((NO_RECORD, "The gradebook has a grade that no grading run of `course grade` wrote."))
    elif standing.outcome == EXCUSED:
        return about
    elif standing.outcome == "missing" and not standing.reasons:
        about.append(("missing", f"{OUTCOMES['missing'].capitalize()}."))
    for report in standing.reports:
        if report["outcome"] != "graded":
            about.append((report["outcome"], report["reason"] or OUTCOMES.get(report["outcome"], "")))
    return about
