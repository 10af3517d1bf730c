"""What was collected, for a terminal."""

import textwrap
from collections.abc import Iterable

from classroom.collecting.collect import Collected, counted
from classroom.report import WIDTH

WORDS = {"new": "new", "replaced": "replacing an older one", "unchanged": "unchanged"}


def summary(assignment: str, done: Collected, zone: str) -> str:
    """Counts, names, and every sentence that a person should know."""
    counts = counted(done)
    said = [f"{counts[what]} {words}" for what, words in WORDS.items() if counts[what]]
    number = (
        f"{len(done.taken)} submission{'s' * (len(done.taken) != 1)}" if done.taken else "nothing new was collected"
    )
    lines = [f"{assignment}: {number}" + (f" ({', '.join(said)})" if said else "")]
    late = [t.student for t in done.taken if t.late and not t.late_unknown]
    renamed = [f"{t.student}: {old} as {new}" for t in done.taken for new, old in t.renamed.items()]
    for title, names in (
        ("late", late),
        ("late, by how much is not known", [t.student for t in done.taken if t.late_unknown]),
        ("taken under the official name", renamed),
        ("new in the gradebook", done.added),
        ("have not submitted", done.without),
    ):
        if names:
            lines += _wrapped(f"{len(names)} {title}: {_some(names)}")
    lines += _wrapped(f"Times were read in {zone}.")
    for note in done.notes:
        lines += _wrapped(note)
    if done.problems:
        lines += ["\nTo look at:", *(line for problem in done.problems for line in _wrapped(problem))]
    return "\n".join(lines)


def _some(names: Iterable[str]) -> str:
    several = list(names)
    return ", ".join(several if len(several) <= 5 else [*several[:5], f"and {len(several) - 5} more"])


def _wrapped(sentence: str) -> list[str]:
    return textwrap.wrap(sentence, WIDTH, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)
