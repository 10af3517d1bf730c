"""Question 8: the runs of a translation that count."""

from collections import Counter

import numpy as np
import torch

from classroom.questions.common.altered import altered
from classroom.questions.criteria import ShapeAndDtype, Values
from classroom.questions.guide import Guide, Section, WorkedExample
from classroom.questions.question import Attempt, Case, Misconception, Question
from classroom.student_code.student import Call

TRIES = 20_000


def clipped_counts(output, reference, k):
    """How many k-grams of the output count, and how many it has."""
    mine, theirs = Counter(grams(output, k)), Counter(grams(reference, k))
    return (mine & theirs).total(), mine.total()


def grams(ids, k):
    """Every run of k neighbours."""
    pieces = ids.tolist()
    return [tuple(pieces[start : start + k]) for start in range(len(pieces) - k + 1)]


def cases(rng: np.random.Generator) -> list[Case]:
    def sentences(c, r, k, size):
        """Two texts that share runs, on which the ways of counting below give different numbers."""
        for _ in range(TRIES):
            output, reference = rng.integers(1, size + 1, c), rng.integers(1, size + 1, r)
            numbers = [count(torch.from_numpy(output), torch.from_numpy(reference), k) for count in TOLD_APART]
            if len(set(numbers)) == len(numbers) and 0 < numbers[0][0] < numbers[0][1]:
                return output, reference
        raise AssertionError(f"no texts tell all ways of counting apart ({c}, {r}, {k}, {size})")

    def case(name, output, reference, k, tags=("values", "shape")):
        return Case(name, (Call((output, reference, k)),), frozenset(tags))

    a, b, c, d = (int(i) for i in rng.permutation(np.arange(1, 40))[:4])
    more = int(rng.choice([5, 7, 8]))
    return [
        case("single pieces", *sentences(11, 9, 1, 4), 1),
        case("runs of two", *sentences(13, 10, 2, 3), 2),
        case("runs of three, in a short output", *sentences(11, 16, 3, 2), 3),
        case("one piece again and again", np.array([a] * more), np.array([b, a, c, d, a, c]), 1),
        case("a reference that repeats itself", np.array([a, b, c, a]), np.array([a, b, a, b, a, b]), 2),
        case("the same pieces in another order", np.array([a, b, c, d]), np.array([d, c, b, a, d]), 2),
        case("an output of k pieces", np.array([a, b, c, d]), np.array([b, a, b, c, d]), 4),
        case("an output shorter than k", np.array([a, b]), np.array([a, b, c, d, a]), 4),
    ]


def counted(output, reference, k):
    return Counter(grams(output, k)), Counter(grams(reference, k))


def not_clipped(output, reference, k):
    mine, theirs = counted(output, reference, k)
    return sum(count for gram, count in mine.items() if gram in theirs), mine.total()


def distinct(output, reference, k):
    mine, theirs = counted(output, reference, k)
    return len(mine.keys() & theirs.keys()), len(mine)


def distinct_matches(output, reference, k):
    mine, theirs = counted(output, reference, k)
    return len(mine.keys() & theirs.keys()), mine.total()


def clipped_at_the_reference(output, reference, k):
    mine, theirs = counted(output, reference, k)
    return sum(theirs[gram] for gram in mine), mine.total()


def written_by_the_reference(output, reference, k):
    mine, theirs = counted(output, reference, k)
    return (mine & theirs).total(), theirs.total()


def in_the_same_place(output, reference, k):
    mine, theirs = grams(output, k), grams(reference, k)
    return sum(one == other for one, other in zip(mine, theirs, strict=False)), len(mine)


def order_ignored(output, reference, k):
    mine = Counter(tuple(sorted(gram)) for gram in grams(output, k))
    theirs = Counter(tuple(sorted(gram)) for gram in grams(reference, k))
    return (mine & theirs).total(), mine.total()


def at_each_occurrence(output, reference, k):
    """The smaller count, added once for each place and not once for each distinct run."""
    mine, theirs = grams(output, k), grams(reference, k)
    return sum(min(mine.count(gram), theirs.count(gram)) for gram in mine), len(mine)


def side_by_side(output, reference, k):
    """Runs cut one after the other, as if they could not overlap."""
    mine, theirs = (Counter(grams(ids, k)[::k]) for ids in (output, reference))
    return (mine & theirs).total(), mine.total()


def pieces_for_runs(output, reference, k):
    return clipped_counts(output, reference, k)[0], len(output)


def last_run_forgotten(output, reference, k):
    mine, theirs = Counter(grams(output, k)[:-1]), Counter(grams(reference, k)[:-1])
    return (mine & theirs).total(), mine.total()


def single_pieces(output, reference, k):
    return clipped_counts(output, reference, 1)


def up_to_k(output, reference, k):
    both = [clipped_counts(output, reference, j) for j in range(1, k + 1)]
    return sum(matched for matched, _ in both), sum(written for _, written in both)


