"""The ledger of claims: a chapter measures, `decide` compares with the verdict on record and shows a card.

The record is `book/claims.yml`. The card carries its evidence in data attributes, from which the Sphinx extension
`book_tools.sphinx_ledger` builds the ledger page.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

import yaml

from book_tools.errors import BookError

CLAIMS_FILE = Path(__file__).parents[2] / "book" / "claims.yml"


class Verdict(Enum):
    """The three verdicts a claim can get."""

    HOLDS = "holds"
    CONDITION = "holds, with a condition"
    FAILS = "does not hold"

    @property
    def mark(self) -> str:
        """A sign that tells the verdicts apart without colour."""
        return {Verdict.HOLDS: "✓", Verdict.CONDITION: "◐", Verdict.FAILS: "✗"}[self]

    @property
    def slug(self) -> str:
        """The verdict as a CSS class."""
        return f"verdict-{self.name.lower()}"


@dataclass(frozen=True)
class Claim:
    """One row of the ledger, as recorded in `book/claims.yml`."""

    id: str
    en: str
    zh: str
    document: str
    verdict: Verdict
    chapter: str
    correct: str = ""


@dataclass(frozen=True)
class Chapter:
    """A chapter, named like its file; `written` is False while it is only planned. Number 0 is not shown."""

    name: str
    title: str
    written: bool
    number: int = 0


@dataclass(frozen=True)
class Ledger:
    """All claims by id, the chapters that treat them and the documents they come from."""

    claims: Mapping[str, Claim]
    chapters: Mapping[str, Chapter]
    documents: Mapping[str, Mapping[str, str]]

    def claim(self, claim_id: str) -> Claim:
        """The claim of that id. Raises BookError where there is none."""
        if claim_id not in self.claims:
            last = max(self.claims)
            raise BookError(f"There is no claim {claim_id!r} in book/claims.yml; its ids run from C01 to {last}.")
        return self.claims[claim_id]

    def due(self) -> list[str]:
        """The ids whose chapter is written: each of these must be decided somewhere in the book."""
        return [claim.id for claim in self.claims.values() if self.chapters[claim.chapter].written]


@dataclass(frozen=True)
class Decision:
    """A claim decided by measurement. In a notebook it shows itself as a card."""

    claim: Claim
    verdict: Verdict
    evidence: str = field(compare=False)
    source: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.claim.id} {self.verdict.value}. {self.claim.en}\nMeasured: {self.evidence}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        claim, verdict = self.claim, self.verdict
        source = f' <span class="claim-source">{escape(self.source)}</span>' if self.source else ""
        label = "Condition" if verdict is Verdict.CONDITION else "Instead"
        correct = f'<p class="claim-correct"><b>{label}:</b> {typeset(claim.correct)}</p>' if claim.correct else ""
        return (
            f'<aside class="claim-card {verdict.slug}" id="claim-{claim.id}" data-claim="{claim.id}" '
            f'data-verdict="{escape(verdict.value)}" data-evidence="{escape(self.evidence)}" '
            f'aria-label="Claim {claim.id}: {escape(verdict.value)}" '
            'style="border-left: 4px solid currentColor; padding: 0.25em 1em; margin: 1em 0">'
            f'<p class="claim-head"><span class="claim-id">{claim.id}</span> '
            f'<span class="claim-verdict"><span aria-hidden="true">{verdict.mark}</span> {verdict.value}</span>'
            f"{source}</p>"
            f'<p class="claim-en">{typeset(claim.en)}</p>'
            f'<p class="claim-zh" lang="zh">{typeset(claim.zh)}</p>'
            f'<p class="claim-evidence"><b>Measured:</b> {typeset(self.evidence)}</p>{correct}</aside>'
        )


def typeset(text: str) -> str:
    """Text as HTML, with a single letter's index or exponent set as such: d_k, W^Q. Names such as d_model stay."""
    html = escape(text)
    html = re.sub(r"(?<![A-Za-z_])([A-Za-z])_([a-z])(?![a-z0-9_])", r"\1<sub>\2</sub>", html)
    return re.sub(r"(?<![A-Za-z_])([A-Za-z]{1,2})\^([A-Za-z])(?![A-Za-z0-9])", r"\1<sup>\2</sup>", html)


