"""Question 7: one step of byte-pair encoding."""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import torch

from classroom.questions.common.altered import altered
from classroom.questions.common.mistakes import axis_added
from classroom.questions.criteria import ShapeAndDtype, Values
from classroom.questions.guide import Guide, Section, WorkedExample
from classroom.questions.question import Attempt, Case, Misconception, Question
from classroom.student_code.student import Call

TRIES = 10_000


def merge_step(ids, new_id):
    """The sequence with its most frequent pair of neighbours joined, from left to right."""
    pieces = ids.tolist()
    return torch.tensor(joined(pieces, most_frequent(pieces), new_id))


def most_frequent(pieces):
    """The two neighbours that stand together most often."""
    counts = Counter(pairwise(pieces))
    return max(counts, key=counts.get)


def joined(pieces, pair, new_id):
    """Every meeting of the two made one, from left to right."""
    result, position = [], 0
    while position < len(pieces):
        together = tuple(pieces[position : position + 2]) == pair
        result.append(new_id if together else pieces[position])
        position += 2 if together else 1
    return result


def cases(rng: np.random.Generator) -> list[Case]:
    def shuffled(
        blocks: Sequence[Sequence[int]], accept: Callable[[list[int]], bool] = bool, ends: Sequence[int] = ()
    ) -> np.ndarray:
        """The blocks in a random order in which the first one's pair is ahead of all others; `ends` at both ends."""
        pair = tuple(blocks[0][:2])
        for _ in range(TRIES):
            pieces = [*ends, *(piece for place in rng.permutation(len(blocks)) for piece in blocks[place]), *ends]
            (first, most), (_, next_most) = Counter(pairwise(pieces)).most_common(2)
            if first == pair and most > next_most + 1 and (ends or tuple(pieces[:2]) != pair) and accept(pieces):
                return np.array(pieces, dtype=np.int64)
        raise AssertionError("no order of the blocks is accepted")

    def case(name, ids, new_id, tags=("values", "shape")):
        return Case(name, (Call((ids, new_id)),), frozenset(tags))

    a, b, c, d, e, f = (int(i) for i in rng.permutation(np.arange(1, 30))[:6])
    both = (a, b)
    # c and d are the most frequent pieces, and never the most frequent pair.
    sentence = shuffled([both] * 4 + [(c,)] * 6 + [(d,)] * 5 + [(e,), (f,)],
                        lambda p: (c, d) in pairwise(p) and p[-2:] != list(both))  # fmt: skip
    ends = shuffled([both] * 2 + [(c,), (d,), (e,), (f,), (d,)], ends=both)
    same = shuffled([(a, a, a), (a, a, a), (a, a), (b,), (c,), (d,), (b,), (e,)],
                    lambda p: p[-1] != a and (a, a, a, a) not in zip(p, p[1:], p[2:], p[3:], strict=False))  # fmt: skip
    reversed_too = shuffled([both] * 4 + [(b, a)] * 2 + [(c,), (d,), (c,), (e,)], lambda p: p.count(a) == 6)
    zero = shuffled([(0, b)] * 3 + [(c,), (d,), (0,), (b,), (e,)])
    return [
        case("a sentence", sentence, 30),
        case("the pair at both ends", ends, 31),
        case("a piece that stands beside itself", same, 40),
        case("the other order as well", reversed_too, 33),
        case("piece 0 in the pair", zero, 35),
        case("a new number below the others", sentence + 100, 99),
        case("two pieces", np.array([c, d]), 30),
    ]


def made(pieces):
    return torch.tensor(pieces, dtype=torch.int64)


def first_only(ids, new_id):
    pieces = ids.tolist()
    pair = most_frequent(pieces)
    place = list(pairwise(pieces)).index(pair)
    return made([*pieces[:place], new_id, *pieces[place + 2 :]])


def first_pair(ids, new_id):
    pieces = ids.tolist()
    return made(joined(pieces, tuple(pieces[:2]), new_id))


def last_pair(ids, new_id):
    pieces = ids.tolist()
    return made(joined(pieces, tuple(pieces[-2:]), new_id))


