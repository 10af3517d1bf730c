"""The built-in Chinese–English corpus: everyday and technical phrases from a grammar of both languages at once.

Every rule writes the two sides together, each in its own order: time and place come before a Chinese verb and after
an English one, a Chinese relative clause before its noun and an English one after it, the whole before its part.
So a model has something to learn that a dictionary does not know. Each Chinese sentence has one translation.

Test and validation sentences hold a *combination* of two words (a verb with its object, an adjective with its
noun, …) that no training sentence holds, though each word alone is trained on: memory does not help.
"""

import random
import zlib
from collections.abc import Iterator
from functools import cache
from itertools import islice

from transformer_lab.data.corpus import Corpus, Pair
from transformer_lab.data.phrases import actions, descriptions
from transformer_lab.data.phrases.constituents import Phrase

RULES = actions.RULES | descriptions.RULES

HELD_OUT = 300  # pairs each to test and to validate on
TEST_SHARE = 12  # one combination in 12 is for testing, one more for validating


def phrase_corpus(pairs: int = 12_000, seed: int = 1) -> Corpus:
    """`pairs` training pairs by `seed`, and the same test and validation pairs for every seed and size."""
    validation, test = held_out()
    trained = (phrase for phrase in phrases(random.Random(f"train {seed}")) if split_of(phrase) == "train")
    train = [Pair(phrase.zh, phrase.en) for phrase in islice(trained, pairs)]
    return Corpus("phrases", "zh", "en", train, list(validation), list(test))


@cache
def held_out() -> tuple[tuple[Pair, ...], tuple[Pair, ...]]:
    """The validation and the test pairs, no pair twice."""
    # Dictionaries serve as sets that keep the order.
    chosen: dict[str | None, dict[Pair, None]] = {"validation": {}, "test": {}}
    for phrase in phrases(random.Random("held out")):
        split = split_of(phrase)
        if split in chosen and len(chosen[split]) < HELD_OUT:
            chosen[split][Pair(phrase.zh, phrase.en)] = None
        if all(len(pairs) == HELD_OUT for pairs in chosen.values()):
            break
    return tuple(chosen["validation"]), tuple(chosen["test"])


def phrases(generator: random.Random) -> Iterator[Phrase]:
    """Phrases without end, as the generator draws them, whatever split they belong to."""
    rules, weights = list(RULES), list(RULES.values())
    while True:
        yield generator.choices(rules, weights)[0](generator)


def split_of(phrase: Phrase) -> str | None:
    """`train`, `validation` or `test` by the combinations in it; None for one that holds both held-out kinds."""
    shares = {zlib.crc32("+".join(pair).encode()) % TEST_SHARE for pair in phrase.combinations}
    if 0 in shares:
        return None if 1 in shares else "test"
    return "validation" if 1 in shares else "train"
