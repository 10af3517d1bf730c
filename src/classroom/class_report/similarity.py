"""Submissions that are worth looking at together: much of what is unusual in one is in the other, too.

Units of code become shingles (every run of `LENGTH` tokens), as in document fingerprinting (Schleimer, Wilkerson,
Aiken: Winnowing, SIGMOD 2003; all shingles are kept here, the answers are short). A shingle that n_f of n students
wrote weighs log(n / n_f): what everyone writes weighs nothing, and neither does what the release, the solutions or the
known alternatives contain, because the question forces it.

A pair is reported when two things hold. Its *similarity*, the weight of the shared shingles over the weight of all
shingles of the lighter submission, is at least `SIMILAR`: so cells that were added to one change nothing. And its
*evidence*, summed over the units the largest weight that is shared there, is at least log(pairs) + log(1000): if a
student wrote each function independently of the others, one class in a thousand would show such a pair by chance.
Within a function nothing is independent, so each counts once. Short answers that everybody writes alike never reach it.

Candidates come from prefixes (Bayardo, Ma, Srikant: Scaling up all pairs similarity search, WWW 2007): the rarest
shingles, together 1 - `SIMILAR` of a submission's weight, must contain a shared one. So the time grows with the
number of pairs that have something rare in common, and not with all pairs.
"""

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from classroom.class_report.code_units import Unit

LENGTH = 8  # tokens of a shingle
SHORTEST = 5  # a unit of fewer tokens says nothing; one of fewer than LENGTH is one shingle
SIMILAR = 0.6
CHANCE = 0.001  # classes with such a pair by chance


@dataclass(frozen=True)
class Place:
    """Where a submission has a shingle."""

    unit: int
    first: int
    last: int


Shingles = Mapping[int, Place]


@dataclass(frozen=True)
class Shared:
    """A piece of code that two submissions share: a unit of each, and the lines that are alike."""

    one: Unit
    other: Unit
    lines_of_one: frozenset[int]
    lines_of_other: frozenset[int]
    evidence: float


@dataclass(frozen=True)
class Pair:
    """Two submissions to look at together. `shared` begins with what is least likely to be chance."""

    one: str
    other: str
    similarity: float
    evidence: float
    shared: tuple[Shared, ...]


@dataclass(frozen=True)
class Group:
    """Submissions that are connected by pairs."""

    students: tuple[str, ...]
    pairs: tuple[Pair, ...]  # the most similar first


def shingles(units: Sequence[Unit]) -> dict[int, Place]:
    """The fingerprints of some units, and where each stands first."""
    found: dict[int, Place] = {}
    for number, unit in enumerate(units):
        for start in range(max(1, len(unit.tokens) - LENGTH + 1)):
            run = unit.tokens[start : start + LENGTH]
            if len(run) >= SHORTEST:
                last = min(start + LENGTH, len(unit.lines)) - 1
                place = Place(number, min(unit.lines[start : last + 1]), max(unit.lines[start : last + 1]))
                found.setdefault(_fingerprint(run), place)
    return found


def look_alikes(submissions: Mapping[str, Sequence[Unit]], expected: Set[int] = frozenset()) -> list[Group]:
    """Groups of submissions that are alike beyond what the questions force, the most similar first.

    As they are, or without the statements that change nothing: shared ones are telling, and new ones hide a copy.
    """
    essential = {student: [unit.essential for unit in units] for student, units in submissions.items()}
    found: dict[tuple[str, str], Pair] = {}
    for compared in (submissions, essential):
        prints = {student: shingles(units) for student, units in compared.items()}
        for pair, weights in _pairs(prints, expected):
            key = (min(pair.one, pair.other), max(pair.one, pair.other))
            if key not in found:
                found[key] = _described(pair, compared, prints, weights)
        if not any(unit.idle for units in submissions.values() for unit in units):
            break
    return _grouped(list(found.values()))