def rarest(ids, new_id):
    pieces = ids.tolist()
    counts = Counter(pairwise(pieces))
    return made(joined(pieces, min(counts, key=counts.get), new_id))


def frequent_pieces(ids, new_id):
    pieces = ids.tolist()
    return made(joined(pieces, tuple(piece for piece, _ in Counter(pieces).most_common(2)), new_id))


def any_order(ids, new_id):
    pieces = ids.tolist()
    counts = Counter(tuple(sorted(pair)) for pair in pairwise(pieces))
    low, high = max(counts, key=counts.get)
    result, position = [], 0
    while position < len(pieces):
        together = tuple(sorted(pieces[position : position + 2])) == (low, high)
        result.append(new_id if together else pieces[position])
        position += 2 if together else 1
    return made(result)


def every_start(ids, new_id):
    """Each place where the pair begins is replaced, and what is right of it dropped, also where they overlap."""
    pieces = ids.tolist()
    pair = most_frequent(pieces)
    starts = [together == pair for together in pairwise(pieces)] + [False]
    dropped = [False, *starts[:-1]]
    return made([new_id if s else p for p, s, gone in zip(pieces, starts, dropped, strict=True) if s or not gone])


def from_the_right(ids, new_id):
    pieces = ids.tolist()
    return made(joined(pieces[::-1], most_frequent(pieces)[::-1], new_id)[::-1])


def right_one_stays(ids, new_id):
    pieces = ids.tolist()
    pair = most_frequent(pieces)
    starts = [together == pair for together in pairwise(pieces)] + [False]
    return made([new_id if start else piece for piece, start in zip(pieces, starts, strict=True)])


def both_replaced(ids, new_id):
    pieces = ids.tolist()
    pair = most_frequent(pieces)
    result = list(pieces)
    for place, together in enumerate(pairwise(pieces)):
        if together == pair:
            result[place] = result[place + 1] = new_id
    return made(result)


def each_piece_replaced(ids, new_id):
    pair = most_frequent(ids.tolist())
    return made([new_id if piece in pair else piece for piece in ids.tolist()])


def pair_removed(ids, new_id):
    pieces = ids.tolist()
    return made([piece for piece in joined(pieces, most_frequent(pieces), None) if piece is not None])


def end_forgotten(ids, new_id):
    pieces = ids.tolist()
    pair, result, position = most_frequent(pieces), [], 0
    while position < len(pieces) - 1:
        together = tuple(pieces[position : position + 2]) == pair
        result.append(new_id if together else pieces[position])
        position += 2 if together else 1
    return made(result)


def last_piece_always(ids, new_id):
    """The loop ends one place early, and the last piece is added whether or not it is used up."""
    return torch.cat([end_forgotten(ids, new_id), ids[-1:]])


def runs_collapse(ids, new_id):
    """Every piece that is the right one of a pair is dropped, so that a whole run becomes one."""
    pieces = ids.tolist()
    pair = most_frequent(pieces)
    starts = [together == pair for together in pairwise(pieces)] + [False]
    dropped = [False, *starts[:-1]]
    return made([new_id if s else p for p, s, gone in zip(pieces, starts, dropped, strict=True) if not gone])


def two_by_two(ids, new_id):
    pieces = ids.tolist()
    counts = Counter(zip(pieces[::2], pieces[1::2], strict=False))
    return made(joined(pieces, max(counts, key=counts.get), new_id))


def with_a_gap(ids, new_id):
    pieces = ids.tolist()
    counts = Counter(zip(pieces, pieces[2:], strict=False)) or {tuple(pieces): 1}
    return made(joined(pieces, max(counts, key=counts.get), new_id))


def reversed_pair(ids, new_id):
    pieces = ids.tolist()
    return made(joined(pieces, most_frequent(pieces)[::-1], new_id))


def largest_numbers(ids, new_id):
    pieces = ids.tolist()
    return made(joined(pieces, max(Counter(pairwise(pieces))), new_id))


def only_the_pair(ids, new_id):
    return made(list(most_frequent(ids.tolist())))