def load(path: Path | None = None) -> Ledger:
    """Reads the record, by default `book/claims.yml`, and checks it.

    Raises BookError for a missing file, an unknown verdict, chapter or document, a repeated id, or a claim that does
    not simply hold and has no `correct` statement.
    """
    path = path or CLAIMS_FILE
    try:
        record = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BookError(f"The record of claims is missing: {path}. It belongs to the repository.") from error
    except yaml.YAMLError as error:
        raise BookError(f"{path.name} is not valid YAML: {error}") from error
    chapters = {
        name: Chapter(name, entry["title"], entry["status"] == "written", entry.get("number", 0))
        for name, entry in record["chapters"].items()
    }
    claims: dict[str, Claim] = {}
    for row in record["claims"]:
        claim = _claim(row, path.name)
        if claim.id in claims:
            raise BookError(f"{path.name} has claim {claim.id} twice.")
        if claim.chapter not in chapters or claim.document not in record["documents"]:
            raise BookError(f"{path.name}, claim {claim.id}: its chapter or document is not among those listed.")
        claims[claim.id] = claim
    return Ledger(claims, chapters, record["documents"])


def _claim(row: Mapping[str, str], source: str) -> Claim:
    try:
        claim = Claim(**{**row, "verdict": Verdict(row["verdict"])})
    except (TypeError, KeyError, ValueError) as error:
        raise BookError(f"{source}, claim {row.get('id', '?')}: {error}.") from error
    if (claim.verdict is Verdict.HOLDS) == bool(claim.correct):
        raise BookError(
            f"{source}, claim {claim.id}: `correct` belongs to the claims that do not simply hold, and only to those."
        )
    return claim


@lru_cache(maxsize=1)
def _record() -> Ledger:
    return load()


def judge(ledger: Ledger, claim_id: str, *, holds: Any, always: Any = True, evidence: str) -> Decision:
    """What the measurement says about a claim, held against the verdict on record.

    `holds` is the outcome of the experiment under the claim's condition, `always` without it; both are truth values
    (Python's, numpy's or a one-element tensor). Raises BookError where the id is unknown, the evidence has no number,
    or the measured verdict is not the recorded one.
    """
    claim = ledger.claim(claim_id)
    if not any(character.isdigit() for character in evidence):
        raise BookError(f"The evidence for {claim_id} has no number in it: {evidence!r}. Say what was measured.")
    measured = Verdict.FAILS if not bool(holds) else Verdict.HOLDS if bool(always) else Verdict.CONDITION
    if measured is not claim.verdict:
        raise BookError(
            f"{claim_id} is recorded as “{claim.verdict.value}” but was measured as “{measured.value}” ({evidence}). "
            "Check the experiment first, then book/claims.yml."
        )
    document = ledger.documents[claim.document]
    return Decision(claim, measured, evidence, f"{document.get('en', document['title'])} ({claim.document})")


def decide(claim_id: str, *, holds: Any, always: Any = True, evidence: str) -> None:
    """Decides a claim in a chapter's executed cell and shows the card.

    >>> decide("C11", holds=torch.allclose(dot, cosine), evidence=f"dot product {dot:.2f}, cosine {cosine:.2f}")

    For a claim that holds with a condition, measure both sides of the condition:

    >>> decide("C22", holds=cheaper_when_short, always=cheaper_when_long, evidence=f"they cross at n = {n}")

    Arguments and errors as in `judge`.
    """
    from IPython.display import display

    display(judge(_record(), claim_id, holds=holds, always=always, evidence=evidence))