def _pairs(prints: Mapping[str, Shingles], expected: Set[int]) -> list[tuple[Pair, Mapping[int, float]]]:
    students = sorted(student for student, found in prints.items() if found)
    count = Counter(shingle for student in students for shingle in prints[student])
    n = len(students)
    if n < 3:  # of two submissions nobody can say what is unusual
        return []
    weights = {s: math.log(n / c) for s, c in count.items() if c < n and s not in expected}
    own = {student: {s for s in prints[student] if s in weights} for student in students}
    total = {student: sum(weights[s] for s in own[student]) for student in students}
    holders = defaultdict(list)
    for student in students:
        for shingle in own[student]:
            if count[shingle] > 1:
                holders[shingle].append(student)
    enough = math.log(n * (n - 1) / 2) - math.log(CHANCE)
    found = []
    for one in students:
        if _evidence(prints[one], [s for s in own[one] if count[s] > 1], weights) < enough:
            continue
        order = (total[one], one)
        candidates = {
            other
            for shingle in _prefix(own[one], weights, (1 - SIMILAR) * total[one])
            for other in holders.get(shingle, ())
            if (total[other], other) > order
        }
        for other in sorted(candidates):
            common = own[one] & own[other]
            similarity = sum(weights[s] for s in common) / total[one]
            if similarity >= SIMILAR:
                evidence = min(_evidence(prints[one], common, weights), _evidence(prints[other], common, weights))
                if evidence >= enough:
                    found.append((Pair(one, other, min(similarity, 1.0), evidence, ()), weights))
    return found


def _prefix(own: Set[int], weights: Mapping[int, float], weight: float) -> list[int]:
    """The rarest shingles, until they weigh more than `weight`."""
    chosen, sum_ = [], 0.0
    for shingle in sorted(own, key=lambda s: (-weights[s], s)):
        chosen.append(shingle)
        sum_ += weights[shingle]
        if sum_ > weight * (1 + 1e-9):
            break
    return chosen


def _evidence(found: Shingles, common: Sequence[int] | Set[int], weights: Mapping[int, float]) -> float:
    best: dict[int, float] = {}
    for shingle in common:
        unit = found[shingle].unit
        best[unit] = max(best.get(unit, 0.0), weights[shingle])
    return math.fsum(best.values())


def _described(
    pair: Pair,
    submissions: Mapping[str, Sequence[Unit]],
    prints: Mapping[str, Shingles],
    weights: Mapping[int, float],
) -> Pair:
    """The pair with its shared units, side by side."""
    one, other = sorted((pair.one, pair.other))
    meetings: dict[tuple[int, int], list[int]] = defaultdict(list)
    for shingle in prints[one].keys() & prints[other].keys() & weights.keys():
        meetings[prints[one][shingle].unit, prints[other][shingle].unit].append(shingle)
    shared = [
        Shared(
            submissions[one][a],
            submissions[other][b],
            _lines(prints[one], met),
            _lines(prints[other], met),
            _evidence(prints[one], met, weights),
        )
        for (a, b), met in sorted(meetings.items())
    ]
    shared.sort(key=lambda s: -s.evidence)
    return Pair(one, other, pair.similarity, pair.evidence, tuple(shared))


def _lines(found: Shingles, met: Sequence[int]) -> frozenset[int]:
    return frozenset(line for s in met for line in range(found[s].first, found[s].last + 1))


def _grouped(pairs: Sequence[Pair]) -> list[Group]:
    leader: dict[str, str] = {}

    def find(student: str) -> str:
        while leader.setdefault(student, student) != student:
            leader[student] = leader[leader[student]]
            student = leader[student]
        return student

    for pair in pairs:
        leader[find(pair.one)] = find(pair.other)
    members, belonging = defaultdict(set), defaultdict(list)
    for pair in pairs:
        members[find(pair.one)] |= {pair.one, pair.other}
        belonging[find(pair.one)].append(pair)
    groups = [
        Group(tuple(sorted(members[key])), tuple(sorted(belonging[key], key=lambda p: (-p.similarity, p.one, p.other))))
        for key in members
    ]
    return sorted(groups, key=lambda g: (-g.pairs[0].similarity, g.students))


def _fingerprint(tokens: Sequence[str]) -> int:
    text = "\x1f".join(tokens).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")