def until_nothing_is_left(ids, new_id):
    pieces = joined(ids.tolist(), most_frequent(ids.tolist()), new_id)
    while len(pieces) > 1 and max(Counter(pairwise(pieces)).values()) > 1:
        new_id += 1
        pieces = joined(pieces, most_frequent(pieces), new_id)
    return made(pieces)


def with_unique(ids, new_id):
    """Counted by torch; a place counts as joined where the one before it is not."""
    pairs, counts = torch.unique(torch.stack([ids[:-1], ids[1:]], dim=-1), dim=0, return_counts=True)
    meets = (torch.stack([ids[:-1], ids[1:]], dim=-1) == pairs[counts.argmax()]).all(dim=-1).tolist()
    taken = [False] * len(ids)
    for place, together in enumerate(meets):
        taken[place] = together and not (place and taken[place - 1])
    result = ids.clone()
    result[torch.tensor(taken)] = new_id
    return result[torch.tensor([True, *(not t for t in taken[:-1])])]


def as_text(ids, new_id):
    """Pieces as signs of a string: `str.replace` joins from left to right as well."""
    text = "".join(chr(piece + 1000) for piece in ids.tolist())
    counts = {}
    for left, right in pairwise(text):
        counts[left + right] = counts.get(left + right, 0) + 1
    pair = sorted(counts, key=lambda two: counts[two])[-1]
    return torch.tensor([ord(sign) - 1000 for sign in text.replace(pair, chr(new_id + 1000))])


def as_in_the_chapter(ids, new_id):
    """Built up piece by piece, the last one looked back at."""
    counts = {}
    for pair in zip(ids[:-1].tolist(), ids[1:].tolist(), strict=True):
        counts[pair] = counts.get(pair, 0) + 1
    left, right = max(counts, key=lambda pair: counts[pair])
    result = []
    for piece in ids.tolist():
        if result and result[-1] == left and piece == right:
            result[-1] = new_id
        else:
            result.append(piece)
    return torch.tensor(result)