def one_more(output, reference, k):
    return clipped_counts(output, reference, k + 1)


def written_once(output, reference, k):
    return clipped_counts(output, reference, k)[0], len(set(grams(output, k)))


def cut_off_at_the_end(output, reference, k):
    mine, theirs = (
        Counter(tuple(ids[start : start + k].tolist()) for start in range(len(ids))) for ids in (output, reference)
    )
    return (mine & theirs).total(), mine.total()


def those_that_do_not_count(output, reference, k):
    matched, written = clipped_counts(output, reference, k)
    return written - matched, written


def length_over_k(output, reference, k):
    return clipped_counts(output, reference, k)[0], len(output) // k


def the_longer_one(output, reference, k):
    matched, written = clipped_counts(output, reference, k)
    return matched, max(written, len(grams(reference, k)))


def the_shorter_one(output, reference, k):
    matched, written = clipped_counts(output, reference, k)
    return matched, min(written, len(grams(reference, k)))


def never_any(output, reference, k):
    return 0, len(grams(output, k))


def below_zero(output, reference, k):
    return clipped_counts(output, reference, k)[0], len(output) - k + 1


# What has to give another pair of numbers in the ordinary cases, wherever it can.
TOLD_APART = (
    clipped_counts,
    not_clipped,
    distinct,
    distinct_matches,
    clipped_at_the_reference,
    at_each_occurrence,
    in_the_same_place,
    last_run_forgotten,
    written_once,
    those_that_do_not_count,
)


def struck_off(output, reference, k):
    """Each run of the output takes one of the reference's away."""
    left, matched = grams(reference, k), 0
    for gram in grams(output, k):
        if gram in left:
            left.remove(gram)
            matched += 1
    return matched, len(grams(output, k))


def by_unfold(output, reference, k):
    """Windows of both, compared all with all; of each distinct one the smaller count."""
    if len(output) < k:
        return torch.tensor(0), torch.tensor(0)
    mine, theirs = output.unfold(0, k, 1), reference.unfold(0, k, 1)
    matched = 0
    for gram in torch.unique(mine, dim=0):
        matched += torch.minimum((mine == gram).all(-1).sum(), (theirs == gram).all(-1).sum())
    return torch.as_tensor(matched), torch.tensor(len(mine))


def by_dictionary(output, reference, k):
    def count(ids):
        counts = {}
        for start in range(max(0, len(ids) - k + 1)):
            key = " ".join(str(int(piece)) for piece in ids[start : start + k])
            counts[key] = counts.get(key, 0) + 1
        return counts

    mine, theirs = count(output), count(reference)
    return [sum(min(count, theirs.get(key, 0)) for key, count in mine.items()), sum(mine.values())]


