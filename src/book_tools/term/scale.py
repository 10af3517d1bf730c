"""How many machines a very large class needs: arithmetic on what the grading benchmark measured."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parents[3] / "bench" / "results" / "grading.json"


@dataclass(frozen=True)
class Measured:
    """What one submission costs, and how fast they can be written down."""

    processor_seconds: float  # of one core, for one submission
    seconds: float  # for one submission, on all cores of the machine that was measured
    written_per_second: float  # by the one process that holds the gradebook
    cores: int
    processor: str
    load: float  # of the machine while it was measured
    class_size: int

    @classmethod
    def from_results(cls, stored: Mapping[str, Any]) -> "Measured":
        """From the benchmark's record."""
        grading, machine = stored["grading"], stored["machine"]
        return cls(
            processor_seconds=grading["large"]["cpu_seconds_per_submission"],
            seconds=grading["large"]["seconds_per_submission"],
            written_per_second=grading["writer_submissions_per_second"],
            cores=machine["cores"],
            processor=machine["processor"],
            load=machine["load"],
            class_size=grading["large_class"],
        )


@dataclass(frozen=True)
class Plan:
    """A class of this size, to be graded in this time."""

    measured: Measured
    submissions: int

    @property
    def core_hours(self) -> float:
        """Work, however it is shared out."""
        return self.submissions * self.measured.processor_seconds / 3600

    @property
    def shortest_hours(self) -> float:
        """The time that the one writer needs: no number of machines makes it shorter."""
        return self.submissions / self.measured.written_per_second / 3600

    @property
    def most_cores(self) -> int:
        """So many cores keep the writer busy; more would wait for it."""
        return math.ceil(self.measured.written_per_second * self.measured.processor_seconds)

    def cores(self, hours: float) -> int:
        """The cores that finish in this time.

        Raises:
            ValueError: the writer alone takes longer.
        """
        if hours < self.shortest_hours:
            raise ValueError(f"writing takes {self.shortest_hours:.2f} hours, so {hours:g} hours are too short")
        return math.ceil(self.core_hours / hours)


def measured(path: Path = RESULTS) -> Measured:
    """The last record of `python -m bench grading`."""
    return Measured.from_results(json.loads(path.read_text(encoding="utf-8")))