MERGING = Question(
    id="merge-step",
    title="One merge",
    target="merge_step",
    points=2,
    reference=merge_step,
    cases=cases,
    criteria=(Values(weight=3), ShapeAndDtype(weight=1)),
    misconceptions=(
        Misconception(
            "the first meeting only",
            "Only the first meeting of the pair is joined. It is joined wherever it stands.",
            first_only,
        ),
        Misconception(
            "the first pair",
            "You join the first two neighbours, however often they stand together. If you count tensors in a "
            "dictionary: two tensors with the same number are two keys, so everything is counted once. `.tolist()` "
            "gives numbers.",
            first_pair,
        ),
        Misconception(
            "the last pair",
            "You join the last two neighbours, however often they stand together. Count all, then take the most "
            "frequent.",
            last_pair,
        ),
        Misconception(
            "the rarest pair",
            "You join a pair that stands together least often. The most frequent one is asked for.",
            rarest,
        ),
        Misconception(
            "the most frequent pieces",
            "You join the two most frequent *pieces*. Count neighbours: how often the two stand together.",
            frequent_pieces,
        ),
        Misconception(
            "in any order",
            "You count a pair and its reverse as one. Order matters: *l e* is not *e l*.",
            any_order,
        ),
        Misconception(
            "a piece used twice",
            "Where meetings overlap you use one piece in two of them. In *a a a* the first two become one, and the "
            "third stays: go from left to right, and step over both after joining.",
            every_start,
        ),
        Misconception(
            "a run becomes one",
            "Where a piece stands beside itself, a whole run becomes one piece. Each merge takes two: *a a a* is *aa "
            "a*, and *a a a a* is *aa aa*.",
            runs_collapse,
        ),
        Misconception(
            "counted two by two",
            "You count the pieces two by two, so a pair that begins at an odd place is not seen. Every place begins "
            "a pair.",
            two_by_two,
        ),
        Misconception(
            "counted with a gap",
            "You count pieces that stand two places apart. Neighbours stand side by side.",
            with_a_gap,
        ),
        Misconception(
            "joined the other way round",
            "You count one order and join the other: the left piece of the pair comes first.",
            reversed_pair,
        ),
        Misconception(
            "the largest numbers",
            "You take the pair with the largest numbers. `max` over a dictionary compares its keys; the counts decide.",
            largest_numbers,
        ),
        Misconception(
            "the pair returned",
            "You return the pair. The whole sequence is asked for, with the pair joined.",
            only_the_pair,
        ),
        Misconception(
            "the last piece twice",
            "You add the last piece at the end also where it is part of a pair already.",
            last_piece_always,
        ),
        Misconception(
            "from right to left",
            "You join from right to left. Where meetings overlap the left one wins: *a a a* becomes *aa a*.",
            from_the_right,
        ),
        Misconception(
            "the right one stays",
            "You replace the left piece of the pair and keep the right one. Two pieces become *one*: the sequence gets "
            "shorter with each meeting.",
            right_one_stays,
        ),
        Misconception(
            "two new pieces for two old ones",
            "You write the new number in both places. Two pieces become *one*: the sequence gets shorter.",
            both_replaced,
        ),
        Misconception(
            "each of the two replaced",
            "You replace the two pieces wherever either stands, also alone. They are joined where they stand side by "
            "side.",
            each_piece_replaced,
        ),
        Misconception(
            "the pair removed",
            "The pair is gone, but nothing stands in its place: `new_id` is missing.",
            pair_removed,
        ),
        Misconception(
            "the last piece lost",
            "The last piece is lost when it is not part of a pair. Your loop ends one place too early.",
            end_forgotten,
        ),
        Misconception(
            "more than one merge",
            "You go on merging. One step is asked for: one pair, joined everywhere.",
            until_nothing_is_left,
        ),
        Misconception(
            "a list returned",
            "You return a Python list of numbers. A tensor is asked for: `torch.tensor(...)` makes one of a list.",
            altered(merge_step, after=lambda ids: ids.tolist()),
        ),
        axis_added(merge_step, "ids"),
    ),
    alternatives={
        "counted by torch.unique": with_unique,
        "as text": as_text,
        "piece by piece": as_in_the_chapter,
    },
    guide=Guide(
        difficulty=2,
        minutes=15,
        section=Section("sequences-to-sequences", "What is a piece?"),
        hints=(
            "Two steps: which pair, then join it. `ids.tolist()` gives ordinary numbers, which can be counted.",
            "The neighbours are `zip(pieces, pieces[1:])`; a `Counter` or a dictionary counts them.",
            "Build a new list from left to right. Where the last piece in it and the next one are the pair, the new "
            "number takes the place of both.",
        ),
    ),
    example=WorkedExample(
        call="merge_step([5, 7, 5, 7, 7, 2, 5, 7], new_id=9)",
        arguments=(np.array([5, 7, 5, 7, 7, 2, 5, 7]), 9),
        expected=([9, 9, 7, 2, 9],),
    ),
    attempts=(
        Attempt(
            "def merge_step(ids, new_id):\n    counts = {}\n    for p in zip(ids[:-1], ids[1:]):\n"
            "        counts[p] = counts.get(p, 0) + 1\n    l, r = max(counts, key=counts.get)\n    out, i = [], 0\n"
            "    while i < len(ids):\n        if i + 1 < len(ids) and ids[i] == l and ids[i + 1] == r:\n"
            "            out.append(new_id); i += 2\n        else:\n            out.append(int(ids[i])); i += 1\n"
            "    return torch.tensor(out)",
            named="the first pair",
        ),
        Attempt(
            "def merge_step(ids, new_id):\n    from collections import Counter\n    x = ids.tolist()\n"
            "    (l, r), _ = Counter(zip(x, x[1:])).most_common(1)[0]\n    i = 0\n    while i < len(x) - 1:\n"
            "        if x[i] == l and x[i + 1] == r:\n            x[i:i + 2] = [new_id]\n        i += 1\n"
            "    return torch.tensor(x)"
        ),
    ),
    promises={
        "the two neighbours that stand together most often": "a sentence; the other order as well; two pieces",
        "One pair is always ahead": "nothing to test",
        "A loop is fine": "nothing to test",
        "joined wherever they meet": "the pair at both ends; piece 0 in the pair; a new number below the others",
        "from left to right": "a piece that stands beside itself",
        "a tensor of whole numbers": "shape and dtype",
    },
)
