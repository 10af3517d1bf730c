"""Byte-pair encoding in its plainest form, as the book's first chapter shows it (Sennrich et al. 2016, listing 1).

`Tokenizer` is what models use: it is fast, and holds bytes, special tokens and Chinese. Up to the first tie both find
the same merges; of pairs that are equally frequent, this one takes the pair that is met first.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

Pair = tuple[str, str]
Words = Mapping[str, int]  # each word, and how often it stands in the text
Merge = tuple[Pair, int]  # what is joined, and how often the two stood together


def join(pieces: Sequence[str], pair: Pair) -> list[str]:
    """The pieces, with every meeting of the two made one."""
    joined: list[str] = []
    for piece in pieces:
        if joined and (joined[-1], piece) == pair:
            joined[-1] += piece
        else:
            joined.append(piece)
    return joined


def neighbours(words: Words, spelt: Mapping[str, list[str]]) -> Counter[Pair]:
    """How often each two pieces stand together in the text."""
    counts: Counter[Pair] = Counter()
    for word, pieces in spelt.items():
        for pair in pairwise(pieces):
            counts[pair] += words[word]
    return counts


def learn_merges(words: Words, steps: int) -> list[Merge]:
    """The first merges; fewer than `steps` once every word is one piece."""
    spelt, merges = {word: list(word) for word in words}, []
    for _ in range(steps):
        counts = neighbours(words, spelt)
        if not counts:
            break
        best = max(counts, key=counts.get)
        merges.append((best, counts[best]))
        spelt = {word: join(pieces, best) for word, pieces in spelt.items()}
    return merges


def spell(word: str, merges: Sequence[Merge]) -> list[str]:
    """A word in pieces, also one never counted: the merges, in their order."""
    pieces = list(word)
    for pair, _ in merges:
        pieces = join(pieces, pair)
    return pieces