CLIPPED_COUNTS = Question(
    id="clipped-counts",
    title="Runs that count",
    target="clipped_counts",
    points=2,
    reference=clipped_counts,
    cases=cases,
    criteria=(Values(weight=3), ShapeAndDtype(weight=1)),
    misconceptions=(
        Misconception(
            "not clipped",
            "A run counts as often as the output has it. It may count at most as often as the *reference* has it, or "
            "*the the the* is a good translation.",
            not_clipped,
        ),
        Misconception(
            "every run once",
            "You count distinct runs. A run that both have twice counts twice, and every run that was written is one "
            "of those written.",
            distinct,
        ),
        Misconception(
            "every match once",
            "Each run counts once here, also where both have it twice. It counts as often as both have it: the smaller "
            "of the two counts.",
            distinct_matches,
        ),
        Misconception(
            "the reference's count",
            "A run counts as often as the reference has it, even if the output has it less often. Take the smaller of "
            "the two counts.",
            clipped_at_the_reference,
        ),
        Misconception(
            "the smaller count at each place",
            "You add the smaller of the two counts at every place where a run stands. Add it once for each *distinct* "
            "run. (A `set` of tensors does not find equal ones: make tuples of numbers with `tolist()`.)",
            at_each_occurrence,
        ),
        Misconception(
            "written by the reference",
            "The second number is how many runs the *output* has; yours is the reference's. This would be recall. "
            "Perhaps the two have changed places: the output comes first.",
            written_by_the_reference,
        ),
        Misconception(
            "written ones counted once",
            "Your second number counts distinct runs. Every run that was written is one, also the second time.",
            written_once,
        ),
        Misconception(
            "runs cut off at the end",
            "You count what is left at the end, shorter than k, as a run. The last run begins at place c − k.",
            cut_off_at_the_end,
        ),
        Misconception(
            "those that do not count",
            "You count the runs that do *not* count.",
            those_that_do_not_count,
        ),
        Misconception(
            "length over k",
            "You divide the length by k. Runs overlap: c pieces have c − k + 1 runs of k.",
            length_over_k,
        ),
        Misconception(
            "the longer of the two",
            "Your second number is that of whichever text has more runs. It is always that of the output.",
            the_longer_one,
        ),
        Misconception(
            "the shorter of the two",
            "Your second number is that of whichever text has fewer runs. It is always that of the output.",
            the_shorter_one,
        ),
        Misconception(
            "in the same place",
            "A run counts for you only where it stands in the same place in both. It counts wherever it stands.",
            in_the_same_place,
        ),
        Misconception(
            "order ignored",
            "You ignore the order within a run. *a b* is not *b a*: the order is what longer runs are for.",
            order_ignored,
        ),
        Misconception(
            "runs side by side",
            "You cut the text into runs that do not overlap. A run begins at *every* place: four pieces have three "
            "runs of two.",
            side_by_side,
        ),
        Misconception(
            "pieces for runs",
            "The second number is how many *runs* were written. c pieces have c − k + 1 runs of k.",
            pieces_for_runs,
        ),
        Misconception(
            "the last run forgotten",
            "The last run is missing: c pieces have c − k + 1 runs, and `range` leaves its end out.",
            last_run_forgotten,
        ),
        Misconception(
            "single pieces",
            "You count single pieces whatever `k` is.",
            single_pieces,
        ),
        Misconception(
            "all runs up to k",
            "You add the runs of 1, 2, … up to k. Only runs of exactly k are asked for.",
            up_to_k,
        ),
        Misconception(
            "runs of k + 1",
            "Your runs have k + 1 pieces. A slice leaves its end out: `pieces[i : i + k]` has k.",
            one_more,
        ),
        Misconception(
            "nothing is ever found",
            "You find no run of the output in the reference. Tensors as keys of a dictionary are never the same key, "
            "even with the same numbers: make tuples of numbers (`tolist()`).",
            never_any,
        ),
        Misconception(
            "fewer than none",
            "For an output shorter than k your second number is not 0: there are no runs, and c − k + 1 is then "
            "below 1.",
            below_zero,
        ),
        Misconception(
            "the share",
            "You return the share. Both counts are asked for, `(matched, written)`: BLEU adds them up over all "
            "sentences before it divides.",
            altered(clipped_counts, after=lambda pair: pair[0] / max(1, pair[1])),
        ),
        Misconception(
            "written before matched",
            "The two numbers have changed places: first those that count, then those that were written.",
            altered(clipped_counts, after=lambda pair: pair[::-1]),
        ),
    ),
    alternatives={
        "struck off a list": struck_off,
        "windows by unfold": by_unfold,
        "a dictionary of texts": by_dictionary,
    },
    guide=Guide(
        difficulty=2,
        minutes=12,
        section=Section("sequences-to-sequences", "How good is a translation?"),
        hints=(
            "Write the runs of the example on paper, those of the output and those of the reference, and strike off.",
            "Count both: a `Counter` of tuples. What stands in both counts as often as the smaller of the two counts.",
            "`Counter` has an operator for the smaller counts, `&`, and `total()` adds them up.",
        ),
    ),
    example=WorkedExample(
        call="clipped_counts([3, 3, 3, 4], [3, 4, 5, 3], k=1)",
        arguments=(np.array([3, 3, 3, 4]), np.array([3, 4, 5, 3]), 1),
        expected=(3, 4),
    ),
    attempts=(
        Attempt(
            "def clipped_counts(o, r, k):\n    a = [tuple(o[i:i+k].tolist()) for i in range(len(o) - k + 1)]\n"
            "    b = [tuple(r[i:i+k].tolist()) for i in range(len(r) - k + 1)]\n"
            "    return sum(g in b for g in a), len(a)",
            named="not clipped",
        ),
        Attempt(
            "def clipped_counts(o, r, k):\n    a = [tuple(o[i:i+k]) for i in range(len(o) - k + 1)]\n"
            "    b = [tuple(r[i:i+k]) for i in range(len(r) - k + 1)]\n"
            "    return sum(min(a.count(g), b.count(g)) for g in set(a)), len(a)",
            named="the smaller count at each place",
        ),
        Attempt(
            "def clipped_counts(o, r, k):\n    o, r = (' '.join(map(str, x.tolist())).split() for x in (o, r))\n"
            "    g = lambda x: [' '.join(x[i:i + k]) for i in range(len(x) - k + 1)]\n    a, b = g(o), g(r)\n"
            "    return sum(min(a.count(x), b.count(x)) for x in dict.fromkeys(a)), torch.tensor(len(a))"
        ),
    ),
    promises={
        "two whole numbers": "shape and dtype",
        "how many runs of `k` pieces count": "single pieces; runs of two; runs of three, in a short output",
        "at most as often as `reference` has it": "one piece again and again; a reference that repeats itself; "
        "the same pieces in another order",
        "An output shorter than `k` has none": "an output shorter than k; an output of k pieces",
    },
)
