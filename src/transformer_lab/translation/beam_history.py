"""What a beam search looked at: for the picture of its tree, and to see why a sentence was lost.

history = BeamHistory()
beam_decode(model, source, bos_id, eos_id, beam=2, history=history)
history.steps[0]  # of the first source: a list of BeamStep
"""

from dataclasses import dataclass, field
from enum import Enum


class Fate(Enum):
    """What becomes of a candidate in its step."""

    KEPT = "kept"  # among the beam's open sentences: the next step extends it
    ENDED = "ended"  # it wrote <eos> within the beam's best: it competes for the translation
    CUT_OFF = "cut off"  # it is as long as it may be: it counts where none has ended
    DROPPED = "dropped"  # others were likelier, and the beam is full


@dataclass(frozen=True)
class Candidate:
    """A sentence of the step before, and one more token."""

    parent: int  # which of the sentences that the step before kept it extends, from 0; in the first step 0
    tokens: tuple[int, ...]  # without <bos>, with the new one, which may be <eos>
    log_probability: float  # of the new token after those before it
    total: float  # of all tokens
    score: float  # `total` / ((5 + length) / 6)^α, by which sentences that have ended compare
    fate: Fate


@dataclass(frozen=True)
class BeamStep:
    """The likeliest 2 × beam candidates of one step of one source, the likeliest first; no others can be kept."""

    candidates: list[Candidate]
    best: float  # the best score among all that have ended so far; −∞ where none has
    reach: float  # the best score that an open sentence could still have; −∞ where none is open
    stopped: bool  # the search is over: nothing is open, or nothing open can still win

    def having(self, fate: Fate) -> list[Candidate]:
        """Those with this fate. The kept ones stand in the order in which the next step's `parent` counts them."""
        return [candidate for candidate in self.candidates if candidate.fate is fate]


@dataclass
class BeamHistory:
    """Filled by `beam_decode`: the steps of each source of the batch, by its row."""

    steps: dict[int, list[BeamStep]] = field(default_factory=dict)

    def add(self, row: int, step: BeamStep) -> None:
        """One more step of one source."""
        self.steps.setdefault(row, []).append(step)
