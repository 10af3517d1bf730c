"""The progress of a grading run on stderr: a bar with the rate, the time left, and the outcomes so far."""

import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

from tqdm import tqdm

from classroom.grading.outcome import OUTCOMES


class Progress:
    """Counts notebooks. What earlier runs had graded counts as done, and not for the rate."""

    def __init__(self, assignment: str, notebooks: int):
        self._outcomes: Counter[str] = Counter()
        self._bar = tqdm(total=notebooks, unit="notebook", desc=assignment, file=sys.stderr, smoothing=0.1)

    def kept(self, reports: Sequence[dict[str, Any]]) -> None:
        """These were graded before this run."""
        self._bar.initial = self._bar.n = len(reports)
        self._count(reports)

    def graded(self, reports: Sequence[dict[str, Any]]) -> None:
        """These are in the gradebook now."""
        self._count(reports)
        self._bar.update(len(reports))

    def close(self) -> None:
        """Leaves the bar as it is."""
        self._bar.refresh()
        self._bar.close()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _count(self, reports: Sequence[dict[str, Any]]) -> None:
        self._outcomes.update(report["outcome"] for report in reports)
        said = ", ".join(f"{self._outcomes[name]} {name}" for name in OUTCOMES if self._outcomes[name])
        self._bar.set_postfix_str(said, refresh=False)
