"""What judging gives: plain data that a panel, a table, a gradebook and a JSON file can all show."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# The diagnosis of a stub that nobody has touched: nothing is wrong, there is only nothing yet.
NOT_WRITTEN = "Not written yet: replace `raise NotImplementedError` with your code, run the cell, then check again."


@dataclass(frozen=True)
class CriterionResult:
    """One criterion's verdict; `message` is empty when it passed."""

    name: str
    passed: bool
    message: str
    score: float
    max_score: float


@dataclass(frozen=True)
class QuestionResult:
    """One question's verdict. `diagnosis` is a misconception's sentence, or the error, or None."""

    id: str
    title: str
    criteria: tuple[CriterionResult, ...]
    diagnosis: str | None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "QuestionResult":
        """The result that `report.to_json` wrote. It rounds each criterion's points, so their shares are restored."""
        rounded = sum(c["max_score"] for c in data["criteria"])
        share = data["max_score"] / rounded if rounded else 1.0
        criteria = tuple(
            CriterionResult(
                c["name"], c["passed"], c["message"], share * c["max_score"] * c["passed"], share * c["max_score"]
            )
            for c in data["criteria"]
        )
        return cls(data["id"], data["title"], criteria, data["diagnosis"])

    @property
    def score(self) -> float:
        """Points earned: the sum of the criteria that passed, to 2 decimals."""
        return round(sum(c.score for c in self.criteria), 2)

    @property
    def not_written(self) -> bool:
        """Whether the student has not begun: the stub is as it was released."""
        return self.diagnosis == NOT_WRITTEN

    @property
    def complete(self) -> bool:
        """Whether every criterion passed."""
        return all(c.passed for c in self.criteria)

    @property
    def max_score(self) -> float:
        """Points that could be earned."""
        return round(sum(c.max_score for c in self.criteria), 2)
